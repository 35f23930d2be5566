"""The safetensors files of a checkpoint: which tensors they hold and which file each is read from.

Everything is known from the headers, whose sizes safetensors checks against the file's, before a tensor is read.
"""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from numerics.files import text
from real_models.checkpoints.config import shown
from real_models.texts.encoding import reason

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
SLAB = 2**20  # bytes read at a time
log = logging.getLogger(__name__)


def read_object(path: Path, missing: str) -> dict[str, Any]:
    """A JSON object from a file; `missing` is the error where there is no such file."""
    if not path.is_file():
        raise ValueError(missing)
    value = text.read_json(path)
    if not isinstance(value, dict):
        raise ValueError(f"{path}: expected a JSON object, got {type(value).__name__}")
    return value


def stored_tensors(directory: Path) -> dict[str, Path]:
    """The file of every tensor: `model.safetensors`, or that of the shards which the index names.

    A tensor in two shards is read where the index says; as transformers takes the last one, they have to be alike where
    that is another.
    """
    if (single := directory / SINGLE).is_file():
        return dict.fromkeys(names_in(single), single)
    index = read_index(directory)
    held = {file: names_in(file) for file in sorted(set(index.values()))}
    for name, file in index.items():
        if name not in held[file]:
            raise ValueError(f"{directory / INDEX} places {shown(name)} in {file.name}, which does not hold it")
    found: dict[str, Path] = {}
    for file, names in held.items():
        for name in names:
            if name in found and index.get(name, file) != file and not same(name, found[name], name, file):
                other = f"{found[name].name} and {file.name}"
                raise ValueError(f"{directory}: {shown(name)} differs between {other}: remove one of the two")
            found[name] = file
    return found


def weight_files(directory: Path) -> list[Path]:
    """The files that the weights are read from."""
    return sorted(set(stored_tensors(directory).values()))


def read_index(directory: Path) -> dict[str, Path]:
    """The shard of every tensor that the index lists; shards are files beside it."""
    index = directory / INDEX
    pickled = sorted(p.name for p in directory.glob("*.bin")) + sorted(p.name for p in directory.glob("*.pt"))
    mend = f": {pickled[0]} is pickled, which is never read; convert it to safetensors" if pickled else ""
    listed = read_object(index, f"{directory} has no {SINGLE} and no {INDEX}{mend}").get("weight_map")
    if not isinstance(listed, dict) or not listed:
        raise ValueError(f"{index}: expected a weight_map from tensor names to files")
    for name in {json.dumps(value): value for value in listed.values()}.values():
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors") or "\0" in name:
            raise ValueError(f"{index} lists {shown(name)}, expected the name of a .safetensors file beside it")
        if not (directory / name).is_file():
            raise ValueError(f"{index} lists {name}, which is not in {directory}")
    return {name: directory / file for name, file in listed.items()}


def names_in(file: Path) -> list[str]:
    """The names of the tensors in a file."""
    try:
        with safe_open(file, framework="np") as opened:
            return list(opened.keys())
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{file} is not a readable safetensors file: {reason(error)}") from error


class Stored:
    """One tensor of a file, mapped while the context is open: `shape`, `dtype`, and rows by slicing.

    Each tensor has a mapping of its own, closed before the next is opened: pages that were read count as memory of the
    process for as long as they are mapped, which for a whole file would double it.
    """

    def __init__(self, name: str, file: Path):
        self.name, self.file = name, file

    def __enter__(self) -> Any:
        try:
            self.opened = safe_open(self.file, framework="np").__enter__()
            return self.opened.get_slice(self.name)
        except (SafetensorError, OSError) as error:
            raise ValueError(f"{self.file} is not a readable safetensors file: {reason(error)}") from error

    def __exit__(self, *raised: Any) -> None:
        self.opened.__exit__(*raised)


def same(name: str, file: Path, other_name: str, other_file: Path) -> bool:
    """Whether two tensors are alike: shape, dtype and every value, a slab of rows at a time."""
    with Stored(name, file) as first, Stored(other_name, other_file) as second:
        kinds = [(tuple(stored.get_shape()), stored.get_dtype()) for stored in (first, second)]
        if kinds[0] != kinds[1]:
            return False
        (count, *rest), _ = kinds[0] if kinds[0][0] else ((0,), "")
        if not kinds[0][0]:
            return bool(np.array_equal(first[...], second[...]))
        step = max(1, SLAB // max(1, 8 * int(np.prod(rest, dtype=np.int64))))
        slabs = (slice(start, min(start + step, count)) for start in range(0, count, step))
        return all(np.array_equal(first[rows].view(np.uint8), second[rows].view(np.uint8)) for rows in slabs)
