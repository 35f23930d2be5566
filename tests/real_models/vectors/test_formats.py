"""The table of formats: every row and every name is tested by being there, and files are read by their owners' code."""

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
from hypothesis import given
from hypothesis import strategies as st

from real_models import convert_vectors, load_vector, read_vectors, save_vector, write_vectors
from real_models.vectors.formats import FORMATS, format_of

SAID = {"model": "m", "concept": "Upper case", "model_hint": "llama"}
TORCH = {kind for kind, form in FORMATS.items() if form.name.endswith((r"\.pt", r"\.pth?", r"\.bin"))}
"""Formats that are written with torch; none is read with it."""


def blocks_for(kind: str) -> list[int]:
    """Some blocks that the format can hold: the most it takes of a few sets."""
    for blocks in ([1, 2, 5], [0, 1, 2, 3], [2]):
        try:
            FORMATS[kind].check(Path(FORMATS[kind].example), blocks, SAID)
        except ValueError:
            continue
        return blocks
    raise AssertionError(f"{kind} holds none of them")


def vectors_for(kind: str) -> dict[int, np.ndarray]:
    random = np.random.default_rng(0)
    return {block: random.normal(size=6).astype(np.float32) for block in blocks_for(kind)}


def asked(kind: str) -> dict[str, Any]:
    """What a file of one block may not say."""
    blocks = blocks_for(kind)
    return {"layer": blocks[0]} if len(blocks) == 1 else {}


def needed(kind: str) -> None:
    if kind in TORCH:
        pytest.importorskip("torch")


def assert_same(ours, expected):
    assert list(ours) == sorted(expected)
    for block, vector in expected.items():
        assert ours[block].dtype == np.float32
        np.testing.assert_array_equal(ours[block], vector)


@pytest.mark.parametrize("kind", FORMATS)
def test_round_trip(tmp_path, kind):
    """Block by block and bit by bit, with the format told by the name or named; each entry is said."""
    needed(kind)
    vectors, name = vectors_for(kind), FORMATS[kind].example
    write_vectors(tmp_path / name, vectors, SAID)
    found = read_vectors(tmp_path / name, **asked(kind))
    assert_same(found.vectors, vectors)
    assert list(found.entries) == list(found.vectors)
    assert all(found.entries.values())
    write_vectors(tmp_path / "bare", vectors, SAID, kind=kind)
    assert_same(read_vectors(tmp_path / "bare", kind=kind, **asked(kind)).vectors, vectors)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "bare"])


@pytest.mark.parametrize("kind", FORMATS)
def test_reading_needs_no_torch(tmp_path, kind, monkeypatch):
    needed(kind)
    vectors, path = vectors_for(kind), tmp_path / FORMATS[kind].example
    write_vectors(path, vectors, SAID)
    for module in ("torch", "gguf"):
        monkeypatch.setitem(sys.modules, module, None)
    assert_same(read_vectors(path, **asked(kind)).vectors, vectors)
    if kind in TORCH:
        with pytest.raises(
            ValueError, match=r'\.(pt|bin) files are written with torch: pip install "steerlaw\[torch\]"'
        ):
            write_vectors(path, vectors, SAID)


@pytest.mark.parametrize("kind", FORMATS)
def test_conversion_to_and_from_the_canonical_file(tmp_path, kind):
    needed(kind)
    vectors, path = vectors_for(kind), tmp_path / FORMATS[kind].example
    save_vector(tmp_path / "all.safetensors", vectors | {9: np.ones(6, np.float32)}, SAID)
    (there,) = convert_vectors(tmp_path / "all.safetensors", path, layers=list(vectors))
    assert there.entries == {block: f"layer.{block}" for block in vectors}
    (back,) = convert_vectors(path, tmp_path / "back.safetensors", **asked(kind))
    assert (back.source, back.target) == (path, tmp_path / "back.safetensors")
    assert_same(load_vector(tmp_path / "back.safetensors"), vectors)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_name_decides_its_format(kind):
    """Each row's example is a name of its own and of no row before it, in upper case as well."""
    example = FORMATS[kind].example
    assert next(other for other, row in FORMATS.items() if re.fullmatch(row.name, example)) == kind
    assert format_of(f"some/folder/{example}") is format_of(example.upper()) is FORMATS[kind]


