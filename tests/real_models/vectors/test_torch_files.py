""".pt files without torch: the same numbers as torch's own reader gives, in both layouts; and nothing is ever run."""

import io
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.vectors import old_pt_file, pt_file
from real_models import read_vectors
from real_models.vectors.pickles import OPERATIONS, read_pickle
from real_models.vectors.torch_files import read_torch

DTYPES = ["float16", "bfloat16", "float32", "float64", "bool", "uint8", "int8", "int16", "int32", "int64"]


def described(draw):
    """How a tensor is made: dtype, shape, and a few views of it."""
    shape = draw(st.lists(st.integers(0, 4), max_size=3))
    views = st.sampled_from(["transpose", "slice", "step", "narrow", "parameter", "clone"])
    return draw(st.sampled_from(DTYPES)), shape, draw(st.lists(views, max_size=3)), draw(st.integers(0, 99))


@st.composite
def contents(draw):
    tensor = st.composite(described)()
    keys = st.one_of(st.integers(-3, 10**12), st.text(max_size=5), st.floats(allow_nan=False), st.booleans())
    scalars = st.one_of(st.none(), st.booleans(), st.integers(-(2**80), 2**80), st.floats(allow_nan=False), st.text())
    return draw(st.one_of(tensor, st.dictionaries(keys, st.one_of(tensor, scalars, st.lists(scalars)), max_size=4)))


def built(torch, content):
    """The tensors that a description asks for, in the same containers."""
    if isinstance(content, dict):
        return {key: built(torch, part) for key, part in content.items()}
    if not isinstance(content, tuple):
        return content
    name, shape, views, seed = content
    tensor = torch.tensor(np.random.default_rng(seed).normal(0, 9, shape)).to(getattr(torch, name))
    for view in views:
        if view == "parameter" and tensor.is_floating_point():
            tensor = torch.nn.Parameter(tensor.detach())
        elif view == "transpose":
            tensor = tensor.mT if tensor.ndim > 1 else tensor
        elif view == "clone":
            tensor = tensor.detach().clone()
        elif tensor.ndim and view != "parameter":
            tensor = {"slice": tensor[1:], "step": tensor[::2], "narrow": tensor[..., :2]}[view]
    return tensor


def same(ours, expected) -> None:
    if isinstance(expected, dict):
        assert list(ours) == list(expected)
        for key, value in expected.items():
            same(ours[key], value)
    elif hasattr(expected, "detach"):
        numbers = expected.detach()
        array = (numbers.float() if numbers.dtype.itemsize == 2 and numbers.is_floating_point() else numbers).numpy()
        assert isinstance(ours, np.ndarray)
        assert ours.shape == array.shape
        np.testing.assert_array_equal(ours, array)
    else:
        assert ours == expected
        assert type(ours) is type(expected)


