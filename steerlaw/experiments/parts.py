"""Long work in parts: each is on disk as soon as it is done, so that a run that was killed goes on where it stopped.

The parts lie in a directory beside the result, with a plan: hashes of everything that determines them. A part says what
it was made from, and is made anew where that is something else, or where it cannot be read. When the result is complete
the plan is renamed to `done.json`: from then on the directory holds nothing but the result, if it is not yet in its
place, and rubbish. So a kill at any moment leaves either work to take up or something to tidy away, never an obstacle.

    with alone(out), open_parts(out, plan) as directory:       # one process at a time; failures are tidied up
        for n, task in enumerate(tasks):
            finish_part(directory / f"{n}.nc", digest(plan, n), task)
        write(directory / RESULT)                              # whole or not at all, from the parts
        close_parts(directory)                                 # it takes its place, and the parts go
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from numerics.files.atomic import PARTIAL, write_atomically
from numerics.files.text import read_json
from numerics.observing.sweep import Sweep

PLAN, DONE, RESULT = "plan.json", "done.json", "result"
SUFFIX = ".parts"
UNREADABLE = (OSError, ValueError, KeyError, RuntimeError)
"""What reading a damaged netCDF file raises."""


def parts_directory(out: Path) -> Path:
    """Where the parts of a result are until it is complete."""
    return out.with_name(f"{out.name}{SUFFIX}")


@contextmanager
def open_parts(out: Path, plan: dict[str, Any]) -> Iterator[Path]:
    """The directory of the plan's parts, new or taken up again; a `ValueError` if it holds those of another plan.

    Hold `alone(out)` meanwhile. What a finished run left is tidied away first. Where the block ends in a `ValueError`
    the work cannot be done as it was asked for: the parts go, lest they stand in the way of what is asked for next.
    Where it ends otherwise they stay for the next run, if there are any.
    """
    directory = parts_directory(out)
    if not directory.is_symlink() and (directory / DONE).is_file():
        _tidy_away(directory)
    held = _held(directory)
    if PLAN not in held and held:
        raise ValueError(f"{directory}: is in the way, and holds no {PLAN}; choose another --out, or remove it")
    others = _differences(directory / PLAN, plan) if PLAN in held else []
    if others and held > {PLAN}:
        raise ValueError(
            f"{directory}: holds unfinished work from another {', '.join(others)}; "
            "finish that first, choose another --out, or remove the directory"
        )
    if others or not held:
        write_atomically(directory / PLAN, json.dumps(plan, indent=1))
    try:
        yield directory
    except Exception as error:
        if isinstance(error, ValueError) or _held(directory) == {PLAN}:
            close_parts(directory)
        raise


def close_parts(directory: Path) -> None:
    """Put the result in its place, if the directory holds it, and remove the parts.

    A kill at any moment of this leaves what `open_parts` completes.
    """
    if (directory / PLAN).is_file():
        os.replace(directory / PLAN, directory / DONE)
    _tidy_away(directory)


def _tidy_away(directory: Path) -> None:
    """Put a result that is not there yet in its place, and remove everything else; `DONE` last."""
    if (directory / RESULT).is_file():
        os.replace(directory / RESULT, directory.with_name(directory.name.removesuffix(SUFFIX)))
    for file in directory.iterdir():
        if file.name != DONE:
            file.unlink()
    (directory / DONE).unlink(missing_ok=True)
    directory.rmdir()


def _held(directory: Path) -> set[str]:
    """The names of what lies there, but for files whose writing was cut off; what is no directory of ours is `.`."""
    if not os.path.lexists(directory):
        return set()
    if directory.is_symlink() or not directory.is_dir():
        return {"."}
    return {file.name for file in directory.iterdir() if file.suffix != PARTIAL}


def _differences(path: Path, plan: dict[str, Any]) -> list[str]:
    """What two plans differ in."""
    try:
        earlier = read_json(path)
    except ValueError:
        earlier = None
    if not isinstance(earlier, dict):
        return ["format"]
    return [name for name in {**plan, **earlier} if earlier.get(name) != plan.get(name)]


def finish_part(path: Path, made_from: str, make: Callable[[], Sweep]) -> tuple[Sweep, bool]:
    """Make a part unless it is there, whole, and made from the same; the part as it is read, and whether it was there.

    One that has just been made is not read back: that takes a program of its own, which guards against broken files.
    """
    try:
        found = Sweep.read(path)
        if found.attributes.get("made_from") == made_from:
            return found, True
    except UNREADABLE:
        pass
    made = make()
    made = replace(made, data=made.data.assign_attrs(made_from=made_from))
    made.write(path)
    return made.as_read(), False


def digest(*values: Any) -> str:
    """The hash of arrays, by dtype, shape and content, and of anything else by its JSON."""
    total = hashlib.sha256()
    for value in values:
        array = isinstance(value, np.ndarray)
        head = f"{value.dtype.str}{value.shape}" if array else json.dumps(value)
        total.update(f"{len(head)}:{head}".encode())
        total.update(np.ascontiguousarray(value).data if array else b"")
    return total.hexdigest()