@pytest.mark.parametrize("name", ["v", "v.txt", "v.safetensors.bak", ".gguf.", "v.gguf~", "safetensors", "v.pkl"])
def test_other_names_are_refused_before_anything_is_written(tmp_path, name):
    with pytest.raises(
        ValueError, match=r"its name tells no vector format, expected one such as v\.safetensors, v\.gguf"
    ):
        write_vectors(tmp_path / name, {1: np.ones(3)}, SAID)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("vector", "message"),
    [
        (np.zeros(3), "layer 2 is zero and steers nothing"),
        (np.full(3, 1e-60), "layer 2 is zero and steers nothing"),
        (np.zeros(0), r"layer 2 has shape \(0,\), expected one width above 0"),
        (np.ones((2, 2)), r"layer 2 has shape \(2, 2\), expected one width above 0"),
        (np.array([1.0, np.nan]), "layer 2 contains NaN or infinite entries"),
        (np.array([1.0, np.inf], np.float16), r"infinite entries \(beyond float16's largest\?\)"),
        (np.array([1.0, 1e39]), "beyond float32's largest"),
        (np.full(4, 3e38), "beyond float32's largest"),
        (np.arange(3), "layer 2 is int64, expected floating-point numbers"),
    ],
)
def test_vectors_that_cannot_steer_are_not_written(tmp_path, kind, vector, message):
    with pytest.raises(ValueError, match=message):
        write_vectors(tmp_path / FORMATS[kind].example, {2: vector}, SAID)
    assert list(tmp_path.iterdir()) == []


def test_widths_differ(tmp_path):
    with pytest.raises(ValueError, match=r"layer 2 has shape \(4,\), expected one width"):
        write_vectors(tmp_path / "v.safetensors", {1: np.ones(3), 2: np.ones(4)})
    with pytest.raises(ValueError, match="layer is -1, expected a block number from 0"):
        write_vectors(tmp_path / "v.safetensors", {-1: np.ones(3)})


def test_gguf_by_its_own_library(tmp_path):
    """Names, types and keys as llama.cpp expects them, N of `direction.N` the block."""
    gguf = pytest.importorskip("gguf")
    vectors = vectors_for("gguf")
    write_vectors(tmp_path / "v.gguf", vectors, SAID)
    reader = gguf.GGUFReader(tmp_path / "v.gguf")
    assert reader.get_field("general.architecture").contents() == "controlvector"
    assert reader.get_field("controlvector.model_hint").contents() == "llama"
    assert reader.get_field("controlvector.layer_count").contents() == 3
    assert {t.name: t.tensor_type.name for t in reader.tensors} == {f"direction.{n}": "F32" for n in (1, 2, 5)}
    for tensor in reader.tensors:
        np.testing.assert_array_equal(tensor.data, vectors[int(tensor.name.removeprefix("direction."))])


def test_gguf_by_repeng(tmp_path, monkeypatch):
    """What repeng imports, and what it exports."""
    monkeypatch.setattr(np, "float_", np.float64, raising=False)  # repeng 0.4 names it in an annotation
    repeng, vectors = pytest.importorskip("repeng"), vectors_for("gguf")
    write_vectors(tmp_path / "v.gguf", vectors, SAID)
    imported = repeng.ControlVector.import_gguf(tmp_path / "v.gguf")
    assert imported.model_type == "llama"
    assert_same(dict(sorted(imported.directions.items())), vectors)
    imported.export_gguf(tmp_path / "back.gguf")
    assert_same(read_vectors(tmp_path / "back.gguf").vectors, vectors)


def test_gguf_lacks_neither_its_hint_nor_its_blocks(tmp_path):
    v = np.ones(3, np.float32)
    with pytest.raises(ValueError, match=r"llama.cpp rejects vectors of block 0; ask for other layers"):
        write_vectors(tmp_path / "v.gguf", {0: v, 1: v}, SAID)
    for metadata in ({}, {"model_hint": ""}, {"model": "meta-llama/Llama-3.2-1B"}):
        with pytest.raises(ValueError, match=r"architecture, which is not known: give it \(--model-hint llama\)"):
            write_vectors(tmp_path / "v.gguf", {1: v}, metadata)
    save_vector(tmp_path / "v.safetensors", {1: v})
    convert_vectors(tmp_path / "v.safetensors", tmp_path / "v.gguf", model_hint="qwen2")
    assert read_vectors(tmp_path / "v.gguf").metadata == {"model_hint": "qwen2"}


