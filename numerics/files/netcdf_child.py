"""Run as a program, alone: reads a netCDF 4 file and writes what it holds to standard output as an uncompressed `.npz`.

    python netcdf_child.py FILE BYTES SECONDS

A broken HDF5 file can make the library that reads it spin, allocate without end or crash, and a whole one can name
other files to be read in its place. So this program has limits of its own (`BYTES` of data, `SECONDS` of computing),
and before it reads any data it refuses whatever points elsewhere: external storage, virtual datasets, links. Of what it
writes, `index.json` gives for each group (the root is "") its attributes and variables, whose arrays are named by
numbers. It imports nothing of this project; exit status 3 means refused, the reason being one line on standard error.
"""

import json
import os
import sys
import zipfile

REFUSED = 3
SPARE = 256 * 2**20
"""Bytes of address space beside the data: the interpreter, NumPy and HDF5 map about half of it."""
MOST_OBJECTS = 10_000
DEEPEST = 4


class RefusedError(Exception):
    """The file is not what is read here; the message says why."""


def main(path, most, seconds):
    """Copy what the file holds, checked, to stdout as an archive; `RefusedError` says why it is not read."""
    _limit(most, seconds)
    os.environ["HDF5_PLUGIN_PRELOAD"] = "::"  # no filter is loaded from a library on disk
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import h5netcdf
    import h5py

    with h5py.File(path, "r") as file:
        _inspect(h5py, file, most)
    with h5netcdf.File(path, "r") as file, zipfile.ZipFile(sys.stdout.buffer, "w") as out:
        groups = {"": file, **{name: file.groups[name] for name in file.groups}}
        index, number = {}, 0
        for name, group in groups.items():
            variables = {}
            for variable, data in group.variables.items():
                _write(out, str(number), data)
                variables[variable] = {"array": number, "dims": list(data.dimensions), "attrs": _attributes(data)}
                number += 1
            index[name] = {"attrs": _attributes(group), "variables": variables}
        with out.open("index.json", "w") as member:
            member.write(json.dumps(index).encode())


def _limit(most, seconds):
    try:
        import resource
    except ImportError:  # elsewhere than on POSIX the caller's clock is the only limit
        return
    for name, value in (("RLIMIT_CPU", seconds), ("RLIMIT_AS", SPARE + 2 * most), ("RLIMIT_CORE", 0)):
        try:
            resource.setrlimit(getattr(resource, name), (value, value))
        except (AttributeError, ValueError, OSError):
            continue  # a limit that this system lacks, or a stricter one that is in force already


def _inspect(h5py, file, most):
    """Walk over all objects without reading any data."""
    seen, left, total = set(), [(file, 0)], 0
    while left:
        group, depth = left.pop()
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise RefusedError(f"{name!a} is a link to elsewhere, which is never followed")
            entry = group[name]
            info = h5py.h5o.get_info(entry.id)
            place = (info.fileno, info.addr)
            if place in seen:
                raise RefusedError(f"{name!a} stands in two places; expected every object once")
            seen.add(place)
            if len(seen) > MOST_OBJECTS or depth > DEEPEST:
                raise RefusedError("holds too many objects, or groups nested too deeply, for a sweep")
            if isinstance(entry, h5py.Group):
                left.append((entry, depth + 1))
                continue
            if not isinstance(entry, h5py.Dataset):
                raise RefusedError(f"{name!a} is neither a group nor a variable")
            if entry.external or entry.is_virtual:
                raise RefusedError(f"{name!a} keeps its data in other files, which are never read")
            if entry.dtype.kind not in "biufSO" or (
                entry.dtype.kind == "O" and not h5py.check_string_dtype(entry.dtype)
            ):
                raise RefusedError(f"{name!a} holds neither numbers nor text")
            bare = b"not a netCDF variable" in bytes(entry.attrs.get("NAME", b""))  # a dimension: its data are not read
            total += 0 if bare else entry.size * max(entry.dtype.itemsize, 1)
    if total > most:
        raise RefusedError(f"declares {total:,} bytes of data, more than the {most:,} that a file of its size may hold")


def _write(out, name, data):
    import numpy as np

    values = np.asarray(data[...])
    if values.dtype.kind in "OS":
        texts = [x.decode("utf-8") if isinstance(x, bytes) else str(x) for x in values.ravel().tolist()]
        if any("\0" in text for text in texts):
            raise RefusedError("holds a text with a NUL character")
        values = np.array(texts, dtype=str).reshape(values.shape)
    with out.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array(member, np.ascontiguousarray(values) if values.ndim else values, allow_pickle=False)


def _attributes(held):
    import numpy as np

    found = {}
    for name, value in held.attrs.items():
        if isinstance(value, bytes):
            value = value.decode("utf-8")
        if isinstance(value, np.ndarray | np.generic):
            value = value.tolist()
        if not isinstance(value, str | int | float | bool | list):
            raise RefusedError(f"the attribute {name!a} is neither text nor numbers")
        found[name] = value
    return found


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
        sys.stdout.flush()
    except RefusedError as refused:
        sys.stderr.write(f"{refused}\n")
        sys.exit(REFUSED)
    except Exception as error:  # whatever HDF5 and its readers say of broken bytes
        sys.stderr.write(f"{type(error).__name__}\n")
        sys.exit(1)
