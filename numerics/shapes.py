"""How far a band of curves is from a class of shapes, exactly.

Distance is the sup-distance from a curve to the class. Of all curves inside a band, `least` (D-) is the distance of
the nearest one and `most` (D+) that of the farthest. With a curve's values l <= u in order of strength:

    rising                D+ = max_{i<j} (u_i - l_j)/2                      D-: exchange l and u
    bump (rise, fall)     D+ = max_{i<j<k} (min(u_i, u_k) - l_j)/2          D-: exchange l and u
    at most n turns       half the largest zigzag of n + 2 points, its tops from u and its bottoms from l
    convex                half the largest height of a point above the chord of a point on either side
    slope <= b            the band less b * strength, falling
    second derivative     the band less b/2 * strength^2, convex
    between two curves    how far the band reaches beyond them
    close to a curve      its distance less the remainder

all floored at 0. Falling, U and concave are these upside down. Weak inequalities throughout: a flat stretch is allowed.
Every function works on all curves of a band at once, in time near-linear in the strengths.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from numerics.bands import Band, check_strengths
from numerics.hulls import height_above_hull
from numerics.zigzags import largest_zigzag

Direction = Literal["rising", "falling"]
Showing = Literal["all", "departing"]
Bounds = Float[np.ndarray, "strengths curves"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Departures:
    """D-, D+ and, for each curve, the fewest points that show it: strength indices, padded with -1.

    The points are those of D- where it is positive (they rule the class out), else those of D+.
    """

    least: Float[np.ndarray, " curves"]
    most: Float[np.ndarray, " curves"]
    witness: Int[np.ndarray, "curves points"]

    @staticmethod
    def worse(*parts: "Departures") -> "Departures":
        """From a claim made of several: the largest departure from any one of them."""
        least = np.stack([part.least for part in parts])
        most = np.stack([part.most for part in parts])
        points = max(part.witness.shape[1] for part in parts)
        witness = np.stack([_padded(part.witness, points) for part in parts])
        ruling = np.where(least.max(axis=0) > 0, least.argmax(axis=0), most.argmax(axis=0))
        return Departures(
            least=least.max(axis=0), most=most.max(axis=0), witness=witness[ruling, np.arange(least.shape[1])]
        )


def rising(band: Band, showing: Showing = "all") -> Departures:
    """From the curves that never fall. `showing="departing"` leaves out the points of D+, to save time."""
    _need(band, 2)
    return _ruled(band, _largest_fall, _find_fall, showing)


def falling(band: Band, showing: Showing = "all") -> Departures:
    """From the curves that never rise."""
    return rising(-band, showing)


def bump(band: Band, showing: Showing = "all") -> Departures:
    """From the curves that rise and then fall; either part may be empty."""
    _need(band, 3)
    return _ruled(band, _deepest_dip, _find_dip, showing)


def valley(band: Band) -> Departures:
    """From the curves that fall and then rise (U); either part may be empty."""
    return bump(-band)


def turns(band: Band, n: int, first: Direction = "rising") -> Departures:
    """From the curves with at most `n` turning points that begin by rising (or falling)."""
    if n < 0:
        raise ValueError(f"a number of turning points is 0 or more, got {n}")
    if first == "falling":
        return turns(-band, n)
    if n == 0:
        return rising(band)
    if n == 1:
        return bump(band)
    _need(band, 3)
    (least, ruled_out), (most, farthest) = (
        largest_zigzag(high, low, n) for high, low in ((band.lower, band.upper), (band.upper, band.lower))
    )
    return Departures(least=least / 2, most=most / 2, witness=np.where(least[:, None] > 0, ruled_out, farthest))


def convex(band: Band) -> Departures:
    """From the convex curves."""
    _need(band, 3)
    heights = [height_above_hull(band, column) for column in range(band.lower.shape[1])]
    least, most, witness = (np.array(part) for part in zip(*heights, strict=True))
    return Departures(least=np.maximum(least, 0) / 2, most=np.maximum(most, 0) / 2, witness=witness)


def slope(band: Band, at_least: float | None = None, at_most: float | None = None) -> Departures:
    """From the curves whose first derivative stays between two constants, one number for all curves or one a curve."""
    line = band.strengths[:, None]
    parts = []
    if at_least is not None:
        parts.append(rising(band.less(np.asarray(at_least) * line)))
    if at_most is not None:
        parts.append(falling(band.less(np.asarray(at_most) * line)))
    return Departures.worse(*parts)


def curvature(band: Band, at_least: float | None = None, at_most: float | None = None) -> Departures:
    """From the curves whose second derivative is at least, and from those where it is at most, a constant."""
    parabola = band.strengths[:, None] ** 2 / 2
    parts = []
    if at_least is not None:
        parts.append(convex(band.less(np.asarray(at_least) * parabola)))
    if at_most is not None:
        parts.append(convex(-band.less(np.asarray(at_most) * parabola)))
    return Departures.worse(*parts)


def between(band: Band, floor: Bounds | float = -np.inf, ceiling: Bounds | float = np.inf) -> Departures:
    """From the curves between two known ones."""
    return _pointwise(
        np.maximum(floor - band.upper, band.lower - ceiling), np.maximum(floor - band.lower, band.upper - ceiling)
    )


def close(band: Band, value: Bounds, remainder: Bounds | float = 0.0) -> Departures:
    """From the curves within `remainder` of a known one."""
    remainder = np.broadcast_to(remainder, band.lower.shape)
    return between(band, value - remainder, value + remainder)


def fewest_turns(band: Band) -> tuple[Int[np.ndarray, " curves"], Int[np.ndarray, " curves"]]:
    """The fewest turning points of any curve in the band, and the way it goes first: 1 rising, -1 falling, 0 flat.

    Greedy: go on in one direction as long as some curve in the band can.
    """
    lower, upper = band.lower, band.upper
    count = np.zeros(lower.shape[1], np.int32)
    first, way = np.zeros_like(count), np.zeros_like(count)
    highest, lowest = lower[0].copy(), upper[0].copy()
    for low, high in zip(lower[1:], upper[1:], strict=True):
        must_rise, must_fall = (low > lowest) & (way <= 0), (high < highest) & (way >= 0)
        turned = (must_rise & (way < 0)) | (must_fall & (way > 0))
        count += turned
        way = np.where(must_rise, 1, np.where(must_fall, -1, way))
        first = np.where(first == 0, way, first)
        highest = np.where(turned & must_rise, low, np.maximum(highest, low))
        lowest = np.where(turned & must_fall, high, np.minimum(lowest, high))
    return count, first


def _ruled(band: Band, size, search, showing: Showing) -> Departures:
    # whole tables, not the columns wanted: picking columns out of one costs more than the search for the points
    least, witness = search(band.lower, band.upper)
    departs = (least > 0)[:, None]
    if showing == "departing":
        most, witness = size(band.upper, band.lower), np.where(departs, witness, -1)
    else:
        most, farthest = search(band.upper, band.lower)
        witness = np.where(departs, witness, farthest)
    return Departures(least=np.maximum(least, 0) / 2, most=np.maximum(most, 0) / 2, witness=witness)


def _running_max(rows: Bounds) -> Bounds:
    # np.maximum.accumulate goes down one column at a time: 15 times slower on a table than row by row
    out = rows.copy()
    for above, row in pairwise(out):
        np.maximum(above, row, out=row)
    return out


def _largest_fall(high: Bounds, low: Bounds) -> Float[np.ndarray, " curves"]:
    """max_{i<j} high_i - low_j."""
    return (_running_max(high[:-1]) - low[1:]).max(axis=0)


def _find_fall(high: Bounds, low: Bounds) -> tuple[Float[np.ndarray, " curves"], Int[np.ndarray, "curves 2"]]:
    """The same with its points."""
    before = _running_max(high[:-1])
    falls = before - low[1:]
    at = falls.argmax(axis=0)
    return _entries(falls, at), np.stack([_first(high, _entries(before, at)), at + 1], axis=1)


def _deepest_dip(high: Bounds, low: Bounds) -> Float[np.ndarray, " curves"]:
    """max_{i<j<k} min(high_i, high_k) - low_j."""
    return (np.minimum(_running_max(high[:-2]), _running_max(high[:1:-1])[::-1]) - low[1:-1]).max(axis=0)


def _find_dip(high: Bounds, low: Bounds) -> tuple[Float[np.ndarray, " curves"], Int[np.ndarray, "curves 3"]]:
    """The same with its points."""
    before, after = _running_max(high[:-2]), _running_max(high[:1:-1])[::-1]
    dips = np.minimum(before, after) - low[1:-1]
    at = dips.argmax(axis=0)
    last = len(high) - 1 - _first(high[::-1], _entries(after, at))
    return _entries(dips, at), np.stack([_first(high, _entries(before, at)), at + 1, last], axis=1)


def _entries(table: Bounds, rows: Int[np.ndarray, " curves"]) -> Float[np.ndarray, " curves"]:
    return table[rows, np.arange(table.shape[1])]


def _first(table: Bounds, value: Float[np.ndarray, " curves"]) -> Int[np.ndarray, " curves"]:
    return (table == value).argmax(axis=0)


def _pointwise(least: Bounds, most: Bounds) -> Departures:
    worst = np.where(least.max(axis=0) > 0, least.argmax(axis=0), most.argmax(axis=0))
    return Departures(
        least=np.maximum(least.max(axis=0), 0), most=np.maximum(most.max(axis=0), 0), witness=worst[:, None]
    )


def _padded(witness: Int[np.ndarray, "curves points"], points: int) -> Int[np.ndarray, "curves points"]:
    return np.pad(witness, ((0, 0), (0, points - witness.shape[1])), constant_values=-1)


def _need(band: Band, points: int) -> None:
    check_strengths(band.strengths, least=points)
