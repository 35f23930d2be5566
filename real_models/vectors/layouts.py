"""Steering vectors in the files of other programs: how each layout is read into vectors by block, and written.

Every layout's own convention of layers is converted here. Nothing that is pickled is executed.
"""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from numerics.files.archive import opened_archive
from numerics.files.atomic import write_atomically
from numerics.files.npy import parse_npy
from numerics.files.text import read_json
from real_models.vectors.entries import (
    Asked,
    VectorFile,
    Vectors,
    block_of,
    from_array,
    from_entries,
    from_table,
    listed,
    rows_by_block,
)
from real_models.vectors.files import Metadata, opened_safetensors, save_vector
from real_models.vectors.gguf_files import read_gguf, write_gguf
from real_models.vectors.torch_files import read_torch, write_torch

TABLE = "W_dec"
"""The decoder of a sparse autoencoder, a row per feature."""


def read_safetensors(path: Path, asked: Asked) -> VectorFile:
    """Tensors whose names tell their blocks (ours are `layer.N`), a single one, or the decoder of a SAELens model."""
    with opened_safetensors(path) as (said, names, read):
        if TABLE in names:
            told = Asked(layer=asked.layer, row=asked.row, by_name=_hooked_block(path.with_name("cfg.json")))
            found = from_table(path, read(TABLE), told, TABLE)
        else:
            found = from_entries(path, names, lambda name: read(str(name)), asked)
    return VectorFile(vectors=found.vectors, entries=found.entries, metadata=said | found.metadata, notes=found.notes)


def _hooked_block(config: Path) -> int | None:
    """The block whose output a SAELens model reads, from the configuration beside it; None where it does not say."""
    if not config.is_file():
        return None
    said = read_json(config)
    parts = [said, said.get("metadata")] if isinstance(said, dict) else []
    hooks = [part["hook_name"] for part in parts if isinstance(part, dict) and isinstance(part.get("hook_name"), str)]
    return block_of(hooks[0]) if hooks and "hook_resid_" in hooks[0] else None


def write_safetensors(path: Path, vectors: Vectors, metadata: Metadata) -> list[str]:
    """safetensors with one float32 tensor `layer.N` per block."""
    save_vector(path, vectors, metadata)
    return []


def read_control_vector(path: Path, _asked: Asked) -> VectorFile:
    """llama.cpp and repeng: `direction.N`, N the block."""
    vectors, metadata = read_gguf(path)
    return VectorFile(vectors=vectors, entries={block: f"direction.{block}" for block in vectors}, metadata=metadata)


def check_control_vector(path: Path, blocks: list[int], metadata: Metadata) -> None:
    """llama.cpp takes no `direction.0`, and repeng no file without the model's architecture."""
    if 0 in blocks:
        raise ValueError(f"{path}: llama.cpp rejects vectors of block 0; ask for other layers (--layers)")
    if not metadata.get("model_hint"):
        raise ValueError(
            f"{path}: GGUF names the model's architecture, which is not known: give it (--model-hint llama)"
        )


def write_control_vector(path: Path, vectors: Vectors, metadata: Metadata) -> list[str]:
    """GGUF with `direction.N` per block N."""
    write_gguf(path, vectors, str(metadata["model_hint"]))
    return []


def read_pt(path: Path, asked: Asked) -> VectorFile:
    """What `torch.save` wrote, by what it holds.

    The paper's code: a dictionary with one `steering_vector` of the block `layer_idx`. lm-evaluation-harness:
    dictionaries by hook point. Tensors by block, `{3: v}` or `{"layer_3": v}`; rows or a list of them; or one vector.
    """
    content = read_torch(path)
    if isinstance(content, list | tuple):
        content = dict(enumerate(content))
    if isinstance(content, np.ndarray):
        return from_array(path, content, asked, "the tensor")
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected a tensor or a dictionary of tensors, got a {type(content).__name__}")
    if "layer_idx" in content:
        return read_reference(path, content)
    if content and all(isinstance(entry, dict) for entry in content.values()):
        return read_hook_points(path, content)
    tensors = {key: value for key, value in content.items() if isinstance(value, np.ndarray)}
    if other := [key for key in content if key not in tensors and block_of(key) is not None]:
        raise ValueError(f"{path}: {other[0]!r} is a {type(content[other[0]]).__name__}, expected a tensor")
    if TABLE in tensors:
        return from_table(path, tensors[TABLE], asked, TABLE)
    return from_entries(path, list(tensors), lambda name: tensors[name], asked)


