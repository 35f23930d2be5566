"""`.pt` files as NumPy arrays, without torch and without running anything in them; writing them takes torch.

A file is a zip archive (`data.pkl` and a member `data/KEY` for every storage), or, before torch 1.6, pickles in a row
with the storages behind them. Both name a tensor by its storage, offset, shape and strides.
"""

import importlib
import io
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from numerics.files.archive import opened_archive
from numerics.files.atomic import write_atomically
from real_models.vectors.pickles import Storage, read_pickle

DTYPES = {
    "Half": "<f2",
    "BFloat16": "<u2",  # the upper half of a float32
    "Float": "<f4",
    "Double": "<f8",
    "Bool": "?",
    "Byte": "u1",
    "Char": "i1",
    "Short": "<i2",
    "Int": "<i4",
    "Long": "<i8",
}
MAGIC = 0x1950A86A20F9469CFC6C
"""What the first pickle of the old layout holds."""


def read_torch(path: Path) -> Any:
    """The value that `torch.save` wrote: tensors as arrays (bfloat16 as float32) in plain containers.

    A `ValueError` of one line names the file and what in it is no tensor; nothing in it is ever called.
    """
    with path.open("rb") as file:
        zipped = file.read(4) == b"PK\3\4"
    try:
        return (_zipped if zipped else _in_a_row)(path)
    except ValueError as error:
        said = str(error).removeprefix(f"{path}: ")
        raise ValueError(f"{path} is not a file of tensors alone: it {said}") from error


def _zipped(path: Path) -> Any:
    with opened_archive(path) as (names, read):
        pickles = [name for name in names if name.count("/") <= 1 and name.rpartition("/")[2] == "data.pkl"]
        if len(pickles) != 1:
            raise ValueError("has no data.pkl, which torch.save writes")
        root = pickles[0].removesuffix("data.pkl")
        if f"{root}byteorder" in names and read(f"{root}byteorder") != b"little":
            raise ValueError("was written on a big-endian machine")
        held: dict[str, bytes] = {}

        def numbers(storage: Storage) -> bytes:
            member = f"{root}data/{storage.key}"
            if storage.key not in held:
                if member not in names:
                    raise ValueError(f"lacks the storage {storage.key[:40]!r}")
                held[storage.key] = read(member)
            return held[storage.key]

        return read_pickle(io.BytesIO(read(pickles[0])), _builder(numbers))


def _in_a_row(path: Path) -> Any:
    """Read twice: where the storages begin is only known once the pickle has been read."""
    data = path.read_bytes()
    file = io.BytesIO(data)
    if read_pickle(file) != MAGIC:
        raise ValueError("holds a plain pickle, expected what torch.save writes")
    _protocol, system = read_pickle(file), read_pickle(file)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise ValueError("was written on a big-endian machine")
    start, sizes = file.tell(), {}

    def note(storage: Storage, *_: Any) -> None:
        sizes[storage.key] = _dtype(storage).itemsize

    read_pickle(file, note)
    keys = read_pickle(file)
    at, held = file.tell(), {}
    for key in keys if isinstance(keys, list) else ():
        if key not in sizes or key in held or len(data) - at < 8:
            raise ValueError("lists storages that it does not hold")
        (count,) = struct.unpack_from("<q", data, at)
        end = at + 8 + count * sizes[key]
        if count < 0 or end > len(data):
            raise ValueError("ends within a storage")
        held[key], at = data[at + 8 : end], end
    if missing := sizes.keys() - held:
        raise ValueError(f"lacks the storage {min(missing)[:40]!r}")
    file.seek(start)
    return read_pickle(file, _builder(lambda storage: held[storage.key]))


def _dtype(storage: Storage) -> np.dtype:
    name = storage.kind.rpartition(".")[2].removesuffix("Storage")
    if storage.kind.rpartition(".")[0] not in ("torch", "torch.storage") or name not in DTYPES:
        raise ValueError(f"holds numbers of the kind {storage.kind}, expected {', '.join(DTYPES)}")
    return np.dtype(DTYPES[name])


def _builder(stored: Callable[[Storage], bytes]) -> Callable[[Storage, Any, Any, Any], np.ndarray]:
    """What makes arrays of tensors, given what reads a storage; tensors of one storage share its numbers."""
    numbers: dict[tuple[str, str], np.ndarray] = {}

    def build(storage: Storage, offset: Any, shape: Any, strides: Any) -> np.ndarray:
        if (storage.key, storage.kind) not in numbers:
            numbers[storage.key, storage.kind] = _numbers(storage, stored(storage))
        flat = numbers[storage.key, storage.kind]
        sizes, steps, (first,) = _counts(shape), _counts(strides), _counts((offset,))
        if len(steps) != len(sizes):
            raise ValueError("holds a tensor with more axes than strides, or fewer")
        if 0 in sizes:
            return np.empty(sizes, flat.dtype)
        last = first + sum((size - 1) * step for size, step in zip(sizes, steps, strict=True))
        if math.prod(sizes) > flat.size or last >= flat.size:
            raise ValueError(
                f"holds a tensor of shape {sizes} in {flat.size} numbers (if it is expanded, save its clone)"
            )
        return np.lib.stride_tricks.as_strided(flat[first:], sizes, [step * flat.itemsize for step in steps])

    return build


def _numbers(storage: Storage, raw: bytes) -> np.ndarray:
    """All of a storage, in one dimension."""
    dtype = _dtype(storage)
    if len(raw) != storage.count * dtype.itemsize:
        raise ValueError(f"holds {len(raw)} bytes of a storage of {storage.count} numbers of {dtype.itemsize} bytes")
    flat = np.frombuffer(raw, dtype)
    if storage.kind.endswith("BFloat16Storage"):
        return (flat.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return flat


def _counts(values: Any) -> tuple[int, ...]:
    """Whole numbers from 0, as many as a tensor may have axes."""
    whole = isinstance(values, tuple) and all(type(value) is int and 0 <= value < 2**48 for value in values)
    if not whole or len(values) > 8:
        raise ValueError("holds a tensor whose shape, strides or offset are no whole numbers that can be")
    return values


def write_torch(path: Path, content: Any) -> None:
    """Write arrays, alone or in dictionaries, as torch tensors; the file appears whole or not at all."""
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        raise ValueError(f'{path}: .pt files are written with torch: pip install "steerlaw[torch]"') from None

    def tensors(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: tensors(part) for key, part in value.items()}
        return torch.from_numpy(np.ascontiguousarray(value)) if isinstance(value, np.ndarray) else value

    buffer = io.BytesIO()
    torch.save(tensors(content), buffer)
    write_atomically(path, buffer.getvalue())
