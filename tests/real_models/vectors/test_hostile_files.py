"""Misshapen and hostile vector files: one line that says what is wrong, never a traceback or a full memory."""

import io
import json
import struct
import zipfile

import ml_dtypes
import numpy as np
import pytest

from array_files import npy, npz
from fuzz.vectors import READERS, gguf_file, pt_file
from real_models import read_vectors


def one(**changes) -> bytes:
    return pt_file({"layer_idx": 1, "steering_vector": np.ones(3, np.float32)} | changes)


def hook(name="layers.3", **changes) -> bytes:
    return pt_file({name: {"action": "add", "steering_vector": np.ones(3, np.float32)} | changes})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (one(layer_idx="1"), "layer_idx is '1', expected the number of a block"),
        (one(layer_idx=-1), "layer_idx is -1, expected the number of a block"),
        (one(layer_idx=1.0), "layer_idx is 1.0, expected the number of a block"),
        (pt_file({"layer_idx": 1}), "expected a tensor under steering_vector, got a NoneType"),
        (one(steering_vector="v"), "expected a tensor under steering_vector, got a str"),
        (one(steering_vector=np.ones((2, 3), np.float32)), r"the vector has shape \(2, 3\)"),
        (one(hidden_size=9), r"hidden_size is 9, but the vector has shape \(3,\)"),
        (pt_file({}), "holds no vectors"),
        (pt_file({3: 1.0}), "3 is a float, expected a tensor"),
        (pt_file({3: np.ones(3), "layer.3": np.ones(3)}), "two of its entries are about one block"),
        (hook("layers.3.mlp"), "'layers.3.mlp' is no block's output"),
        (hook(head_index=2), "is no block's output"),
        (hook(action="clamp"), "has action 'clamp', expected to add"),
        (hook(steering_vector=1), "has action 'add', expected to add a steering_vector"),
        (hook(steering_coefficient="2"), "has the coefficient '2', expected a number"),
        (hook(steering_coefficient=1e300), "beyond float32's largest"),
        (hook(steering_coefficient=float("nan")), "NaN or infinite"),
    ],
)
def test_misshapen_torch_files(tmp_path, content, message):
    (tmp_path / "v.pt").write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        read_vectors(tmp_path / "v.pt")
    assert "\n" not in str(error.value)


GGUF = gguf_file({1: np.arange(1, 4, dtype=np.float32)})


def gguf_with(old: bytes, new: bytes) -> bytes:
    assert GGUF.count(old) == 1
    return GGUF.replace(old, new)


DECLARED = b"direction.1" + struct.pack("<IQIQ", 1, 3, 0, 0)


def declared(axes=1, width=3, kind=0, offset=0, name=b"direction.1") -> bytes:
    return gguf_with(DECLARED, name + struct.pack("<IQIQ", axes, width, kind, offset))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**60) + b"general.archit", f"within something of {2**60} bytes"),
        (b"", "not a readable GGUF control vector"),
        (b"GGUF", "ends at byte 4"),
        (b"GGML" + GGUF[4:], "does not begin with GGUF"),
        (b"GGUF" + struct.pack(">I", 3) + GGUF[8:], "is of version 50331648, expected 2 or 3"),
        (GGUF[:150], "ends at byte 150"),
        (GGUF[:-30], "ends at byte"),
        (
            gguf_with(b"\0controlvector\x18", b"\0controlvectox\x18"),
            "holds a 'controlvectox', expected a 'controlvector'",
        ),
        (gguf_with(struct.pack("<IIQ", 9, 4, 2), struct.pack("<IIQ", 9, 4, 2**61)), "within something of"),
        (gguf_with(struct.pack("<IIQ", 9, 4, 2), struct.pack("<IIQ", 9, 9, 2)), "there is not|ends at byte"),
        (
            gguf_with(struct.pack("<IIQ", 9, 4, 2), struct.pack("<IIQ", 13, 4, 2)),
            "field of type 13, which there is not",
        ),
        (declared(axes=2), "ends at byte|expected vectors direction.1"),
        (declared(axes=2**31), "has a tensor of 2147483648 axes"),
        (declared(width=2**62), "more numbers than it has bytes"),
        (declared(width=2**5), "ends at byte"),
        (declared(width=0), r"layer 1 has shape \(0,\)"),
        (declared(kind=2), "type 2, expected vectors direction.1"),
        (declared(offset=2**63), "ends at byte"),
        (declared(name=b"direction.x"), "'direction.x' of shape"),
        (GGUF[:8] + struct.pack("<Q", 0) + GGUF[16:], "holds no vectors"),
        (GGUF[:8] + struct.pack("<Q", 2**64 - 1) + GGUF[16:], "has a tensor ''|ends at byte"),
        (
            b"GGUF"
            + struct.pack("<IQQ", 3, 0, 1)
            + struct.pack("<Q", 1)
            + b"a"
            + struct.pack("<I", 9)
            + struct.pack("<IQ", 9, 1) * 30,
            "lists in",
        ),
    ],
)
def test_hostile_gguf(tmp_path, content, message):
    (tmp_path / "v.gguf").write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        read_vectors(tmp_path / "v.gguf")
    assert str(tmp_path / "v.gguf") in str(error.value)


