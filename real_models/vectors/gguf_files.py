"""GGUF control vectors, as llama.cpp and repeng keep them: read within bounds, and written.

A file is `GGUF`, a version, the number of tensors and of fields; the fields (name, type, value); the tensors' names,
shapes, types and offsets; and, aligned, their numbers. All little-endian.
"""

import mmap
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from numerics.files.atomic import write_atomically

SCALARS = {0: "B", 1: "b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "?", 10: "<Q", 11: "<q", 12: "<d"}
TEXT, LIST = 8, 9
UINT32 = 4
NUMBERS = {0: "<f4", 1: "<f2", 28: "<f8", 30: "<u2"}
"""Types of tensors that are read: F32, F16, F64 and BF16, the upper half of a float32."""
BF16 = 30
ALIGNMENT = 32
DEPTH = 8
"""How deep lists may lie in lists."""


@dataclass(kw_only=True)
class Cursor:
    """A place in the bytes, which only moves on within them."""

    data: bytes | mmap.mmap
    at: int = 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise ValueError(f"ends at byte {len(self.data)}, within something of {count} bytes")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self) -> str:
        return self.take(self.number("<Q")).decode("utf-8")

    def value(self, kind: int, depth: int = 0) -> Any:
        """A field's value; lists, which are of no use here, are stepped over as None."""
        if kind == TEXT:
            return self.text()
        if kind in SCALARS:
            return self.number(SCALARS[kind])
        if kind != LIST or depth > DEPTH:
            raise ValueError(f"has a field of type {kind}, which there is not, or lists in lists without end")
        inner, count = self.number("<I"), self.number("<Q")
        if inner in SCALARS:
            self.take(count * struct.calcsize(SCALARS[inner]))
            return None
        for _ in range(min(count, len(self.data))):  # each takes a byte or more
            self.value(inner, depth + 1)
        return None


def read_gguf(path: Path) -> tuple[dict[int, Float[np.ndarray, " d"]], dict[str, str]]:
    """The vectors `direction.N` by block N, and what the file says about its model; errors name the file."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _read(Cursor(data=data))
    except ValueError as error:  # an empty file cannot be mapped, which is one too
        raise ValueError(f"{path} is not a readable GGUF control vector: it {error}") from error


def _read(cursor: Cursor) -> tuple[dict[int, np.ndarray], dict[str, str]]:
    if cursor.take(4) != b"GGUF":
        raise ValueError("does not begin with GGUF")
    if (version := cursor.number("<I")) not in (2, 3):
        raise ValueError(f"is of version {version}, expected 2 or 3 (little-endian)")
    tensors, fields = cursor.number("<Q"), {}
    for _ in range(cursor.number("<Q")):
        name = cursor.text()
        fields[name] = cursor.value(cursor.number("<I"))
    if (architecture := fields.get("general.architecture")) != "controlvector":
        raise ValueError(f"holds a {architecture!r}, expected a 'controlvector'")
    found = [_declared(cursor) for _ in range(min(tensors, len(cursor.data)))]
    alignment = fields.get("general.alignment", ALIGNMENT)
    if type(alignment) is not int or alignment < 1:
        raise ValueError(f"has the alignment {alignment!r}, expected a number of bytes")
    start = -(-cursor.at // alignment) * alignment
    if sum(count for _, count, _, _ in found) > len(cursor.data):
        raise ValueError("declares vectors of more numbers than it has bytes")
    vectors = {}
    for block, count, kind, offset in found:
        if block in vectors:
            raise ValueError(f"has two tensors direction.{block}")
        numbers = np.dtype(NUMBERS[kind])
        raw = Cursor(data=cursor.data, at=min(start + offset, len(cursor.data))).take(count * numbers.itemsize)
        vector = np.frombuffer(raw, numbers)
        vectors[block] = (vector.astype(np.uint32) << np.uint32(16)).view(np.float32) if kind == BF16 else vector
    hint = fields.get("controlvector.model_hint")
    return vectors, {"model_hint": hint} if isinstance(hint, str) and hint else {}


def _declared(cursor: Cursor) -> tuple[int, int, int, int]:
    """Block, entries, type and offset of the next tensor that is declared."""
    name, axes = cursor.text(), cursor.number("<I")
    if axes > 4:
        raise ValueError(f"has a tensor of {axes} axes, expected 1")
    shape = [cursor.number("<Q") for _ in range(axes)]
    kind, offset = cursor.number("<I"), cursor.number("<Q")
    block = re.fullmatch(r"direction\.([0-9]{1,6})", name)
    if block is None or len(shape) != 1 or kind not in NUMBERS:
        raise ValueError(
            f"has a tensor {name[:80]!r} of shape {shape} and type {kind}, expected vectors direction.1, ..."
        )
    return int(block[1]), shape[0], kind, offset


def write_gguf(path: Path, vectors: Mapping[int, Float[np.ndarray, " d"]], model_hint: str) -> None:
    """As llama.cpp and repeng read it: version 3, one float32 vector `direction.N` per block N."""
    fields = [
        _text("general.architecture") + struct.pack("<I", TEXT) + _text("controlvector"),
        _text("controlvector.model_hint") + struct.pack("<I", TEXT) + _text(model_hint),
        _text("controlvector.layer_count") + struct.pack("<II", UINT32, len(vectors)),
    ]
    declared, numbers = b"", b""
    for block, vector in vectors.items():
        declared += _text(f"direction.{block}") + struct.pack("<IQIQ", 1, len(vector), 0, len(numbers))
        numbers += _padded(np.asarray(vector, "<f4").tobytes())
    head = b"GGUF" + struct.pack("<IQQ", 3, len(vectors), len(fields)) + b"".join(fields)
    write_atomically(path, _padded(head + declared) + numbers)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % ALIGNMENT)
