"""Read a checkpoint directory: `config.json` beside safetensors weights, in one file or in shards with an index.

Pickled weights (`.bin`, `.pt`) are never read, since unpickling runs code.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError, safe_open

from numerics.files import text as files
from real_models.checkpoints.families import family_of
from real_models.checkpoints.layouts import Tensor
from real_models.decoding.decoder import Params, Spec, at_least_float32

DTYPES = {"float32": jnp.float32, "bfloat16": jnp.bfloat16, "float64": jnp.float64}
STORED_DTYPES = ("BF16", "F16", "F32", "F64")
SLAB = 2**20  # bytes converted at a time


def read_checkpoint(directory: str | Path, dtype: str = "float32") -> tuple[Spec, Params]:
    """The `Spec` and the parameters of the checkpoint in `directory`, converted to the compute `dtype`.

    `dtype` is "float32", "bfloat16" or "float64"; the stored weights may be bfloat16, float16, float32 or float64.
    A `ValueError` of one line names what is missing, left over, misshapen or unsupported, and the file it is in.
    """
    directory = Path(directory)
    compute_dtype = resolve_dtype(dtype)
    config_file = directory / "config.json"
    config = read_json(config_file, f"{directory} is no checkpoint: it has no config.json")
    try:
        family, fields = family_of(config)
        spec = family.spec(fields)
    except ValueError as error:
        raise ValueError(f"{config_file}: {error}") from error
    # A tied unembedding is the embedding, so a copy of it in the files is no weight of its own.
    ignored = family.ignored + (r"|lm_head\.weight" if spec.tied else "")
    tensors = {tensor.name: tensor for tensor in family.tensors(fields, spec)}
    return spec, read_weights(directory, tensors, family.prefix, ignored, compute_dtype)


def resolve_dtype(dtype: str) -> Any:
    """The JAX dtype of that name; float64 needs JAX's 64-bit mode, which importing `numerics` turns on."""
    if dtype not in DTYPES:
        raise ValueError(f"unknown dtype {dtype!r}, expected one of {sorted(DTYPES)}")
    if dtype == "float64" and not jax.config.read("jax_enable_x64"):
        raise ValueError("float64 needs JAX's 64-bit mode: jax.config.update('jax_enable_x64', True)")
    return DTYPES[dtype]


def read_json(path: Path, missing: str) -> dict[str, Any]:
    """A JSON object from a file; `missing` is the error where there is no such file."""
    if not path.is_file():
        raise ValueError(missing)
    value = files.read_json(path)
    if not isinstance(value, dict):
        raise ValueError(f"{path}: expected a JSON object, got {type(value).__name__}")
    return value


def weight_files(directory: Path) -> list[Path]:
    """The safetensors files of a checkpoint: `model.safetensors`, or the shards that its index lists."""
    single, index = directory / "model.safetensors", directory / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    pickled = sorted(p.name for p in directory.glob("*.bin")) + sorted(p.name for p in directory.glob("*.pt"))
    mend = f": {pickled[0]} is pickled, which is never read; convert it to safetensors" if pickled else ""
    shards = read_json(index, f"{directory} has no model.safetensors and no {index.name}{mend}").get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise ValueError(f"{index}: expected a weight_map from tensor names to files")
    files = [directory / name for name in sorted(set(shards.values()))]
    for file in files:
        if not file.is_file():
            raise ValueError(f"{index} lists {file.name}, which is not in {directory}")
    return files


def stored_tensors(files: list[Path]) -> Iterator[tuple[str, Any]]:
    """Names and lazily read slices of every tensor in the files (memory-mapped).

    Each tensor has a mapping of its own, closed before the next is opened: pages that were read count as memory of the
    process for as long as they are mapped, which for a whole file would double it.
    """
    for file in files:
        try:
            with safe_open(file, framework="np") as opened:
                names = list(opened.keys())
            for name in names:
                with safe_open(file, framework="np") as opened:
                    yield name, opened.get_slice(name)
        except SafetensorError as error:
            raise ValueError(f"{file} is not a readable safetensors file: {error}") from error


def read_weights(directory: Path, tensors: dict[str, Tensor], prefix: str, ignored: str, dtype: Any) -> Params:
    """Our parameters from the files; each expected tensor exactly once, and no other but the `ignored`."""
    wanted = dict(tensors)
    params: Params = {}
    unused = []
    for stored_name, stored in stored_tensors(weight_files(directory)):
        name = re.sub(rf"^(?:{prefix})", "", stored_name)
        if tensor := wanted.pop(name, None):
            for path, part in zip(tensor.paths, convert(tensor, stored, dtype, directory), strict=True):
                insert(params, path, part)
        elif not re.fullmatch(ignored, name):
            unused.append(stored_name)
    for what, names in (("lacks weights", sorted(wanted)), ("has weights that nothing uses", unused)):
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise ValueError(f"{directory} {what}: {', '.join(names[:3])}{more}")
    return as_lists(params)


def convert(tensor: Tensor, stored: Any, dtype: Any, directory: Path) -> list[jax.Array]:
    """The parts of one stored tensor, in our layout and dtype."""
    shape, stored_dtype = tuple(stored.get_shape()), stored.get_dtype()
    if shape != tensor.shape:
        raise ValueError(f"{directory}: {tensor.name} has shape {list(shape)}, expected {list(tensor.shape)}")
    if stored_dtype not in STORED_DTYPES:
        raise ValueError(f"{directory}: {tensor.name} is stored as {stored_dtype}, expected one of {STORED_DTYPES}")
    dtype = at_least_float32(dtype) if tensor.offset else dtype  # 1 + w needs more digits than a half-precision w
    ours = shape[::-1] if tensor.transpose else shape
    parts = [empty((*ours[:-1], ours[-1] // len(tensor.paths)), dtype) for _ in tensor.paths]
    for number, part in enumerate(parts):
        fill(part.T if tensor.transpose else part, stored, number, by_rows=tensor.transpose or len(shape) == 1)
        if tensor.offset:
            part += tensor.offset
    return [jax.device_put(part) for part in parts]


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array to be filled, at a multiple of 64 bytes: such a one JAX takes over on a CPU as it lies."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.empty(size + 63, np.uint8)
    start = -room.ctypes.data % 64
    return room[start : start + size].view(dtype).reshape(shape)


def fill(part: np.ndarray, stored: Any, number: int, *, by_rows: bool) -> None:
    """Copy one of several equal parts of a stored tensor, along its rows or its columns, a slab of rows at a time."""
    count, width = len(part), part.shape[-1]
    step = max(1, SLAB // part[:1].nbytes)
    for start in range(0, count, step):
        stop = min(start + step, count)
        if by_rows:
            part[start:stop] = stored[number * count + start : number * count + stop]
        else:
            part[start:stop] = stored[start:stop, number * width : (number + 1) * width]


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
