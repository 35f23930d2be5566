"""Steering vectors in the files of other programs: how each is read into `{block: vector}`, and written.

Blocks are 0-based and a vector belongs to a block's output; every layout's own convention is converted here. Pickled
content is never executed: `.pt` is read with `weights_only=True`, `.npz` with `allow_pickle=False`.
"""

import importlib
import io
import re
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from numerics.files.atomic import write_atomically
from real_models.vectors.files import Vectors

Found = tuple[dict[int, Float[np.ndarray, " d"]], dict[str, str], list[str]]
"""Vectors by block, what the file says about them, and lines about what was left out."""
Metadata = Mapping[str, object]


def read_gguf(path: Path, _layer: int | None, _row: int | None) -> Found:
    """llama.cpp and repeng: 1-D float32 tensors `direction.N`, N the block."""
    gguf = optional("gguf", path, "pip install gguf")
    try:
        reader = gguf.GGUFReader(path)
        fields = {name: field.contents() for name, field in reader.fields.items()}
    except Exception as error:  # the library raises nothing narrower
        raise ValueError(f"{path} is not a readable GGUF file: {first_line(error)}") from error
    if fields.get("general.architecture") != "controlvector":
        raise ValueError(f"{path} holds a {fields.get('general.architecture')!r}, expected a 'controlvector'")
    vectors = {}
    for tensor in reader.tensors:
        if not re.fullmatch(r"direction\.\d+", tensor.name) or tensor.tensor_type.name != "F32":
            raise ValueError(f"{path}: {tensor.name} is {tensor.tensor_type.name}, expected float32 direction.1, ...")
        vectors[int(tensor.name.removeprefix("direction."))] = np.array(tensor.data)
    hint = fields.get("controlvector.model_hint")
    return vectors, {"model_hint": str(hint)} if hint else {}, []


