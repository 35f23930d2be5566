"""Steering vectors in files. Canonical: safetensors, one float32 tensor `layer.{l}` of shape [d] per block (0-based).

layer.3   F32 [d]          metadata: strings such as model, concept, counts, positions, software
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Array, Float
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from numerics.files.atomic import write_atomically

Vectors = Mapping[int, Float[np.ndarray, " d"] | Float[Array, " d"]]


def save_vector(path: str | Path, vectors: Vectors, metadata: Mapping[str, object] | None = None) -> None:
    """Write `{block: vector}` as float32 with metadata (values as text); the file appears whole or not at all."""
    if not vectors:
        raise ValueError("no vectors to save, expected one block or more")
    tensors = {}
    for layer, vector in vectors.items():
        if layer < 0:
            raise ValueError(f"layer is {layer}, expected a block number from 0")
        with np.errstate(over="ignore"):  # what overflows float32 is refused below
            tensors[f"layer.{layer}"] = np.ascontiguousarray(np.asarray(vector), np.float32)
    checked_vectors(path, tensors)
    write_atomically(Path(path), save(tensors, {key: str(value) for key, value in (metadata or {}).items()}))


def load_vector(path: str | Path) -> dict[int, Float[np.ndarray, " d"]]:
    """`{block: float32 vector}` of a canonical file, in order of block; a `ValueError` names what is wrong in it."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such vector file")
    try:
        with safe_open(path, framework="np") as opened:
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  (no mapping)
    except SafetensorError as error:
        raise ValueError(f"{path} is not a readable safetensors file: {error}") from error
    if not tensors:
        raise ValueError(f"{path} holds no vectors")
    checked_vectors(path, tensors)
    by_layer = {int(name.removeprefix("layer.")): tensor for name, tensor in tensors.items()}
    return dict(sorted(by_layer.items()))


def vector_metadata(path: str | Path) -> dict[str, str]:
    """The metadata of a canonical file."""
    with safe_open(path, framework="np") as opened:
        return opened.metadata() or {}


def checked_vectors(path: str | Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Names, dtype, one common width, finite entries."""
    width = next(iter(tensors.values())).shape
    for name, tensor in tensors.items():
        if not re.fullmatch(r"layer\.(0|[1-9]\d*)", name):
            raise ValueError(f"{path}: tensor {name!r}, expected names layer.0, layer.1, ...")
        if tensor.dtype != np.float32:
            raise ValueError(f"{path}: {name} is {tensor.dtype}, expected float32")
        if tensor.ndim != 1 or tensor.shape != width:
            raise ValueError(f"{path}: {name} has shape {tensor.shape}, expected vectors of one width")
        if not np.isfinite(tensor).all():
            raise ValueError(f"{path}: {name} contains NaN or infinite entries")
