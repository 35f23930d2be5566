"""Largest falls and deepest dips of many curves at once: what rules out a monotone curve, and what rules out a bump.

Tables hold one strength a row and one curve a column. They are gone through row by row, so that what is worked on stays
in cache; the running extremes at the end of every `CHUNK` rows are kept, and tell in which chunk the points lie.
"""

from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

Rows = Float[np.ndarray, "strengths curves"]
Sizes = Float[np.ndarray, " curves"]
Points = Int[np.ndarray, "curves points"]

CHUNK = 32


def largest_fall(high: Rows, low: Rows) -> Sizes:
    """max_{i<j} high_i - low_j."""
    fall, _, _ = _falls(high, low)
    return fall


def find_fall(high: Rows, low: Rows, above: float = -np.inf) -> tuple[Sizes, Points]:
    """max_{i<j} high_i - low_j; the first such j and the first highest i before; -1 where it is not above `above`."""
    fall, falls, tops = _falls(high, low)
    points = np.full((fall.size, 2), -1)
    curves = np.flatnonzero(fall > above)
    if curves.size:
        chunk = (falls[:, curves] < fall[curves]).sum(axis=0)
        rows, inside = _gathered(high, curves, chunk)
        before = _running(tops, curves, chunk, inside)
        with np.errstate(invalid="ignore"):
            at = (before - _taken(low, rows, curves) == fall[curves]).argmax(axis=0)
        points[curves, 1] = _picked(rows, at)
        points[curves, 0] = _first(high, tops, curves, _picked(before, at))
    return fall, points


def deepest_dip(high: Rows, low: Rows) -> Sizes:
    """max_{i<j<k} min(high_i, high_k) - low_j."""
    dip, _, _, _ = _dips(high, low)
    return dip


def find_dip(high: Rows, low: Rows, above: float = -np.inf) -> tuple[Sizes, Points]:
    """max_{i<j<k} min(high_i, high_k) - low_j; the first such j, first highest i before and last k after it (or -1)."""
    dip, dips, tops, after = _dips(high, low)
    points = np.full((dip.size, 3), -1)
    curves = np.flatnonzero(dip > above)
    if curves.size:
        chunk = (dips[:, curves] < dip[curves]).sum(axis=0)
        rows, inside = _gathered(high, curves, chunk)
        before = _running(tops, curves, chunk, inside)
        behind = _taken(after, np.minimum(rows, len(after) - 1), curves)
        with np.errstate(invalid="ignore"):
            sizes = np.minimum(before, behind) - _taken(low, rows, curves)
        at = ((sizes == dip[curves]) & (rows < len(after))).argmax(axis=0)
        points[curves, 0] = _first(high, tops, curves, _picked(before, at))
        points[curves, 1] = _picked(rows, at)
        points[curves, 2] = _last(high, after, curves, _picked(behind, at))
    return dip, points


def _falls(high: Rows, low: Rows):
    """The largest fall, its running value and that of the top at the end of every chunk."""
    top, fall, room = high[0].copy(), np.full(high.shape[1], -np.inf), np.empty(high.shape[1])
    falls, tops = np.empty((2, -(-len(high) // CHUNK), high.shape[1]))
    for chunk in range(len(tops)):
        for above, below in _rows_of(chunk, high, low):
            np.maximum(fall, np.subtract(top, below, out=room), out=fall)
            np.maximum(top, above, out=top)
        falls[chunk], tops[chunk] = fall, top
    return fall, falls, tops


def _dips(high: Rows, low: Rows):
    """The deepest dip; its running value and that of the top before at the end of every chunk; every top after."""
    after = np.empty((len(high) - 1, high.shape[1]))
    after[-1] = high[-1]
    for row in range(len(after) - 1, 0, -1):
        np.maximum(after[row], high[row], out=after[row - 1])
    top, dip, room = high[0].copy(), np.full(high.shape[1], -np.inf), np.empty(high.shape[1])
    dips, tops = np.empty((2, -(-len(high) // CHUNK), high.shape[1]))
    for chunk in range(len(tops)):
        for above, below, behind in _rows_of(chunk, high, low, after):
            np.subtract(np.minimum(top, behind, out=room), below, out=room)
            np.maximum(dip, room, out=dip)
            np.maximum(top, above, out=top)
        dips[chunk], tops[chunk] = dip, top
    return dip, dips, tops, after


def _rows_of(chunk: int, *tables: Rows):
    """The rows of a chunk, up to the shortest table's end; row 0 has nothing before it."""
    rows = slice(max(chunk * CHUNK, 1), (chunk + 1) * CHUNK)
    return zip(*(table[rows] for table in tables), strict=False)


def _gathered(table: Rows, curves: np.ndarray, chunk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of the curves the rows of its chunk, and the table there."""
    rows = np.minimum(chunk * CHUNK + np.arange(CHUNK)[:, None], len(table) - 1)
    return rows, _taken(table, rows, curves)


def _taken(table: np.ndarray, rows: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """`table[rows, curves]`, in half the time."""
    return np.take(table, rows * table.shape[1] + curves)


def _running(tops: Rows, curves: np.ndarray, chunk: np.ndarray, inside: Rows) -> Rows:
    """Before each row of a chunk, the largest value of all rows above it."""
    start = np.where(chunk > 0, tops[np.maximum(chunk, 1) - 1, curves], -np.inf)
    before = np.concatenate([start[None], inside[:-1]])
    for above, row in pairwise(before):  # down the rows together: `maximum.accumulate` goes column by column
        np.maximum(above, row, out=row)
    return before


def _first(high: Rows, tops: Rows, curves: np.ndarray, value: Sizes) -> Int[np.ndarray, " some"]:
    rows, inside = _gathered(high, curves, (tops[:, curves] < value).sum(axis=0))
    return _picked(rows, (inside == value).argmax(axis=0))


def _last(high: Rows, after: Rows, curves: np.ndarray, value: Sizes) -> Int[np.ndarray, " some"]:
    # rows below a chunk's first one reach `value` up to the chunk that holds its last occurrence
    reached = (after[CHUNK - 1 :: CHUNK, curves] >= value).sum(axis=0)
    rows, inside = _gathered(high, curves, reached)
    return _picked(rows, CHUNK - 1 - (inside == value)[::-1].argmax(axis=0))


def _picked(table: np.ndarray, at: np.ndarray) -> np.ndarray:
    return table[at, np.arange(table.shape[1])]