def test_files_by_torch_numpy_and_safetensors(tmp_path):
    """What torch.save, numpy.load and safetensors' own readers make of the files."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    v, rows = np.arange(1.0, 7, dtype=np.float32), np.ones((3, 6), np.float32)

    def loaded(name, vectors):
        write_vectors(tmp_path / name, vectors, SAID)
        return torch.load(tmp_path / name, weights_only=True)

    held = loaded("layer_4.pt", {4: v})
    assert torch.equal(held.pop("steering_vector"), torch.tensor(v))
    assert held == {
        "model": "m",
        "concept": "Upper case",
        "concept_slug": "upper_case",
        "layer_idx": 4,
        "hidden_size": 6,
    }
    held = loaded("x_diff.pt", dict(enumerate(rows)))
    assert held.shape == (5, 6)
    assert torch.equal(held[1:-1], torch.tensor(rows))
    assert not held[[0, -1]].any()
    held = loaded("steer.pt", {3: v})["layers.3"]
    assert torch.equal(held.pop("steering_vector"), torch.tensor(v))
    assert held == {"steering_coefficient": 1.0, "action": "add", "bias": None, "head_index": None}
    write_vectors(tmp_path / "gpt2.pt", {3: v}, {"model_hint": "gpt2"})
    assert list(torch.load(tmp_path / "gpt2.pt", weights_only=True)) == ["h.3"]
    assert loaded("DiffMean_weight.pt", {7: v}).shape == (1, 6)
    assert torch.equal(loaded("v.bin", {7: v}), torch.tensor(v))
    write_vectors(tmp_path / "v.safetensors", {3: v}, SAID)
    assert torch.equal(load_file(tmp_path / "v.safetensors")["layer.3"], torch.tensor(v))
    write_vectors(tmp_path / "v.npy", dict(enumerate(rows)))
    np.testing.assert_array_equal(np.load(tmp_path / "v.npy", allow_pickle=False), rows)
    write_vectors(tmp_path / "v.npz", {3: v})
    np.testing.assert_array_equal(np.load(tmp_path / "v.npz", allow_pickle=False)["W_dec"], v[None])


def test_what_a_format_cannot_hold(tmp_path):
    v = np.ones(3, np.float32)
    for kind in ("reference", "axbench", "sae"):
        with pytest.raises(ValueError, match=r"the format holds one layer, got layers \[1, 2\]; ask for one of them"):
            write_vectors(tmp_path / "out", {1: v, 2: v}, kind=kind)
    for kind in ("array", "tensor", "persona"):
        with pytest.raises(ValueError, match=r"layers are \[1, 2\], expected .*every block from 0 on"):
            write_vectors(tmp_path / "out", {1: v, 2: v}, kind=kind)
    with pytest.raises(ValueError, match="unknown vector format 'onnx', expected one of"):
        write_vectors(tmp_path / "v.pt", {1: v}, kind="onnx")
    assert list(tmp_path.iterdir()) == []
    save_vector(tmp_path / "v.safetensors", {1: v})
    with pytest.raises(ValueError, match=r"has no vector of layer 3, expected some of \[1\]"):
        convert_vectors(tmp_path / "v.safetensors", tmp_path / "w.safetensors", layers=[1, 3])
    with pytest.raises(IsADirectoryError, match="is a directory, expected the name of a file"):
        convert_vectors(tmp_path / "v.safetensors", tmp_path)
    with pytest.raises(FileNotFoundError, match="no such vector file"):
        read_vectors(tmp_path / "absent.gguf")
    with pytest.raises(ValueError, match="layer is -1, expected a number from 0"):
        read_vectors(tmp_path / "v.safetensors", layer=-1)
    with pytest.raises(ValueError, match="row is -2, expected a number from 0"):
        read_vectors(tmp_path / "v.safetensors", row=-2)


@given(st.dictionaries(st.text(max_size=6), st.text(max_size=12), max_size=5), st.integers(1, 7))
def test_the_same_vectors_and_metadata_are_the_same_bytes(metadata, width):
    """In whatever order metadata are given: and safetensors itself reads what is written."""
    metadata = {
        key.encode(errors="replace").decode(): said.encode(errors="replace").decode() for key, said in metadata.items()
    }
    vectors = {0: np.arange(1, width + 1, dtype=np.float32), 3: np.ones(width, np.float32)}
    with tempfile.TemporaryDirectory() as home:
        files = [Path(home) / f"{n}.safetensors" for n in range(3)]
        for file, said in zip(files, (metadata, dict(reversed(metadata.items())), metadata), strict=True):
            save_vector(file, vectors, said)
        assert len({file.read_bytes() for file in files}) == 1
        with safetensors.safe_open(files[0], framework="np") as opened:
            assert (opened.metadata() or {}) == metadata
            assert np.array_equal(opened.get_tensor("layer.0"), vectors[0])
        assert len(files[0].read_bytes()) == 8 + int.from_bytes(files[0].read_bytes()[:8], "little") + 8 * width
