"""Vector files of other programs: round trips, layouts built by hand, layer conventions, and what is refused."""

import pickle
from typing import Any

import numpy as np
import pytest

from real_models import convert_vectors, load_vector, read_vectors, save_vector, write_vectors
from real_models.vectors.formats import FORMATS

NAMES = {
    "safetensors": "v.safetensors",
    "gguf": "v.gguf",
    "reference": "layer_2.pt",
    "persona": "evil_response_avg_diff.pt",
    "axbench": "DiffMean_weight.pt",
    "lm-eval": "steer.pt",
    "sae": "params.npz",
}
ONE_BLOCK = ("reference", "axbench", "sae")
NAMELESS = ("axbench", "sae")
METADATA = {"model": "m", "concept": "Upper case", "model_hint": "llama"}


def vectors_for(kind, seed=0):
    """Blocks that the format can hold."""
    random = np.random.default_rng(seed)
    blocks = [2] if kind in ONE_BLOCK else [0, 1, 2, 3] if kind == "persona" else [1, 2, 5]
    return {block: random.normal(size=6).astype(np.float32) for block in blocks}


def needed(kind):
    """The library a format needs."""
    if kind == "gguf":
        return pytest.importorskip("gguf")
    return pytest.importorskip("torch") if NAMES[kind].endswith(".pt") else None


def asked(kind) -> dict[str, Any]:
    """What the file does not say."""
    return {"layer": 2} if kind in NAMELESS else {}


def assert_same(ours, expected):
    assert list(ours) == sorted(expected)
    for block, vector in expected.items():
        assert ours[block].dtype == np.float32
        np.testing.assert_array_equal(ours[block], vector)


@pytest.mark.parametrize("kind", FORMATS)
def test_round_trip(tmp_path, kind):
    """Block by block and bit by bit, with the format told by the name or named."""
    needed(kind)
    vectors, ask = vectors_for(kind), asked(kind)
    write_vectors(tmp_path / NAMES[kind], vectors, METADATA)
    assert_same(read_vectors(tmp_path / NAMES[kind], **ask).vectors, vectors)
    write_vectors(tmp_path / "bare", vectors, METADATA, kind=kind)
    assert_same(read_vectors(tmp_path / "bare", kind=kind, **ask).vectors, vectors)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([NAMES[kind], "bare"])


@pytest.mark.parametrize("kind", FORMATS)
def test_conversion_to_and_from_the_canonical_file(tmp_path, kind):
    needed(kind)
    vectors, ask = vectors_for(kind), asked(kind)
    save_vector(tmp_path / "all.safetensors", vectors | {9: np.ones(6, np.float32)}, METADATA)
    convert_vectors(tmp_path / "all.safetensors", tmp_path / NAMES[kind], layers=list(vectors))
    convert_vectors(tmp_path / NAMES[kind], tmp_path / "back.safetensors", **ask)
    assert_same(load_vector(tmp_path / "back.safetensors"), vectors)


def test_gguf_as_its_library_reads_and_writes_it(tmp_path):
    """Names, types and keys as llama.cpp expects them, N of `direction.N` the block."""
    gguf = pytest.importorskip("gguf")
    vectors = vectors_for("gguf")
    write_vectors(tmp_path / "v.gguf", vectors, METADATA)
    reader = gguf.GGUFReader(tmp_path / "v.gguf")
    assert reader.get_field("general.architecture").contents() == "controlvector"
    assert reader.get_field("controlvector.model_hint").contents() == "llama"
    assert reader.get_field("controlvector.layer_count").contents() == 3
    assert {t.name: t.tensor_type.name for t in reader.tensors} == {f"direction.{n}": "F32" for n in (1, 2, 5)}
    np.testing.assert_array_equal(reader.tensors[1].data, vectors[2])
    with pytest.raises(ValueError, match=r"llama.cpp rejects vectors of block 0; ask for other layers"):
        write_vectors(tmp_path / "v.gguf", vectors | {0: vectors[1]})

    def written(architecture, name, array):
        writer = gguf.GGUFWriter(tmp_path / "other.gguf", architecture)
        writer.add_tensor(name, array)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return read_vectors(tmp_path / "other.gguf").vectors

    assert_same(written("controlvector", "direction.7", vectors[1]), {7: vectors[1]})
    with pytest.raises(ValueError, match="holds a 'llama', expected a 'controlvector'"):
        written("llama", "direction.7", vectors[1])
    with pytest.raises(ValueError, match=r"direction.7 is F16, expected float32"):
        written("controlvector", "direction.7", vectors[1].astype(np.float16))
    (tmp_path / "broken.gguf").write_bytes((tmp_path / "v.gguf").read_bytes()[:150])
    with pytest.raises(ValueError, match="is not a readable GGUF file"):
        read_vectors(tmp_path / "broken.gguf")