@pytest.mark.parametrize("zipped", [True, False])
@settings(max_examples=40)
@given(content=contents(), protocol=st.sampled_from([2, 4]))
def test_the_same_as_torch_reads(tmp_path_factory, zipped, content, protocol):
    torch = pytest.importorskip("torch")
    path = tmp_path_factory.mktemp("pt") / "v.pt"
    saved = built(torch, content)
    torch.save(saved, path, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    same(read_torch(path), saved)


def test_rows_of_one_tensor_share_its_storage(tmp_path):
    """Saved as views, which is how a dictionary of a matrix's rows is saved, and as plain bytes."""
    torch = pytest.importorskip("torch")
    for dtype in (torch.bfloat16, torch.float32):
        rows = torch.randn(5, 4, dtype=dtype)
        torch.save({layer: rows[layer] for layer in range(5)}, tmp_path / "v.pt")
        same(read_torch(tmp_path / "v.pt"), dict(enumerate(rows)))
    held = np.arange(6, dtype=np.float32)
    for write in (pt_file, old_pt_file):
        (tmp_path / "v.pt").write_bytes(write({3: held}))
        np.testing.assert_array_equal(read_torch(tmp_path / "v.pt")[3], held)
        same({3: held.copy()}, torch.load(tmp_path / "v.pt", weights_only=True))


class Bomb:
    """Unpickling it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def zipped(pickled: bytes, **members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"data.pkl": pickled, **members}.items():
            member = zipfile.ZipInfo(f"archive/{name.replace('__', '/')}")  # dated 1980: the same bytes at any time
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def tensor_pickle(*, count=6, offset=b"K\0", shape=b"K\6\x85", strides=b"K\1\x85", kind=b"Float") -> bytes:
    """One tensor, with what it says about itself."""
    stored = b"(X\7\0\0\0storagectorch\n" + kind + b"Storage\nX\1\0\0\0aX\3\0\0\0cpu"
    stored += b"J" + struct.pack("<i", count) + b"tQ"
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + stored + offset + shape + strides + b"\x89}tR."


SIX = np.arange(1, 7, dtype=np.float32).tobytes()


def test_the_pickle_by_hand_is_a_good_one(tmp_path):
    (tmp_path / "v.pt").write_bytes(zipped(tensor_pickle(), data__a=SIX))
    np.testing.assert_array_equal(read_torch(tmp_path / "v.pt"), np.arange(1, 7))
    assert list(read_vectors(tmp_path / "v.pt", layer=4).vectors) == [4]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no whole pickle: it does not stop|pickle exhausted"),
        (pickle.dumps(Bomb("executed")), "would call"),
        (zipped(pickle.dumps(Bomb("executed"))), r"would call _?io\.open"),
        (zipped(pickle.dumps({"layer_idx": 1, "steering_vector": Bomb("executed")})), r"would call _?io\.open"),
        (pickle.dumps({3: [1.0]}), "holds a plain pickle, expected what torch.save writes"),
        (zipped(b"\x80\x02cposix\nsystem\nX\2\0\0\0ls\x85R."), r"would call posix\.system"),
        (zipped(b"\x80\x02cbuiltins\neval\n)\x81."), "would do NEWOBJ, which no tensor needs"),
        (zipped(b"\x80\x02(X\2\0\0\0lsios\nsystem\n."), "would do INST"),
        (zipped(b"\x80\x02cposix\nsystem\n}b."), r"would set attributes of posix\.system"),
        (zipped(tensor_pickle(shape=b"K\6K\6\x86", strides=b"K\0K\1\x86"), data__a=SIX), "expanded"),
        (zipped(tensor_pickle(shape=b"K\3K\3\x86", strides=b"K\1K\1\x86"), data__a=SIX), "expanded"),
        (zipped(tensor_pickle(shape=b"K\7\x85"), data__a=SIX), "shape .7,. in 6 numbers"),
        (zipped(tensor_pickle(offset=b"K\1"), data__a=SIX), "shape .6,. in 6 numbers"),
        (zipped(tensor_pickle(offset=b"J\xff\xff\xff\xff"), data__a=SIX), "no whole numbers that can be"),
        (zipped(tensor_pickle(strides=b"J\xff\xff\xff\xff\x85"), data__a=SIX), "no whole numbers that can be"),
        (zipped(tensor_pickle(strides=b")"), data__a=SIX), "more axes than strides"),
        (zipped(tensor_pickle(shape=b"(" + b"K\1" * 9 + b"t"), data__a=SIX), "that can be"),
        (zipped(tensor_pickle(count=2**31 - 1), data__a=SIX), "24 bytes of a storage of 2147483647 numbers"),
        (zipped(tensor_pickle(kind=b"Complex"), data__a=SIX), "numbers of the kind torch.ComplexStorage"),
        (zipped(tensor_pickle()), "lacks the storage 'a'"),
        (zipped(tensor_pickle(), data__a=SIX, byteorder=b"big"), "big-endian"),
        (zipped(tensor_pickle(), data__a=bytes(2**27)), "claim to be 134217"),
        (zipped(b"\x80\x02" + b"]" * 10 + b"a" * 20 + b"."), "empty stack"),
        (zipped(b"\x80\x02N."[:-1]), "pickle exhausted|does not stop"),
        (zipped(b"\x80\x02}]K\1s."), "has a list as a key"),
        (zipped(b"\x80\x02\x8e" + struct.pack("<Q", 2**60) + b"."), "expected .* bytes"),
        (zipped(b"\x80\x02r" + struct.pack("<I", 2**32 - 1) + b"N."), "empty stack"),
        (zipped(b"\x80\x02" + b"N0" * OPERATIONS + b"N."), "takes more than 500000 operations"),
        (zipped(b"\x80\x02X\1\0\0\0a."), "expected a tensor or a dictionary of tensors, got a str"),
    ],
)
def test_hostile_files(tmp_path, monkeypatch, content, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v.pt").write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        read_vectors(tmp_path / "v.pt", layer=1)
    assert "\n" not in str(error.value)
    assert str(tmp_path / "v.pt") in str(error.value)
    assert os.listdir(tmp_path) == ["v.pt"]


def test_deep_and_circular_values_are_harmless():
    depth = 200_000
    nested = b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b"."
    assert type(read_pickle(io.BytesIO(nested))) is list
    circle = read_pickle(io.BytesIO(b"\x80\x02]q\0h\0a."))
    assert circle[0] is circle