def read_reference(path: Path, content: dict[Any, Any]) -> VectorFile:
    """One vector and its block, with the width that it should have."""
    block, tensor = content["layer_idx"], content.get("steering_vector")
    if type(block) is not int or block < 0:
        raise ValueError(f"{path}: layer_idx is {_shown(block)}, expected the number of a block")
    if not isinstance(tensor, np.ndarray):
        raise ValueError(f"{path}: expected a tensor under steering_vector, got a {type(tensor).__name__}")
    found = from_array(path, tensor, Asked(layer=block), "steering_vector")
    width = content.get("hidden_size", found.vectors[block].size if block in found.vectors else None)
    if list(found.vectors) != [block] or width != found.vectors[block].size:
        raise ValueError(f"{path}: hidden_size is {_shown(width)}, but the vector has shape {tensor.shape}")
    said = {key: content[key] for key in ("model", "concept") if isinstance(content.get(key), str)}
    return VectorFile(vectors=found.vectors, entries={block: f"steering_vector of layer_idx {block}"}, metadata=said)


def check_one(path: Path, blocks: list[int], _metadata: Metadata) -> None:
    """A format that holds one block."""
    if len(blocks) != 1:
        raise ValueError(f"{path}: the format holds one layer, got layers {blocks}; ask for one of them (--layers)")


def write_reference(path: Path, vectors: Vectors, metadata: Metadata) -> list[str]:
    """One block a file, as the paper's code writes it."""
    block, vector = next(iter(vectors.items()))
    concept = str(metadata.get("concept", ""))
    slug = re.sub(r"[^a-z0-9]+", "_", concept.lower()).strip("_")
    content = {"model": str(metadata.get("model", "")), "concept": concept, "concept_slug": slug}
    write_torch(path, content | {"layer_idx": block, "hidden_size": len(vector), "steering_vector": np.asarray(vector)})
    return []


def read_persona(path: Path, asked: Asked) -> VectorFile:
    """Persona vectors: row i of `[n_layers + 1, d]` is about `hidden_states[i]`, the output of block i - 1."""
    rows = read_torch(path)
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or len(rows) < 3:
        return read_pt(path, asked)
    found = rows_by_block(path, rows[1:-1], range(len(rows) - 2), "hidden_states")
    left_out = (
        f"{path}: rows 0 (the embedding) and {len(rows) - 1} (after the final norm) are no block outputs: left out"
    )
    entries = {block: f"the tensor, row {block + 1}" for block in found.vectors}
    return VectorFile(vectors=found.vectors, entries=entries, notes=[left_out, *found.notes])


def check_persona(path: Path, blocks: list[int], _metadata: Metadata) -> None:
    """A row for every block of the model but the last."""
    if blocks != list(range(len(blocks))):
        raise ValueError(f"{path}: layers are {blocks}, expected every block from 0 on but the model's last")


def write_persona(path: Path, vectors: Vectors, _metadata: Metadata) -> list[str]:
    """Blocks 0 to n - 2 of a model of n blocks; the two rows that are no block outputs are zero."""
    rows = np.stack([np.asarray(vectors[block]) for block in sorted(vectors)])
    write_torch(path, np.pad(rows, ((1, 1), (0, 0))))
    return [f"{path}: rows 0 and {len(rows) + 1} are no block outputs: zero"]


def read_hook_points(path: Path, content: dict[Any, Any]) -> VectorFile:
    """lm-evaluation-harness: entries by hook point, such as "layers.3"; the coefficient is multiplied in."""
    vectors, entries = {}, {}
    for hook, entry in content.items():
        block = re.fullmatch(r"(?:.*\.)?(?:layers|h)\.([0-9]{1,6})", str(hook))
        if block is None or entry.get("head_index") is not None:
            raise ValueError(f"{path}: {hook!r} is no block's output, expected a hook point such as 'layers.3'")
        if entry.get("action") != "add" or not isinstance(entry.get("steering_vector"), np.ndarray):
            raise ValueError(
                f"{path}: {hook!r} has action {_shown(entry.get('action'))}, expected to add a steering_vector"
            )
        if int(block[1]) in vectors:
            raise ValueError(f"{path}: two hook points are block {block[1]}, expected one")
        coefficient = entry.get("steering_coefficient", 1.0)
        if type(coefficient) not in (int, float):
            raise ValueError(f"{path}: {hook!r} has the coefficient {_shown(coefficient)}, expected a number")
        found = from_array(path, entry["steering_vector"], Asked(layer=int(block[1])), str(hook))
        for number, vector in found.vectors.items():
            with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused where files are read
                vectors[number] = vector.astype(np.float64) * coefficient
            entries[number] = f"{hook}" if coefficient == 1 else f"{hook} times {coefficient:g}"
    return VectorFile(vectors=vectors, entries=entries)


