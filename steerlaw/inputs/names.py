"""Names of files that tell them apart, and hashes that tell what is in them."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path


def short_names(paths: Iterable[str | Path]) -> dict[Path, str]:
    """Each path by its last part; those that share it by as many parts from the end as tell them apart.

    >>> list(short_names(["runs/1/sweep.nc", "runs/2/sweep.nc", "curve.csv"]).values())
    ['1/sweep.nc', '2/sweep.nc', 'curve.csv']
    """
    known = list(dict.fromkeys(map(Path, paths)))
    longest = max((1, *(len(path.parts) for path in known)))
    names: dict[Path, str] = {}
    for length in range(1, longest + 1):
        ends = {path: Path(*path.parts[-length:]).as_posix() for path in known if path not in names}
        shared = list(ends.values())
        names |= {path: end for path, end in ends.items() if shared.count(end) == 1 or length == longest}
    return {path: names[path] for path in known}


def sha256(path: Path) -> str:
    """The hash of a file, or of a directory's files by name and content."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            if path.is_dir():
                digest.update(f"{file.relative_to(path)}\0".encode())
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def sha256_once(path: Path) -> str:
    """`sha256`, for what is asked for again and again: not read anew while sizes and times of writing stay the same."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return _known(path, tuple((file.stat().st_size, file.stat().st_mtime_ns) for file in files))


@cache
def _known(path: Path, _state: tuple[tuple[int, int], ...]) -> str:
    return sha256(path)
