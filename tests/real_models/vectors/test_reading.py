"""Vectors as people keep them: any name, shape, dtype and container; trees of files; and hostile ones."""

import json
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from array_files import WIDTH, npy, npz
from fuzz.vectors import pt_file
from real_models import read_vectors
from real_models.vectors.entries import block_of

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
    ".npy": lambda array: npy(array),
    ".pt": pt_file,
    ".safetensors": lambda array: save({"vectors": array}),
    ".npz": lambda array: npz({"vectors": array}),
}


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
