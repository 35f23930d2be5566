"""netCDF 4 files that nobody vouches for, as datasets: read by a child process, which has limits and follows nothing.

HDF5 is a file system in a file, and its library is C: a broken file can make it spin, allocate without end or crash,
and a whole one can name other files to be read in its place. `netcdf_child.py` is the only program here that opens
such a file; what it hands over are plain arrays.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import xarray as xr

from numerics.files import netcdf_child
from numerics.files.npz import read_npz
from numerics.files.text import parse_json

LEAST, RATIO = 64 * 2**20, 20
"""A file may hold `RATIO` times its own size of data, compressed, and `LEAST` bytes in any case."""

SECONDS, SPEED = 4, 20 * 2**20
"""Of computing that reading may take, and a second more for each `SPEED` bytes of data."""

PATIENCE = 20
"""By the clock it may take so many times as long, other programs being at work too."""


def read_netcdf(path: str | Path) -> dict[str, xr.Dataset]:
    """The datasets of the file's groups by name, that of the root as "".

    A file that is not netCDF 4, points to others, holds what are neither numbers nor texts, declares more data than a
    file of its size may hold, or takes too long to read is a `ValueError`; a missing one a `FileNotFoundError`.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    if not path.is_file():
        raise ValueError(f"{path}: expected a netCDF file, got {'a directory' if path.is_dir() else 'no regular file'}")
    with path.open("rb"):  # one that may not be read says so itself
        most = max(LEAST, RATIO * path.stat().st_size)
    with tempfile.TemporaryDirectory(prefix="steerlaw-") as directory:
        copy = Path(directory) / "copy.npz"
        _run(path, copy, most)
        return _datasets(copy, path)


def _run(path: Path, copy: Path, most: int) -> None:
    seconds = SECONDS + most // SPEED
    program = [sys.executable, "-P", netcdf_child.__file__, str(path.absolute()), str(most), str(seconds)]
    with copy.open("wb") as out:
        try:
            done = subprocess.run(
                program, stdout=out, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=PATIENCE * seconds
            )
        except subprocess.TimeoutExpired:
            raise ValueError(f"{path}: takes longer to read than {PATIENCE * seconds} s; is it whole?") from None
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    if done.returncode == netcdf_child.REFUSED and said:
        raise ValueError(f"{path}: {said[-1]}")
    if done.returncode != 0:
        raise ValueError(f"{path}: not a netCDF file that can be read; expected a sweep written by steerlaw")


def _datasets(copy: Path, path: Path) -> dict[str, xr.Dataset]:
    index = _index(copy, path)
    names = [str(kept["array"]) for group in index.values() for kept in group["variables"].values()]
    arrays = read_npz(copy, names, most=copy.stat().st_size)
    found = {}
    for name, group in index.items():
        variables = {
            variable: xr.Variable(kept["dims"], arrays[str(kept["array"])], kept["attrs"])
            for variable, kept in group["variables"].items()
        }
        try:
            raw = xr.Dataset(variables, attrs=group["attrs"])
            found[name] = xr.decode_cf(raw, decode_times=False, decode_timedelta=False).load()
        except Exception as error:  # dimensions of several sizes, attributes that decode to nothing
            raise ValueError(f"{path}: its variables do not fit each other; expected a sweep of steerlaw") from error
    return found


def _index(copy: Path, path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(copy) as archive:
        return parse_json(archive.read("index.json").decode("utf-8"), f"{path}: attributes")
