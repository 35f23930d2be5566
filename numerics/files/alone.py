"""One process at a time writes a result: a lock that a kill releases, and that nothing is left of."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from numerics.files.atomic import remove_partial


@contextmanager
def alone(path: str | os.PathLike[str]) -> Iterator[None]:
    """Be the only process that writes the file `path` while the block runs; a `ValueError` if another one is at it.

    The lock is a file `.NAME.lock` beside it, never followed as a link. It ends with the process that holds it, however
    that ends, and is removed with the folders that were made for it if they are still empty. What killed runs have left
    half-written of `path` is removed.
    """
    path = Path(path)
    lock = path.with_name(f".{path.name}.lock")
    made = [folder for folder in lock.parents if not folder.exists()]
    handle = None
    try:
        while handle is None:
            handle = _locked(lock, path)
        remove_partial(path)
        yield
    finally:
        if handle is not None:
            try:
                lock.unlink(missing_ok=True)  # while it is held: whoever has it open already finds that it is gone
            finally:
                os.close(handle)
        with suppress(OSError):
            for folder in made:
                folder.rmdir()


def _locked(lock: Path, path: Path) -> int | None:
    """The lock file, open and locked; None if it was removed meanwhile, by the process that held it before."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except FileNotFoundError:  # with its folder
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), os.lstat(lock)):
            return handle
    except BlockingIOError:
        os.close(handle)
        raise ValueError(f"{path}: another process is writing it; wait for it, or choose another --out") from None
    except FileNotFoundError:
        pass
    os.close(handle)
    return None
