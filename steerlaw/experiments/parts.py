"""Long work in parts: each is on disk as soon as it is done, so that a run that was killed goes on where it stopped.

The parts lie in a directory beside the result, with a plan: hashes of everything that determines them. A part says what
it was made from, and is made anew where that is something else, or where it cannot be read.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from numerics.files.atomic import write_atomically
from numerics.observing.sweep import Sweep

PLAN = "plan.json"
UNREADABLE = (OSError, ValueError, KeyError, RuntimeError)
"""What reading a damaged netCDF file raises."""


def parts_directory(out: Path) -> Path:
    """Where the parts of a result are until it is complete."""
    return out.with_name(f"{out.name}.parts")


def open_parts(out: Path, plan: dict[str, Any]) -> Path:
    """The directory of the plan's parts, new or taken up again; a `ValueError` if it holds those of another plan."""
    directory = parts_directory(out)
    if (directory / PLAN).is_file():
        if others := _differences(directory / PLAN, plan):
            raise ValueError(
                f"{directory}: holds unfinished work from another {', '.join(others)}; "
                "finish that first, choose another --out, or remove the directory"
            )
    elif directory.exists() and not _empty(directory):
        raise ValueError(f"{directory}: is in the way, and holds no {PLAN}; choose another --out, or remove it")
    else:
        write_atomically(directory / PLAN, json.dumps(plan, indent=1))
    return directory


def _differences(path: Path, plan: dict[str, Any]) -> list[str]:
    """What two plans differ in."""
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        earlier = None
    if not isinstance(earlier, dict):
        return ["format"]
    return [name for name in {**plan, **earlier} if earlier.get(name) != plan.get(name)]


def _empty(directory: Path) -> bool:
    """Whether there is nothing in it, or no more than a plan whose writing was cut off."""
    return directory.is_dir() and all(file.name.startswith(f".{PLAN}") for file in directory.iterdir())


def finish_part(path: Path, made_from: str, make: Callable[[], Sweep]) -> bool:
    """Make a part unless it is there, whole, and made from the same; whether it was there."""
    try:
        if Sweep.read(path).attributes.get("made_from") == made_from:
            return True
    except UNREADABLE:
        pass
    Sweep(data=make().data.assign_attrs(made_from=made_from)).write(path)
    return False


def close_parts(directory: Path) -> None:
    """Remove the parts, whose result is complete."""
    shutil.rmtree(directory)


def digest(*values: Any) -> str:
    """The hash of arrays, by dtype, shape and content, and of anything else by its JSON."""
    total = hashlib.sha256()
    for value in values:
        array = isinstance(value, np.ndarray)
        head = f"{value.dtype.str}{value.shape}" if array else json.dumps(value)
        total.update(f"{len(head)}:{head}".encode())
        total.update(np.ascontiguousarray(value).data if array else b"")
    return total.hexdigest()