def write_hook_points(path: Path, vectors: Vectors, metadata: Metadata) -> list[str]:
    """Vectors to add with coefficient 1 at `layers.N`, or at `h.N` where the metadata's `model_hint` is gpt2."""
    stem = "h" if metadata.get("model_hint") == "gpt2" else "layers"
    entry = {"steering_coefficient": 1.0, "action": "add", "bias": None, "head_index": None}
    arrays = {f"{stem}.{block}": np.asarray(vector) for block, vector in vectors.items()}
    write_torch(path, {hook: entry | {"steering_vector": vector} for hook, vector in arrays.items()})
    return []


def read_axbench(path: Path, asked: Asked) -> VectorFile:
    """AxBench `{Method}_weight.pt`: row i of `[concepts, d]` belongs to concept i; the block is in its config."""
    rows = read_torch(path)
    return from_table(path, rows, asked, "the tensor") if isinstance(rows, np.ndarray) else read_pt(path, asked)


def write_axbench(path: Path, vectors: Vectors, _metadata: Metadata) -> list[str]:
    """One block, as the only concept."""
    block, vector = next(iter(vectors.items()))
    write_torch(path, np.asarray(vector)[None])
    return [f"{path}: the format has no place for the layer, {block}"]


def check_rows(path: Path, blocks: list[int], _metadata: Metadata) -> None:
    """One vector, or a row for every block from 0 on."""
    if len(blocks) > 1 and blocks != list(range(len(blocks))):
        raise ValueError(f"{path}: layers are {blocks}, expected one, or every block from 0 on (--layers)")


def plain(vectors: Vectors) -> tuple[Float[np.ndarray, "*layers d"], str | None]:
    """`[d]` for one block, else `[layers, d]`; and what such an array does not say."""
    if len(vectors) == 1:
        ((block, vector),) = vectors.items()
        return np.asarray(vector), f"the format has no place for the layer, {block}"
    return np.stack([np.asarray(vectors[block]) for block in sorted(vectors)]), None


def write_pt(path: Path, vectors: Vectors, _metadata: Metadata) -> list[str]:
    """A plain tensor."""
    array, note = plain(vectors)
    write_torch(path, array)
    return [f"{path}: {note}"] if note else []


def read_npy(path: Path, asked: Asked) -> VectorFile:
    """A plain array: a vector, or a row for each layer."""
    return from_array(path, parse_npy(path.read_bytes(), str(path)), asked)


def write_npy(path: Path, vectors: Vectors, _metadata: Metadata) -> list[str]:
    """A plain array: a vector, or a row for each layer."""
    array, note = plain(vectors)
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array, np.float32))
    write_atomically(path, buffer.getvalue())
    return [f"{path}: {note}"] if note else []


def read_npz(path: Path, asked: Asked) -> VectorFile:
    """Gemma Scope `params.npz`, row i of `W_dec` for feature i; or arrays whose names tell their blocks."""
    with opened_archive(path) as (members, read):
        names = [name.removesuffix(".npy") for name in members]

        def array(name: str | int) -> np.ndarray:
            return parse_npy(read(f"{name}.npy"), f"{path}: {name}")

        if TABLE in names:
            return from_table(path, array(TABLE), asked, TABLE)
        if strangers := [name for name in members if not name.endswith(".npy")]:
            raise ValueError(f"{path}: holds {listed(strangers)}, expected NumPy arrays")
        return from_entries(path, names, array, asked)


def write_npz(path: Path, vectors: Vectors, _metadata: Metadata) -> list[str]:
    """One block, as the only feature of a decoder."""
    block, vector = next(iter(vectors.items()))
    buffer = io.BytesIO()
    np.savez(buffer, W_dec=np.asarray(vector, np.float32)[None])
    write_atomically(path, buffer.getvalue())
    return [f"{path}: the format has no place for the layer, {block}"]


def _shown(value: Any) -> str:
    """A plain value for a message; of a container, only what it is."""
    return repr(value)[:40] if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