def test_torch_layouts_built_by_hand(tmp_path):
    """Each as its own program writes it."""
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(1)
    v = random.normal(size=6).astype(np.float32)
    content = {"model": "gpt2", "concept": "joy", "concept_slug": "joy", "layer_idx": 4, "hidden_size": 6}
    torch.save(content | {"steering_vector": torch.tensor(v)}, tmp_path / "layer_4.pt")
    found = read_vectors(tmp_path / "layer_4.pt")
    assert_same(found.vectors, {4: v})
    assert found.metadata == {"model": "gpt2", "concept": "joy"}

    # hidden_states of a model of 3 blocks: the embedding, two blocks, and the third after the final norm.
    rows = random.normal(size=(4, 6)).astype(np.float32)
    torch.save(torch.tensor(rows, dtype=torch.bfloat16), tmp_path / "evil_prompt_avg_diff.pt")
    found = read_vectors(tmp_path / "evil_prompt_avg_diff.pt")
    assert_same(found.vectors, {n: torch.tensor(rows[n + 1]).bfloat16().float().numpy() for n in (0, 1)})
    assert "rows 0 (the embedding) and 3 (after the final norm) are no block outputs" in found.notes[0]

    entry = {"steering_vector": torch.tensor(v)[None], "steering_coefficient": 2.0, "action": "add", "bias": None}
    torch.save({"model.layers.3": entry, "transformer.h.11": entry}, tmp_path / "steer.pt")
    assert_same(read_vectors(tmp_path / "steer.pt").vectors, {3: 2 * v, 11: 2 * v})
    write_vectors(tmp_path / "gpt2.pt", {3: v}, {"model_hint": "gpt2"})
    assert list(torch.load(tmp_path / "gpt2.pt", weights_only=True)) == ["h.3"]

    torch.save(torch.tensor(rows), tmp_path / "LsReFT_weight.pt")
    assert_same(read_vectors(tmp_path / "LsReFT_weight.pt", layer=20, row=3).vectors, {20: rows[3]})
    np.savez(tmp_path / "params.npz", W_dec=rows, W_enc=rows.T, threshold=np.zeros(4))
    assert_same(read_vectors(tmp_path / "params.npz", layer=5, row=1).vectors, {5: rows[1]})


def test_persona_rows_are_hidden_states(tmp_path):
    """Block l is row l + 1 and the two rows that are no block outputs are zero."""
    torch = pytest.importorskip("torch")
    vectors = vectors_for("persona")
    notes = write_vectors(tmp_path / "x_diff.pt", vectors)
    rows = torch.load(tmp_path / "x_diff.pt", weights_only=True).numpy()
    np.testing.assert_array_equal(rows[1:-1], np.stack(list(vectors.values())))
    assert not rows[[0, -1]].any()
    assert "rows 0 and 5 are no block outputs" in notes[0]