@pytest.mark.parametrize(("kind", "dtype"), [(1, np.float16), (28, np.float64), (30, ml_dtypes.bfloat16)])
def test_gguf_of_other_floats(tmp_path, kind, dtype):
    numbers = np.array([1.5, -2.0, 0.25])
    head = declared(kind=kind)[: GGUF.index(np.float32(1).tobytes() + np.float32(2).tobytes())]
    (tmp_path / "v.gguf").write_bytes(head + numbers.astype(dtype).tobytes())
    np.testing.assert_array_equal(read_vectors(tmp_path / "v.gguf").vectors[1], numbers)


NPY = npy(np.arange(1, 7, dtype=np.float32))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a NumPy array file"),
        (NPY[:11], "a header of .* bytes, expected one that the file holds"),
        (NPY[:-4], r"holds 20 bytes of numbers, but <f4 of shape \(6,\) takes 24"),
        (NPY.replace(b"(6,)", b"(999999999999,)"), r"takes 3999999999996"),
        (NPY.replace(b"(6,)", b"(-6,)"), "does not give shape"),
        (NPY.replace(b"<f4", b"|O8"), "expected numbers|no array of numbers"),
        (NPY.replace(b"<f4", b"<i4"), "int32, expected floating-point numbers"),
        (NPY.replace(b"'<f4'", b"[('a','<f4')]"), "does not give descr"),
        (NPY.replace(b"<f4", b"<f3"), "no array of numbers"),
        (npy(np.array([{}], object)), "does not give descr|expected numbers|no array of numbers"),
        (b"\x93NUMPY\2\0" + struct.pack("<I", 2**32 - 1) + b"{" * 99, "header of 4294967295 bytes"),
        (b"\x93NUMPY\1\0" + struct.pack("<H", 9000) + b"(" * 9000, "does not give descr"),
        (npz({"v": np.ones(3)}), "not a NumPy array file"),
    ],
)
def test_hostile_npy(tmp_path, content, message):
    (tmp_path / "v.npy").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_vectors(tmp_path / "v.npy", layer=1)


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a readable archive"),
        (archive(readme__txt=b"x"), "holds 'readme.txt', expected NumPy arrays"),
        (archive(layer_1__npy=b"x"), "layer_1: not a NumPy array file"),
        (archive(layer_1__npy=bytes(2**28)), "claim to be 268435456 bytes, more than the file can hold"),
        (archive(W_dec__npy=NPY.replace(b"(6,)", b"(9,9)")), r"shape \(9, 9\) takes 324"),
        (archive(), "holds no vectors"),
        (npz({"layer_1": np.array([{}], object)}), "layer_1: "),
    ],
)
def test_hostile_npz(tmp_path, content, message):
    (tmp_path / "v.npz").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_vectors(tmp_path / "v.npz", layer=1, row=0)


def test_hostile_safetensors(tmp_path):
    header = json.dumps({"layer.1": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
    eight = json.dumps({"layer.1": {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}}).encode()
    for content in (b"", struct.pack("<Q", 2**62), struct.pack("<Q", len(header)) + header + b"abcd", b"\0" * 8):
        (tmp_path / "v.safetensors").write_bytes(content)
        with pytest.raises(ValueError, match="is not a readable safetensors file"):
            read_vectors(tmp_path / "v.safetensors")
    (tmp_path / "v.safetensors").write_bytes(struct.pack("<Q", len(eight)) + eight + b"abcd")
    with pytest.raises(ValueError, match="safetensors"):
        read_vectors(tmp_path / "v.safetensors")


@pytest.mark.parametrize("name", READERS)
def test_valid_samples_are_read(tmp_path, name):
    """What is damaged to try the readers is good before."""
    import random

    READERS[name].read(READERS[name].make(tmp_path, random.Random(0)))
