"""Vectors as people keep them: any name, shape, dtype and container; trees of files; and hostile ones."""

import io
import json
import struct
import zipfile
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from fuzz.vectors import READERS, gguf_file, pt_file
from real_models import convert_vectors, read_vectors
from real_models.vectors.entries import block_of

WIDTH = 5
NAMES = [
    "layer.{}",
    "layer_{}",
    "layer{}",
    "{}",
    "layers.{}",
    "model.layers.{}",
    "transformer.h.{}",
    "h.{}",
    "blocks.{}.hook_resid_post",
    "direction.{}",
    "joy/layer_{}",
]
STRANGERS = [
    "v",
    "steering_vector",
    "layer",
    "layers.3.mlp",
    "layer.x",
    "layer.-1",
    "model.embed",
    "3a",
    "blocks.0.hook_resid_pre",
]


def npz(tensors: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **tensors)  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


CONTAINERS = {".safetensors": save, ".npz": npz, ".pt": pt_file}
DTYPES = {".safetensors": [np.float32, np.float16, np.float64, ml_dtypes.bfloat16]}
SHAPES = [(WIDTH,), (1, WIDTH), (1, 1, WIDTH), (WIDTH, 1)]


@given(data=st.data(), suffix=st.sampled_from(sorted(CONTAINERS)), name=st.sampled_from(NAMES))
def test_tensors_named_by_layer(tmp_path_factory, data, suffix, name):
    """Any of the usual names, dtypes and shapes, in any container; and one of them by --layer."""
    blocks = data.draw(st.lists(st.integers(0, 400), min_size=1, max_size=4, unique=True))
    shape = data.draw(st.sampled_from(SHAPES))
    dtype = data.draw(st.sampled_from(DTYPES.get(suffix, [np.float32, np.float16, np.float64])))
    vectors = {block: np.random.default_rng(block).normal(size=WIDTH).astype(dtype) for block in blocks}
    path = tmp_path_factory.mktemp("named") / f"v{suffix}"
    path.write_bytes(CONTAINERS[suffix]({name.format(block): v.reshape(shape) for block, v in vectors.items()}))
    found = read_vectors(path)
    assert list(found.vectors) == sorted(blocks)
    for block, vector in vectors.items():
        np.testing.assert_array_equal(found.vectors[block], vector.astype(np.float32))
        assert found.vectors[block].dtype == np.float32
        assert found.entries[block] == name.format(block)
        assert list(read_vectors(path, layer=block).vectors) == [block]
    with pytest.raises(ValueError, match=r"holds layers .*, not 999; choose one"):
        read_vectors(path, layer=999)


@pytest.mark.parametrize("suffix", CONTAINERS)
@pytest.mark.parametrize("name", STRANGERS)
def test_one_tensor_of_another_name(tmp_path, suffix, name):
    assert block_of(name) is None
    vector = np.arange(1, WIDTH + 1, dtype=np.float32)
    path = tmp_path / f"v{suffix}"
    path.write_bytes(CONTAINERS[suffix]({name: vector[None]}))
    with pytest.raises(ValueError, match=r"does not say which layer its vectors belong to: give the layer \(--layer\)"):
        read_vectors(path)
    found = read_vectors(path, layer=7)
    np.testing.assert_array_equal(found.vectors[7], vector)
    assert found.entries == {7: name}
    path.write_bytes(CONTAINERS[suffix]({name: vector, "another": vector}))
    with pytest.raises(ValueError, match="expected one tensor, or names that tell their block"):
        read_vectors(path, layer=7)


def test_the_input_of_a_block_is_the_output_of_the_one_before():
    assert [block_of(f"blocks.{n}.hook_resid_{end}") for n, end in ((8, "post"), (8, "pre"), (1, "pre"))] == [8, 7, 0]
    assert block_of(3) == 3
    assert block_of(-1) is block_of("9" * 5000) is block_of("٣") is None
    assert block_of(True) is None


