"""Arrays from `.npz` files that nobody vouches for: only those asked for, of plain types, no larger than they say.

Nothing is unpickled, and nothing is allocated before the header of an array, the archive's directory and the limit
agree on its size.
"""

import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

MOST = 2**28
"""Bytes that the arrays asked of one file may take together; what else it holds is not looked at."""

KINDS = "biufU"
"""Of NumPy's dtypes: booleans, integers, floating point numbers and text."""

SHOWN = 8


def read_npz(path: str | Path, names: Iterable[str], *, most: int = MOST) -> dict[str, np.ndarray]:
    """Those of the arrays `names` that the file holds, each a copy of its own; pickled ones are passed over.

    A file that is no archive, holds a name twice, or whose arrays are not what their headers or the archive's directory
    say, or are larger than `most` together, is a `ValueError` that names the file; a missing one a `FileNotFoundError`.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    if not path.is_file():
        raise ValueError(f"{path}: expected an .npz file, got {'a directory' if path.is_dir() else 'no regular file'}")
    try:
        with zipfile.ZipFile(path) as archive:
            return _members(archive, path, list(dict.fromkeys(names)), most)
    except _RefusedError as refused:
        raise ValueError(f"{path}: {refused}") from None
    except Exception as error:  # whatever zipfile, zlib and the parser of array headers say of broken bytes
        if isinstance(error, OSError) and error.filename:
            raise
        raise ValueError(f"{path}: not an .npz file that can be read; expected arrays of numpy.savez") from error


def npz_names(path: str | Path) -> list[str]:
    """The names of the arrays that a readable archive holds, a few of them and printable, for messages."""
    with zipfile.ZipFile(path) as archive:
        held = sorted({entry.filename.removesuffix(".npy") for entry in archive.infolist()})
    shown = [name if name.isidentifier() and len(name) < 64 else ascii(name[:32]) for name in held[:SHOWN]]
    return shown + ([f"{len(held) - SHOWN} more"] if len(held) > SHOWN else [])


class _RefusedError(Exception):
    """What is wrong with a file that could be opened."""


def _members(archive: zipfile.ZipFile, path: Path, names: list[str], most: int) -> dict[str, np.ndarray]:
    entries = archive.infolist()
    if len({entry.filename for entry in entries}) < len(entries):
        raise _RefusedError("holds two arrays of one name; expected each once")
    wanted = {f"{name}.npy": name for name in names}
    chosen = [entry for entry in entries if entry.filename in wanted]
    total, size = sum(entry.file_size for entry in chosen), path.stat().st_size
    if total > most:
        raise _RefusedError(f"declares arrays of {total:,} bytes, expected at most {most:,}")
    if any(entry.compress_size > size for entry in chosen):
        raise _RefusedError(f"declares more bytes than the {size:,} it has")
    found = {wanted[entry.filename]: _array(archive, entry, wanted[entry.filename]) for entry in chosen}
    return {name: found[name] for name in names if (array := found.get(name)) is not None and array.dtype != object}


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> np.ndarray:
    with archive.open(entry) as member:
        version = np.lib.format.read_magic(member)
        reader = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}.get(version[0])
        if reader is None:
            raise _RefusedError(f"{name} is of version {version[0]} of the array format, expected 1 or 2")
        shape, fortran, dtype = reader(member)
        if dtype.hasobject:
            return np.array(None, object)
        if dtype.kind not in KINDS or dtype.itemsize == 0 or min(shape, default=0) < 0:
            raise _RefusedError(f"{name} holds {dtype.str!a} of shape {shape}, expected numbers or text")
        count = 1
        for n in shape:
            count *= n
        size, declared = count * dtype.itemsize, entry.file_size - member.tell()
        if size != declared:
            raise _RefusedError(f"{name} has {declared:,} bytes, expected {size:,} of shape {shape}")
        data = member.read(size)
    if len(data) != size:
        raise _RefusedError(f"{name} ends after {len(data):,} bytes, expected {size:,}")
    values = np.frombuffer(data, dtype, count).reshape(shape, order="F" if fortran else "C")
    return np.array(values, dtype.newbyteorder("="))