def write_gguf(path: Path, vectors: Vectors, metadata: Metadata) -> list[str]:
    """As llama.cpp reads it: no `direction.0`, so block 0 is refused."""
    if 0 in vectors:
        raise ValueError(f"{path}: llama.cpp rejects vectors of block 0; ask for other layers")
    gguf = optional("gguf", path, "pip install gguf")
    with tempfile.TemporaryDirectory() as folder:
        writer = gguf.GGUFWriter(Path(folder) / "vectors.gguf", "controlvector")
        writer.add_string("controlvector.model_hint", str(metadata.get("model_hint", metadata.get("model", ""))))
        writer.add_uint32("controlvector.layer_count", len(vectors))
        for block, vector in vectors.items():
            writer.add_tensor(f"direction.{block}", np.asarray(vector, np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        write_atomically(path, (Path(folder) / "vectors.gguf").read_bytes())
    return []


def read_reference(path: Path, _layer: int | None, _row: int | None) -> Found:
    """The paper's code: a dictionary with one `steering_vector` of the block `layer_idx`."""
    content = load_torch(path)
    if not isinstance(content, dict) or "steering_vector" not in content:
        raise ValueError(f"{path}: expected a dictionary with layer_idx and steering_vector")
    if not isinstance(content.get("layer_idx"), int):
        raise ValueError(f"{path}: layer_idx is {content.get('layer_idx')!r}, expected the number of a block")
    vector = as_array(path, content["steering_vector"])
    if content.get("hidden_size", vector.size) != vector.size:
        raise ValueError(f"{path}: hidden_size is {content['hidden_size']}, but the vector has {vector.size} entries")
    said = {key: str(content[key]) for key in ("model", "concept") if key in content}
    return {content["layer_idx"]: vector}, said, []


def write_reference(path: Path, vectors: Vectors, metadata: Metadata) -> list[str]:
    """One block a file."""
    block, vector = only(path, vectors)
    concept = str(metadata.get("concept", ""))
    slug = re.sub(r"[^a-z0-9]+", "_", concept.lower()).strip("_")
    content = {"model": str(metadata.get("model", "")), "concept": concept, "concept_slug": slug}
    save_torch(path, content | {"layer_idx": block, "hidden_size": vector.size, "steering_vector": vector})
    return []


def read_persona(path: Path, _layer: int | None, _row: int | None) -> Found:
    """Persona vectors: row i of `[n_layers + 1, d]` is about `hidden_states[i]`, the output of block i - 1."""
    rows = as_array(path, load_torch(path), ndim=2)
    left_out = (
        f"{path}: rows 0 (the embedding) and {len(rows) - 1} (after the final norm) are no block outputs: left out"
    )
    return {row - 1: rows[row] for row in range(1, len(rows) - 1)}, {}, [left_out]


def write_persona(path: Path, vectors: Vectors, _metadata: Metadata) -> list[str]:
    """Blocks 0 to n - 2 of a model of n blocks; the two rows that are no block outputs are zero."""
    if sorted(vectors) != list(range(len(vectors))):
        raise ValueError(f"{path}: layers are {sorted(vectors)}, expected every block from 0 on but the model's last")
    rows = np.stack([np.asarray(vectors[block], np.float32) for block in sorted(vectors)])
    save_torch(path, np.pad(rows, ((1, 1), (0, 0))))
    return [f"{path}: rows 0 and {len(rows) + 1} are no block outputs: zero"]


def read_lm_eval(path: Path, _layer: int | None, _row: int | None) -> Found:
    """lm-evaluation-harness: entries by hook point, such as "layers.3"; the coefficient is multiplied in."""
    content = load_torch(path)
    if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
        raise ValueError(f"{path}: expected a dictionary from hook points to dictionaries")
    vectors = {}
    for hook, entry in content.items():
        block = re.fullmatch(r"(?:.*\.)?(?:layers|h)\.(\d+)", str(hook))
        if block is None or entry.get("head_index") is not None:
            raise ValueError(f"{path}: {hook!r} is no block's output, expected a hook point such as 'layers.3'")
        if entry.get("action") != "add" or "steering_vector" not in entry:
            raise ValueError(f"{path}: {hook!r} has action {entry.get('action')!r}, expected to add a steering_vector")
        if int(block[1]) in vectors:
            raise ValueError(f"{path}: two hook points are block {block[1]}, expected one")
        vector = as_array(path, entry["steering_vector"])
        vectors[int(block[1])] = vector * np.float32(entry.get("steering_coefficient", 1.0))
    return vectors, {}, []


def write_lm_eval(path: Path, vectors: Vectors, metadata: Metadata) -> list[str]:
    """Vectors to add with coefficient 1 at `layers.N`, or at `h.N` where the metadata's `model_hint` is gpt2."""
    stem = "h" if metadata.get("model_hint") == "gpt2" else "layers"
    entry = {"steering_coefficient": 1.0, "action": "add", "bias": None, "head_index": None}
    arrays = {f"{stem}.{block}": np.asarray(vector, np.float32) for block, vector in vectors.items()}
    save_torch(path, {hook: entry | {"steering_vector": vector} for hook, vector in arrays.items()})
    return []


def read_axbench(path: Path, layer: int | None, row: int | None) -> Found:
    """AxBench `{Method}_weight.pt`: row i of `[concepts, d]` belongs to concept i; the block is in its config."""
    return chosen_row(path, as_array(path, load_torch(path), ndim=2), layer, row)


def write_axbench(path: Path, vectors: Vectors, _metadata: Metadata) -> list[str]:
    """One block, as the only concept."""
    block, vector = only(path, vectors)
    save_torch(path, vector[None])
    return [f"{path}: the format has no place for the layer, {block}"]


def read_sae(path: Path, layer: int | None, row: int | None) -> Found:
    """Gemma Scope `params.npz`: row i of `W_dec` is the direction of feature i; the block is in the hook's name."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            decoder = np.asarray(content["W_dec"], np.float32)
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: expected a NumPy archive with an array W_dec: {first_line(error)}") from error
    return chosen_row(path, decoder, layer, row)


def write_sae(path: Path, vectors: Vectors, _metadata: Metadata) -> list[str]:
    """One block, as the only feature of a decoder."""
    block, vector = only(path, vectors)
    buffer = io.BytesIO()
    np.savez(buffer, W_dec=vector[None])
    write_atomically(path, buffer.getvalue())
    return [f"{path}: the format has no place for the layer, {block}"]


def chosen_row(path: Path, rows: Float[np.ndarray, "rows d"], layer: int | None, row: int | None) -> Found:
    """One row of a table that does not say which block it is about."""
    if layer is None:
        raise ValueError(f"{path} does not say which layer its vectors belong to: give the layer")
    if rows.ndim != 2 or (row is None and len(rows) != 1) or not 0 <= (row or 0) < len(rows):
        raise ValueError(f"{path} has vectors of shape {rows.shape} and row is {row}, expected one of its rows")
    return {layer: rows[row or 0]}, {} if row is None else {"row": str(row)}, []


def only(path: Path, vectors: Vectors) -> tuple[int, Float[np.ndarray, " d"]]:
    """The one block of a format that holds one."""
    if len(vectors) != 1:
        raise ValueError(f"{path}: the format holds one layer, got layers {sorted(vectors)}; ask for one of them")
    block, vector = next(iter(vectors.items()))
    return block, np.asarray(vector, np.float32)


def load_torch(path: Path) -> Any:
    """The tensors and plain containers of a `.pt` file; anything that would run code is refused."""
    torch = optional("torch", path, "pip install torch")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch and pickle raise many kinds
        raise ValueError(f"{path} is not a file of tensors alone: {first_line(error)}") from error


def save_torch(path: Path, content: Any) -> None:
    """Write arrays, alone or in dictionaries, as torch tensors; the file appears whole or not at all."""
    torch = optional("torch", path, "pip install torch")

    def tensors(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: tensors(part) for key, part in value.items()}
        return torch.from_numpy(np.ascontiguousarray(value)) if isinstance(value, np.ndarray) else value

    buffer = io.BytesIO()
    torch.save(tensors(content), buffer)
    write_atomically(path, buffer.getvalue())


def as_array(path: Path, tensor: Any, ndim: int = 1) -> np.ndarray:
    """A float32 array of the expected number of axes; a vector may come as a single row."""
    if not hasattr(tensor, "detach"):
        raise ValueError(f"{path}: expected a tensor, got {type(tensor).__name__}")
    array = tensor.detach().float().numpy()
    array = array.reshape(-1) if ndim == 1 and array.size == array.shape[-1] else array
    if array.ndim != ndim:
        raise ValueError(f"{path}: expected a tensor of {ndim} axes, got shape {array.shape}")
    return array


def optional(module: str, path: Path, mend: str) -> Any:
    """An optional library, imported when a file needs it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ValueError(f"{path}: this format needs {module}: {mend}") from None


def first_line(error: Exception) -> str:
    """The first line of an error's text."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