ARRAYS = {
    ".npy": lambda array: _npy(array),
    ".pt": pt_file,
    ".safetensors": lambda array: save({"vectors": array}),
    ".npz": lambda array: npz({"vectors": array}),
}


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("suffix", ARRAYS)
def test_plain_arrays(tmp_path, suffix, order):
    """A vector is of the layer that is given, rows are of their layers, and a row asked for is of the layer given."""
    rows = np.asarray(np.random.default_rng(0).normal(size=(4, WIDTH)), np.float64, order=order)
    path = tmp_path / f"v{suffix}"
    write = ARRAYS[suffix]
    if order == "F" and suffix in (".safetensors",):
        rows = np.ascontiguousarray(rows)
    path.write_bytes(write(rows[2].copy()))
    assert list(read_vectors(path, layer=6).vectors) == [6]
    with pytest.raises(ValueError, match=r"give the layer \(--layer\)"):
        read_vectors(path)
    for shape in (rows.shape, (4, 1, WIDTH)):
        path.write_bytes(write(rows.reshape(shape, order="A") if order == "C" else rows))
        found = read_vectors(path)
        np.testing.assert_array_equal(np.stack(list(found.vectors.values())), rows.astype(np.float32))
        assert list(found.vectors) == [0, 1, 2, 3]
        assert found.entries[3].endswith(", row 3")
        np.testing.assert_array_equal(read_vectors(path, layer=3).vectors[3], rows[3].astype(np.float32))
        np.testing.assert_array_equal(read_vectors(path, layer=9, row=1).vectors[9], rows[1].astype(np.float32))
        refused: tuple[tuple[dict[str, Any], str], ...] = (
            ({"layer": 4}, r"holds layers \[0, 1, 2, 3\], not 4"),
            ({"row": 1}, "give the layer"),
            ({"layer": 1, "row": 4}, "row is 4, expected a vector, or one of its rows"),
        )
        for asked, message in refused:
            with pytest.raises(ValueError, match=message):
                read_vectors(path, **asked)
    rows[1] = 0
    path.write_bytes(write(rows))
    found = read_vectors(path)
    assert list(found.vectors) == [0, 2, 3]
    assert "left out, being zero: 1 rows, the first of them 1" in found.notes[0]
    for cube in (np.ones((2, 3, WIDTH)), np.ones((0, WIDTH)), np.zeros((3, WIDTH)), np.ones((2, 0))):
        path.write_bytes(write(cube))
        with pytest.raises(ValueError, match=r"expected a vector or a row for each layer|holds no vectors"):
            read_vectors(path)


def test_a_list_of_tensors_and_what_people_say_beside_a_vector(tmp_path):
    torch = pytest.importorskip("torch")
    v = torch.arange(1.0, 6)
    torch.save([v, 2 * v], tmp_path / "v.pt")
    assert list(read_vectors(tmp_path / "v.pt").vectors) == [0, 1]
    torch.save({"vector": v, "note": "joy", "coefficient": 2.0}, tmp_path / "v.pt")
    assert list(read_vectors(tmp_path / "v.pt", layer=5).vectors) == [5]
    torch.save(
        {"layer_idx": 4, "steering_vector": v, "concept": "joy", "hidden_size": 5, "seed": [1]}, tmp_path / "v.pt"
    )
    found = read_vectors(tmp_path / "v.pt")
    assert (list(found.vectors), found.metadata) == ([4], {"concept": "joy"})
    entry = {"steering_vector": v[None], "steering_coefficient": 2.0, "action": "add", "bias": None}
    torch.save({"model.layers.3": entry, "transformer.h.11": entry}, tmp_path / "steer.pt")
    found = read_vectors(tmp_path / "steer.pt")
    assert found.entries == {3: "model.layers.3 times 2", 11: "transformer.h.11 times 2"}
    np.testing.assert_array_equal(found.vectors[11], 2 * v.numpy())


def test_persona_rows_are_hidden_states(tmp_path):
    """Of a model of 3 blocks: the embedding, two blocks, and the third after the final norm."""
    rows = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    (tmp_path / "evil_prompt_avg_diff.pt").write_bytes(pt_file(rows))
    found = read_vectors(tmp_path / "evil_prompt_avg_diff.pt")
    np.testing.assert_array_equal(np.stack(list(found.vectors.values())), rows[1:3])
    assert found.entries == {0: "the tensor, row 1", 1: "the tensor, row 2"}
    assert "rows 0 (the embedding) and 3 (after the final norm) are no block outputs" in found.notes[0]