class Bomb:
    """Unpickling it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_pickles_are_never_executed(tmp_path):
    torch = pytest.importorskip("torch")
    bomb = Bomb(tmp_path / "executed")
    torch.save({"layer_idx": 1, "steering_vector": bomb}, tmp_path / "layer_1.pt")
    (tmp_path / "steer.pt").write_bytes(pickle.dumps(bomb))
    np.savez(tmp_path / "params.npz", W_dec=np.array([bomb], dtype=object))
    for name, message in (
        ("layer_1.pt", "is not a file of tensors alone"),
        ("steer.pt", "is not a file of tensors alone"),
        ("params.npz", "expected a NumPy archive with an array W_dec: Object arrays cannot be loaded"),
    ):
        with pytest.raises(ValueError, match=message) as error:
            read_vectors(tmp_path / name, layer=1)
        assert "\n" not in str(error.value)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("reference", {"layer_idx": "1", "steering_vector": "T1"}, "layer_idx is '1', expected the number of a block"),
        ("reference", {"layer_idx": 1}, "expected a dictionary with layer_idx and steering_vector"),
        ("reference", {"layer_idx": 1, "steering_vector": [1.0]}, "expected a tensor, got list"),
        ("reference", {"layer_idx": 1, "steering_vector": "T2"}, r"expected a tensor of 1 axes, got shape \(2, 3\)"),
        ("reference", {"layer_idx": 1, "steering_vector": "T1", "hidden_size": 9}, "hidden_size is 9, but the vector"),
        ("reference", {"layer_idx": -1, "steering_vector": "T1"}, r"tensor 'layer.-1', expected names"),
        ("persona", "T1", r"expected a tensor of 2 axes, got shape \(3,\)"),
        ("lm-eval", "T2", "expected a dictionary from hook points"),
        (
            "lm-eval",
            {"layers.3.mlp": {"action": "add", "steering_vector": "T1"}},
            "'layers.3.mlp' is no block's output",
        ),
        ("lm-eval", {"layers.3": {"action": "add", "head_index": 2, "steering_vector": "T1"}}, "is no block's output"),
        ("lm-eval", {"layers.3": {"action": "clamp", "steering_vector": "T1"}}, "has action 'clamp', expected to add"),
        ("lm-eval", {}, "holds no vectors"),
        ("axbench", "T2", r"has vectors of shape \(2, 3\) and row is None, expected one of its rows"),
    ],
)
def test_misshapen_torch_files(tmp_path, kind, content, message):
    torch = pytest.importorskip("torch")
    tensors = {"T1": torch.ones(3), "T2": torch.ones(2, 3)}

    def filled(value):
        if isinstance(value, dict):
            return {key: filled(part) for key, part in value.items()}
        return tensors.get(value, value) if isinstance(value, str) else value

    torch.save(filled(content), tmp_path / NAMES[kind])
    with pytest.raises(ValueError, match=message) as error:
        read_vectors(tmp_path / NAMES[kind], layer=4)
    assert "\n" not in str(error.value)


def test_bad_requests(tmp_path, monkeypatch):
    v = np.ones(3, np.float32)
    np.savez(tmp_path / "params.npz", W_dec=np.ones((4, 3)))
    with pytest.raises(ValueError, match="does not say which layer its vectors belong to: give the layer"):
        read_vectors(tmp_path / "params.npz", row=1)
    with pytest.raises(ValueError, match=r"shape \(4, 3\) and row is 4, expected one of its rows"):
        read_vectors(tmp_path / "params.npz", layer=1, row=4)
    np.save(tmp_path / "array.npy", np.ones(3))
    for content in ((tmp_path / "array.npy").read_bytes(), (tmp_path / "params.npz").read_bytes()[:99], b""):
        (tmp_path / "broken.npz").write_bytes(content)
        with pytest.raises(ValueError, match="expected a NumPy archive with an array W_dec"):
            read_vectors(tmp_path / "broken.npz", layer=1)
    with pytest.raises(ValueError, match=r"its name tells no vector format; name one of \['safetensors',"):
        read_vectors(tmp_path / "v.bin")
    with pytest.raises(ValueError, match="unknown vector format 'onnx', expected one of"):
        write_vectors(tmp_path / "v.pt", {1: v}, kind="onnx")
    with pytest.raises(FileNotFoundError, match="no such vector file"):
        read_vectors(tmp_path / "absent.gguf")
    with pytest.raises(ValueError, match="the format holds one layer, got layers \\[1, 2\\]; ask for one of them"):
        write_vectors(tmp_path / "out.npz", {1: v, 2: v})
    with pytest.raises(ValueError, match=r"layers are \[1, 2\], expected every block from 0 on"):
        write_vectors(tmp_path / "x_diff.pt", {1: v, 2: v})
    with pytest.raises(ValueError, match="contains NaN or infinite entries"):
        write_vectors(tmp_path / "v.npz", {1: v * np.nan})
    save_vector(tmp_path / "v.safetensors", {1: v})
    with pytest.raises(ValueError, match=r"has no vector of layer 3, expected some of \[1\]"):
        convert_vectors(tmp_path / "v.safetensors", tmp_path / "w.safetensors", layers=[1, 3])
    for module, name in (("gguf", "v.gguf"), ("torch", "layer_1.pt")):
        (tmp_path / name).write_bytes(b"x")
        monkeypatch.setitem(__import__("sys").modules, module, None)
        with pytest.raises(ValueError, match=f"this format needs {module}: pip install {module}"):
            read_vectors(tmp_path / name)
