"""Damage done to a valid file: each mutation takes its bytes, a source of chance and another sample's bytes."""

import contextlib
import io
import json
import random
import struct
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

EXTREMES = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    2**60,
    2**63 - 1,
    2**63,
    2**64 - 1,
)
STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1e308, -0.0, 10**11, 2**63, 2**64, -(2**63), 10**400, float("nan"), float("inf")),
    *(
        "",
        "\0",
        "\ud800",
        "../../../etc/passwd",
        "/etc/passwd",
        "[/]",
        "\x1b[31m",
        "x" * 10_000,
        [],
        {},
        [[]],
        [None],
        {"": {}},
    ),
)
"""Values of every kind, to stand where another is expected."""
DEPTHS = (50, 2_000, 100_000)

Mutation = Callable[[bytes, random.Random, bytes], bytes]


def flip_bits(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """A few bits turned."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncate(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """The beginning alone."""
    return data[: rng.randrange(len(data) + 1)]


def splice(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """A piece replaced by one of another file, or left out, or there twice."""
    start, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    source = rng.choice((data, other, b""))
    low, high = sorted(rng.randrange(len(source) + 1) for _ in range(2))
    return data[:start] + source[low:high] + data[end:]


def extreme_number(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """A number of one, two, four or eight bytes set to an extreme, in the head of the file more often."""
    size, code = rng.choice(((1, "B"), (2, "H"), (4, "I"), (8, "Q")))
    if len(data) <= size:
        return data
    at = rng.randrange(min(len(data) - size, rng.choice((64, 512, len(data)))))
    number = struct.pack(rng.choice("<>") + code, rng.choice(EXTREMES) & (256**size - 1))
    return data[:at] + number + data[at + size :]


def junk(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """Something else altogether, or something more at an end."""
    extra = rng.choice(
        (b"", b"\0" * 100, b"\xff" * 100, rng.randbytes(200), b"\xef\xbb\xbf", b"\xff\xfe", b"\n\n", other)
    )
    return rng.choice((extra, data + extra, extra + data))


def nested(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """Brackets within brackets."""
    opening, closing = rng.choice((("[", "]"), ('{"a":', "}")))
    depth = rng.choice(DEPTHS)
    inside = data.decode("utf-8", "replace") if rng.random() < 0.5 else "1"
    return (opening * depth + inside + (closing * depth if rng.random() < 0.5 else "")).encode()


def change_json(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """Values of a JSON document, or of one line of JSONL, changed for strange ones, moved, left out or added."""
    with contextlib.suppress(ValueError, RecursionError):
        return _dumped(_changed(json.loads(data), rng))
    lines = data.splitlines()
    at = rng.randrange(len(lines)) if lines else 0
    with contextlib.suppress(ValueError, RecursionError, IndexError):
        return b"\n".join([*lines[:at], _dumped(_changed(json.loads(lines[at]), rng)), *lines[at + 1 :], b""])
    return flip_bits(data, rng, other)


def change_header(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """The JSON head of a safetensors file, its length kept true."""
    with contextlib.suppress(ValueError, RecursionError, struct.error):
        (length,) = struct.unpack_from("<Q", data)
        if 2 <= length < len(data):
            head = _dumped(_changed(json.loads(data[8 : 8 + length]), rng))
            return struct.pack("<Q", len(head)) + head + data[8 + length :]
    return extreme_number(data, rng, other)


def change_archive(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """A member of a zip archive damaged, left out, there twice, renamed or very large when unpacked."""
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source:
            members = [(name, source.read(name)) for name in source.namelist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return splice(data, rng, other)
    at, deed = rng.randrange(len(members) or 1), rng.randrange(6)
    with contextlib.suppress(UserWarning), zipfile.ZipFile(out, "w") as target:
        for n, (name, content) in enumerate(members):
            method = zipfile.ZIP_STORED
            if n == at and deed == 0:
                content = rng.choice(BYTES)(content, rng, other)
            elif n == at and deed == 1:
                continue
            elif n == at and deed == 2:
                name = rng.choice(("../../evil", "/etc/evil", "x" * 300, "", name + ".npy", name.upper()))
            elif n == at and deed == 3:
                content, method = content + bytes(rng.choice((10**6, 6 * 10**7))), zipfile.ZIP_DEFLATED
            elif n == at and deed == 4:
                method = rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
            elif n == at:
                target.writestr(f"more-{name}", content)
            target.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return out.getvalue()


def change_numbers_in_text(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """A field of a text set to something strange."""
    pieces = data.split(rng.choice((b",", b"\n", b" ")))
    pieces[rng.randrange(len(pieces))] = str(rng.choice(STRANGE)).encode("utf-8", "surrogatepass")
    return rng.choice((b",", b"\n", b" ")).join(pieces)


BYTES: tuple[Mutation, ...] = (flip_bits, truncate, splice, extreme_number, junk)
MUTATIONS: tuple[Mutation, ...] = (
    *BYTES,
    nested,
    change_json,
    change_header,
    change_archive,
    change_numbers_in_text,
)


def _changed(value: Any, rng: random.Random) -> Any:
    """A JSON value, something in it changed."""
    if isinstance(value, Mapping) and value and rng.random() < 0.85:
        key = rng.choice(list(value))
        match rng.randrange(6):
            case 0:
                return {name: part for name, part in value.items() if name != key}
            case 1:
                return {**value, str(rng.choice(STRANGE))[:300]: value[key]}
            case _:
                return {**value, key: _changed(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.85:
        at = rng.randrange(len(value))
        match rng.randrange(6):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return value + [value[at]] * rng.choice((1, 1000))
            case _:
                return [*value[:at], _changed(value[at], rng), *value[at + 1 :]]
    if isinstance(value, int) and not isinstance(value, bool) and rng.random() < 0.5:
        return rng.choice((value + 1, value - 1, -value, 2 * value, value * 10**9, float(value), str(value)))
    return rng.choice(STRANGE)


def _dumped(value: Any) -> bytes:
    """In ASCII alone or not, as its length has it."""
    return json.dumps(value, ensure_ascii=len(repr(value)) % 2 == 0).encode("utf-8", "surrogatepass")