def test_tables_of_features(tmp_path):
    """The row must be asked for, and the layer given where nothing beside the table says it."""
    rows = np.random.default_rng(1).normal(size=(4, WIDTH)).astype(np.float32)
    (tmp_path / "params.npz").write_bytes(npz({"W_dec": rows, "W_enc": rows.T, "threshold": np.zeros(4)}))
    (tmp_path / "LsReFT_weight.pt").write_bytes(pt_file(rows))
    (tmp_path / "sae_weights.safetensors").write_bytes(save({"W_dec": rows, "b_dec": rows[0]}))
    for name in ("params.npz", "LsReFT_weight.pt", "sae_weights.safetensors", ""):
        found = read_vectors(tmp_path / name, layer=20, row=3)
        np.testing.assert_array_equal(found.vectors[20], rows[3])
        assert found.metadata["row"] == "3"
        refused: tuple[tuple[dict[str, Any], str], ...] = (
            ({"row": 1}, "does not say which layer its vectors belong to"),
            ({"layer": 1}, r"shape \(4, 5\) and row is None, expected one of its rows: take it with"),
            ({"layer": 1, "row": 4}, r"shape \(4, 5\) and row is 4, expected a vector, or one of its rows"),
        )
        for asked, message in refused:
            with pytest.raises(ValueError, match=message):
                read_vectors(tmp_path / name, **asked)


@pytest.mark.parametrize(
    ("config", "block"),
    [
        ({"hook_name": "blocks.8.hook_resid_post"}, 8),
        ({"hook_name": "blocks.8.hook_resid_pre"}, 7),
        ({"metadata": {"hook_name": "blocks.3.hook_resid_post"}}, 3),
        ({"hook_name": "blocks.8.hook_mlp_out"}, None),
        ({"hook_name": 8}, None),
        ([], None),
        (3, None),
    ],
)
def test_a_sparse_autoencoder_says_its_hook(tmp_path, config, block):
    rows = np.eye(WIDTH, dtype=np.float32)
    (tmp_path / "sae_weights.safetensors").write_bytes(save({"W_dec": rows}))
    (tmp_path / "cfg.json").write_text(json.dumps(config))
    if block is None:
        with pytest.raises(ValueError, match="does not say which layer"):
            read_vectors(tmp_path, row=2)
    else:
        np.testing.assert_array_equal(read_vectors(tmp_path, row=2).vectors[block], rows[2])


def reference_tree(folder, blocks, name="layer_{}.pt", say=True):
    folder.mkdir(parents=True)
    for block in blocks:
        vector = np.full(WIDTH, 1.0 + block, np.float32)
        content = {"layer_idx": block, "hidden_size": WIDTH, "steering_vector": vector, "concept": folder.name}
        (folder / name.format(block)).write_bytes(pt_file(content if say else vector))


@pytest.mark.parametrize("say", [True, False])
def test_trees_of_files_by_layer(tmp_path, say):
    """One folder is read as a file would be; several are named, and converted each to a file of its own."""
    reference_tree(tmp_path / "gpt2" / "joy", [0, 2, 10], say=say)
    for directory in (tmp_path / "gpt2" / "joy", tmp_path):
        found = read_vectors(directory)
        assert {block: vector[0] for block, vector in found.vectors.items()} == {0: 1.0, 2: 3.0, 10: 11.0}
        assert found.entries[10].startswith("layer_10.pt, ")
        assert list(read_vectors(directory, layer=2).vectors) == [2]
    reference_tree(tmp_path / "gpt2.5" / "evil", [1], say=say)
    with pytest.raises(ValueError, match=r"several concepts' vectors, 'gpt2/joy', 'gpt2.5/evil': give one of them"):
        read_vectors(tmp_path)
    with pytest.raises(ValueError, match="name a directory, not a file"):
        convert_vectors(tmp_path, tmp_path / "all.safetensors")
    done = convert_vectors(tmp_path, tmp_path / "out")
    assert [one.target for one in done] == [
        tmp_path / "out" / f"{name}.safetensors" for name in ("gpt2/joy", "gpt2.5/evil")
    ]
    assert list(read_vectors(done[0].target).vectors) == [0, 2, 10]
    assert list(done[1].entries) == [1]


def test_trees_that_contradict_themselves(tmp_path):
    reference_tree(tmp_path / "joy", [1])
    (tmp_path / "joy" / "layer_7.pt").write_bytes((tmp_path / "joy" / "layer_1.pt").read_bytes())
    with pytest.raises(ValueError, match=r"layer 1 is in another file of .* as well"):
        read_vectors(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"holds no files layer_<i>\.pt and no sae_weights"):
        read_vectors(tmp_path / "empty")


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


NPY = _npy(np.arange(1, 7, dtype=np.float32))


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
        (_npy(np.array([{}], object)), "does not give descr|expected numbers|no array of numbers"),
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
