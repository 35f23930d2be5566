"""One stored tensor at a time: its parts, in our layout and dtype, in memory that JAX takes over as it lies."""

import math
from pathlib import Path
from typing import Any

import jax
import numpy as np

from real_models.checkpoints.layouts import Tensor
from real_models.checkpoints.stored import SLAB
from real_models.decoding.decoder import Params, at_least_float32

STORED_DTYPES = ("BF16", "F16", "F32", "F64")


def convert(tensor: Tensor, stored: Any, dtype: Any, file: Path) -> list[jax.Array]:
    """The parts of one stored tensor, in our layout and dtype; nothing is allocated before its shape is as expected."""
    shape, stored_dtype = tuple(stored.get_shape()), stored.get_dtype()
    if shape != tensor.shape:
        raise ValueError(f"{file}: {tensor.name} has shape {list(shape)}, expected {list(tensor.shape)}")
    if stored_dtype not in STORED_DTYPES:
        raise ValueError(f"{file}: {tensor.name} is stored as {stored_dtype}, expected one of {STORED_DTYPES}")
    dtype = at_least_float32(dtype) if tensor.offset else dtype  # 1 + w needs more digits than a half-precision w
    *rows, width = shape[::-1] if tensor.transpose else shape
    parts, start = [], 0
    for share in tensor.widths or [width // len(tensor.paths)] * len(tensor.paths):
        parts.append(part := empty((*rows, share), dtype))
        fill(part.T if tensor.transpose else part, stored, start, by_rows=tensor.transpose or len(shape) == 1)
        if tensor.offset:
            part += tensor.offset
        start += share
    return [jax.device_put(part) for part in parts]


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array to be filled, at a multiple of 64 bytes: such a one JAX takes over on a CPU as it lies."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.empty(size + 63, np.uint8)
    start = -room.ctypes.data % 64
    return room[start : start + size].view(dtype).reshape(shape)


def fill(part: np.ndarray, stored: Any, first: int, *, by_rows: bool) -> None:
    """Copy the part of a stored tensor that begins at its row, or its column, `first`, a slab of rows at a time."""
    count, width = len(part), part.shape[-1]
    step = max(1, SLAB // part[:1].nbytes)
    for start in range(0, count, step):
        stop = min(start + step, count)
        if by_rows:
            part[start:stop] = stored[first + start : first + stop]
        else:
            part[start:stop] = stored[start:stop, first : first + width]


def insert(params: Params, path: str, array: jax.Array) -> None:
    """Put an array at a dotted path of nested dictionaries."""
    *folders, leaf = path.split(".")
    for folder in folders:
        params = params.setdefault(folder, {})
    params[leaf] = array


def as_lists(params: Params) -> Params:
    """The same parameters with the blocks as a list in order."""
    blocks = params["blocks"]
    return {**params, "blocks": [blocks[str(block)] for block in range(len(blocks))]}
