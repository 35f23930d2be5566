"""Writing files so that nothing is ever half-written, whatever happens meanwhile."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PARTIAL = ".partial"
"""How the names of files end that are being written; one that is left over is of a run that was killed."""


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A new empty file beside `path` to write to, which takes its place, whole and on disk, when the block ends.

    Where the block raises, the new file is removed and `path` is as it was. The name is drawn at random and never
    followed as a link, a link at `path` is itself replaced, and the umask decides who may read. Missing folders are
    made.

    >>> with replacing("curves.nc") as temporary:
    ...     dataset.to_netcdf(temporary)
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}{PARTIAL}")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        _to_disk(temporary)
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if (
            isinstance(error, OSError) and error.errno and error.filename in (None, str(temporary))
        ):  # a full disk, for one
            error.filename = str(path)
        raise
    with suppress(OSError):  # some file systems know no such thing; the file itself is on disk
        _to_disk(path.parent)


def write_atomically(path: str | os.PathLike[str], content: str | bytes | memoryview) -> None:
    """Write a whole file or leave what was there."""
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def remove_partial(path: str | os.PathLike[str]) -> None:
    """Remove what runs that were killed have left of `path`; only its writer may do this, while nobody else writes."""
    path = Path(path)
    for left in path.parent.iterdir():
        if is_partial(left, path.name):
            left.unlink(missing_ok=True)


def is_partial(path: Path, name: str) -> bool:
    """Whether a file is one that was to become the file `name` beside it."""
    return re.fullmatch(rf"\.{re.escape(name)}\.[0-9a-f]{{12}}{re.escape(PARTIAL)}", path.name) is not None


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
