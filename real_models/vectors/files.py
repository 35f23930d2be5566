"""Steering vectors in files. Canonical: safetensors, one float32 tensor `layer.{l}` of shape [d] per block (0-based).

layer.3   F32 [d]          metadata: strings such as model, model_hint, concept, counts, positions, software
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from numerics.files.atomic import write_atomically
from real_models.vectors.entries import Vectors

Metadata = Mapping[str, object]


def save_vector(path: str | Path, vectors: Vectors, metadata: Metadata | None = None) -> None:
    """Write `{block: vector}` as float32 with metadata (values as text); the file appears whole or not at all."""
    checked = checked_vectors(path, vectors)
    tensors = {f"layer.{layer}": vector for layer, vector in checked.items()}
    said = {key: str(value) for key, value in sorted((metadata or {}).items())}
    write_atomically(Path(path), in_order(save(tensors, said)))


def in_order(content: bytes) -> bytes:
    """A safetensors file whose metadata are in the order of their names: the library shuffles them at every writing."""
    end = 8 + int.from_bytes(content[:8], "little")
    head = json.loads(content[8:end])
    if "__metadata__" in head:
        head["__metadata__"] = dict(sorted(head["__metadata__"].items()))
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    text = text.ljust(-(-len(text) // 8) * 8)  # tensors begin at multiples of 8
    return len(text).to_bytes(8, "little") + text + content[end:]


def load_vector(path: str | Path) -> dict[int, Float[np.ndarray, " d"]]:
    """`{block: float32 vector}` of a canonical file, in order of block; a `ValueError` names what is wrong in it."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such vector file")
    with opened_safetensors(path) as (_, names, read):
        for name in names:
            if not re.fullmatch(r"layer\.(0|[1-9][0-9]{0,5})", name):
                raise ValueError(f"{path}: tensor {name!r}, expected names layer.0, layer.1, ...")
        tensors = {int(name.removeprefix("layer.")): read(name) for name in names}
    if wrong := next(
        (f"layer.{layer} is {array.dtype}" for layer, array in tensors.items() if array.dtype != "f4"), None
    ):
        raise ValueError(f"{path}: {wrong}, expected float32")
    return checked_vectors(path, tensors)


@contextmanager
def opened_safetensors(path: str | Path) -> Iterator[tuple[dict[str, str], list[str], Callable[[str], np.ndarray]]]:
    """Metadata, names and what reads a tensor; whatever is wrong in the file is a `ValueError` that names it."""
    try:
        with safe_open(path, framework="np") as opened:

            def read(name: str) -> np.ndarray:
                try:
                    return opened.get_tensor(name)
                except (AttributeError, KeyError, TypeError) as error:  # a dtype that NumPy has not
                    raise ValueError(f"{path}: {name} is not of a dtype that can be read: {error}") from error

            yield opened.metadata() or {}, list(opened.keys()), read
    except SafetensorError as error:
        raise ValueError(f"{path} is not a readable safetensors file: {error}") from error


def checked_vectors(path: str | Path, vectors: Vectors) -> dict[int, Float[np.ndarray, " d"]]:
    """The vectors in float32 and in order of block, when each can steer.

    At least one; each of one axis, of one common width above 0, of floating-point numbers that float32 can hold with
    their norm, not all of them zero; else a `ValueError` that names the file, the block and what is wrong.
    """
    if not vectors:
        raise ValueError(f"{path}: no vectors, expected one block or more")
    checked = {}
    for layer, vector in sorted(vectors.items()):
        given = np.asarray(vector)
        if layer < 0:
            raise ValueError(f"{path}: layer is {layer}, expected a block number from 0")
        if not jnp.issubdtype(given.dtype, jnp.floating):
            raise ValueError(f"{path}: the vector of layer {layer} is {given.dtype}, expected floating-point numbers")
        if given.ndim != 1 or given.size == 0 or (checked and given.shape != next(iter(checked.values())).shape):
            raise ValueError(f"{path}: the vector of layer {layer} has shape {given.shape}, expected one width above 0")
        with np.errstate(over="ignore", under="ignore"):  # both are refused below
            narrow = np.ascontiguousarray(given, np.float32)
            norm = np.float32(np.linalg.norm(narrow.astype(np.float64)))
        if not np.isfinite(given).all():
            hint = " (beyond float16's largest?)" if given.dtype == np.float16 else ""
            raise ValueError(f"{path}: the vector of layer {layer} contains NaN or infinite entries{hint}")
        if not np.isfinite(norm):
            raise ValueError(f"{path}: the vector of layer {layer} has entries or a norm beyond float32's largest")
        if norm == 0:
            raise ValueError(f"{path}: the vector of layer {layer} is zero and steers nothing")
        checked[layer] = narrow
    return checked
