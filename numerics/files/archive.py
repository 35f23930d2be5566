"""Members of zip archives of unknown make (`.npz`, `.pt`): what one declares is checked before any of it is read."""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

EXPANSION = 64
"""How many times its compressed size a member may claim to be: arrays of numbers shrink far less."""
SLACK = 2**24
"""Bytes that are granted beside that, since a short compressible member is no harm."""

Read = Callable[[str], bytes]


@contextmanager
def opened_archive(path: Path) -> Iterator[tuple[list[str], Read]]:
    """The names of the members, and what reads one: `with opened_archive(path) as (names, read)`.

    A file that is no zip archive, a name that occurs twice, encryption, sizes beyond what the file can hold and damage
    of any kind are a `ValueError` that names the file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
            if len(members) < len(archive.infolist()):
                raise ValueError(f"{path}: two members of the archive have one name")
            allowed = SLACK + EXPANSION * path.stat().st_size
            if (claimed := sum(info.file_size for info in members.values())) > allowed:
                raise ValueError(f"{path}: its members claim to be {claimed} bytes, more than the file can hold")
            yield list(members), lambda name: archive.read(members[name])
    except FileNotFoundError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{path}: not a readable archive ({error})") from error
