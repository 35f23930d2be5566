"""Which block each entry of a vector file is about: by its name, by its place, or because the reader is told.

Blocks are 0-based and a vector belongs to a block's output; every other convention is converted where a file is read.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float

Vectors = Mapping[int, Float[np.ndarray, " d"]]
NAMED = re.compile(
    r"(?:.*[._/-])?(?:layers?|blocks?|h|direction)[._/-]?(?P<of>[0-9]{1,6})(?:\.hook_resid_(?P<end>post|pre))?"
    r"|(?P<bare>[0-9]{1,6})"
)
MOST_NAMES = 4
"""Names of entries that a message lists."""


@dataclass(frozen=True, kw_only=True)
class VectorFile:
    """What a file holds: vectors by block (0-based, block output), and where each came from.

    `entries` says which entry of the file each block's vector is, `metadata` what the file says about them, and `notes`
    are lines on what was left out.
    """

    vectors: dict[int, Float[np.ndarray, " d"]]
    entries: dict[int, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the reader is told: the block that is meant, the row of a table, and the block that a file name tells."""

    layer: int | None = None
    row: int | None = None
    by_name: int | None = None


def block_of(name: str | int) -> int | None:
    """The block that an entry's name tells, such as `layer_3`, `model.layers.3` or `blocks.3.hook_resid_post`.

    The input of block n (`hook_resid_pre`) is the output of block n - 1. None where the name tells no block's output.
    """
    match = NAMED.fullmatch(str(name)) if type(name) in (str, int) else None
    if match is None:
        return None
    block = int(match["of"] or match["bare"] or 0) - (match["end"] == "pre")
    return block if block >= 0 else None


def from_entries(
    path: Path, names: Sequence[str | int], get: Callable[[str | int], np.ndarray], asked: Asked
) -> VectorFile:
    """Entries whose names tell their blocks, or a single one; `get` reads an entry, and only what is needed is read."""
    blocks = {name: block_of(name) for name in names}
    if not names:
        raise ValueError(f"{path} holds no vectors")
    if None not in blocks.values():
        if len(set(blocks.values())) < len(blocks):
            raise ValueError(f"{path}: two of its entries are about one block: {listed(names)}")
        wanted = {name: block for name, block in blocks.items() if asked.layer in (None, block)} or blocks
        vectors = {
            block: vector_of(path, name, get(name), asked) for name, block in wanted.items() if block is not None
        }
        return VectorFile(
            vectors=vectors, entries={block: str(name) for name, block in wanted.items() if block is not None}
        )
    if len(names) == 1:
        return from_array(path, get(names[0]), asked, str(names[0]))
    raise ValueError(
        f"{path}: holds {listed(names)}, expected one tensor, or names that tell their block, such as layer.3"
    )


def from_array(path: Path, array: np.ndarray, asked: Asked, name: str = "the array") -> VectorFile:
    """One array: a vector, whose block must be told; or a row per block, or, where a row is asked for, that one."""
    held = single(array)
    if held.ndim == 1 or asked.row is not None:
        block = asked.layer if asked.layer is not None else asked.by_name
        if block is None:
            raise ValueError(f"{path} does not say which layer its vectors belong to: give the layer (--layer)")
        row = "" if held.ndim == 1 else f", row {asked.row}"
        return VectorFile(
            vectors={block: vector_of(path, name, held, asked)},
            entries={block: f"{name}{row}"},
            metadata={"row": str(asked.row)} if row else {},
        )
    if held.ndim != 2 or not held.size:
        raise ValueError(f"{path}: {name} has shape {array.shape}, expected a vector or a row for each layer")
    return rows_by_block(path, held, range(len(held)), name)


def rows_by_block(path: Path, rows: Float[np.ndarray, "rows d"], blocks: Sequence[int], name: str) -> VectorFile:
    """A row for each of the blocks; rows of zeros steer nothing and are left out, with a line that says so."""
    empty = [row for row in range(len(rows)) if not rows[row].any()]
    kept = {block: row for row, block in enumerate(blocks) if row not in set(empty)}
    notes = [f"{path}: {name}: left out, being zero: {len(empty)} rows, the first of them {empty[0]}"] if empty else []
    return VectorFile(
        vectors={block: rows[row] for block, row in kept.items()},
        entries={block: f"{name}, row {row}" for block, row in kept.items()},
        notes=notes,
    )


def from_table(path: Path, rows: Float[np.ndarray, "rows d"], asked: Asked, name: str) -> VectorFile:
    """A table with a row per concept or feature: one of them, and the block that the reader is told."""
    if rows.ndim == 2 and asked.row is None and len(rows) != 1:
        raise ValueError(
            f"{path}: {name} has shape {rows.shape} and row is None, expected one of its rows: take it with"
            " `steerlaw convert FILE OUT --layer L --row N`"
        )
    asked = Asked(layer=asked.layer, by_name=asked.by_name, row=asked.row or 0)
    return from_array(path, rows, asked, name)


def vector_of(path: Path, name: str | int, array: np.ndarray, asked: Asked) -> Float[np.ndarray, " d"]:
    """The vector that an entry holds, alone or as the row asked for."""
    held = single(array)
    if held.ndim == 1 and not asked.row:
        return held
    if held.ndim != 2 or asked.row is None or not 0 <= asked.row < len(held):
        raise ValueError(
            f"{path}: {name} has shape {array.shape} and row is {asked.row}, expected a vector, or one of its rows"
        )
    return held[asked.row]


def single(array: np.ndarray) -> np.ndarray:
    """The array without its axes of length 1; a vector keeps its one axis."""
    return array.reshape([size for size in array.shape if size != 1] or [-1])


def listed(names: Sequence[object]) -> str:
    """The first few names, for a message."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(repr(name)[:80] for name in names[:MOST_NAMES]) + more
