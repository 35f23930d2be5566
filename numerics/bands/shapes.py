"""How far a band of curves is from a class of shapes, exactly.

Distance is the sup-distance from a curve to the class. Of all curves inside a band, `least` (D-) is the distance of
the nearest one and `most` (D+) that of the farthest. With a curve's values l <= u in order of strength:

    rising                D+ = max_{i<j} (u_i - l_j)/2                      D-: exchange l and u
    bump (rise, fall)     D+ = max_{i<j<k} (min(u_i, u_k) - l_j)/2          D-: exchange l and u
    at most n turns       half the largest zigzag of n + 2 points, its tops from u and its bottoms from l
    convex                half the largest height of a point above the chord of a point on either side
    at most as steep      the band less the other curve, falling
    at least as convex    the band less the other curve, convex
    between two curves    how far the band reaches beyond them
    close to a curve      its distance less the remainder
    flat within s         D+ = max_{i != j} (u_i - l_j - s)/2               D-: exchange l and u

all floored at 0. Falling, U and concave are these upside down; a limit is `close` on a tail and a plateau
`flat` on one. Weak inequalities throughout: a flat stretch is allowed.
Every function works on all curves of a band at once, in time near-linear in the strengths.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from numerics.bands.band import Band, check_strengths
from numerics.bands.falls import deepest_dip, find_dip, find_fall, largest_fall
from numerics.bands.hulls import height_above_hull
from numerics.bands.zigzags import largest_zigzag

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
    return _ruled(band.lower, band.upper, largest_fall, find_fall, showing)


def falling(band: Band, showing: Showing = "all") -> Departures:
    """From the curves that never rise."""
    _need(band, 2)
    backwards = _ruled(band.lower[::-1], band.upper[::-1], largest_fall, find_fall, showing)
    points = backwards.witness[:, ::-1]
    return replace(backwards, witness=np.where(points < 0, -1, len(band.strengths) - 1 - points))


def bump(band: Band, showing: Showing = "all") -> Departures:
    """From the curves that rise and then fall; either part may be empty."""
    _need(band, 3)
    return _ruled(band.lower, band.upper, deepest_dip, find_dip, showing)


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


def slope(band: Band, at_least: Bounds | None = None, at_most: Bounds | None = None) -> Departures:
    """From the curves that climb at least as steeply as one known curve does, and at most as steeply as another."""
    parts = [] if at_least is None else [rising(band.less(at_least))]
    parts += [] if at_most is None else [falling(band.less(at_most))]
    return Departures.worse(*parts)


def curvature(band: Band, at_least: Bounds | None = None, at_most: Bounds | None = None) -> Departures:
    """From the curves of at least the second derivative of one known curve, and from those of at most another's."""
    parts = [] if at_least is None else [convex(band.less(at_least))]
    parts += [] if at_most is None else [convex(-band.less(at_most))]
    return Departures.worse(*parts)


def between(band: Band, floor: Bounds | float, ceiling: Bounds | float) -> Departures:
    """From the curves between two known ones."""
    return _pointwise(*beyond(band, floor, ceiling))


def beyond(band: Band, floor: Bounds | float, ceiling: Bounds | float) -> tuple[Bounds, Bounds]:
    """At each strength how far the nearest and the farthest value of the band lie beyond two curves."""
    return (
        np.maximum(_above(floor, band.upper), _above(band.lower, ceiling)),
        np.maximum(_above(floor, band.lower), _above(band.upper, ceiling)),
    )


def close(band: Band, value: Bounds, remainder: Bounds | float = 0.0) -> Departures:
    """From the curves within `remainder` of a known one."""
    remainder = np.broadcast_to(remainder, band.lower.shape)
    return between(band, value - remainder, value + remainder)


def flat(band: Band, within: float = 0.0) -> Departures:
    """From the curves whose largest and smallest value are at most `within` apart; of a tail, a plateau."""
    _need(band, 2)
    if not within >= 0:
        raise ValueError(f"a plateau is flat within 0 or more, got {within}")
    (least, ruled_out), (most, farthest) = _spread(band.lower, band.upper), _spread(band.upper, band.lower)
    least, most = least - within, most - within
    witness = np.where((least > 0)[:, None], ruled_out, farthest)
    return Departures(least=np.maximum(least, 0) / 2, most=np.maximum(most, 0) / 2, witness=witness)


def fewest_turns(band: Band) -> tuple[Int[np.ndarray, " curves"], Int[np.ndarray, " curves"]]:
    """The fewest turning points of any curve in the band, and the way it goes first: 1 rising, -1 falling, 0 flat.

    Greedy: go on in one direction as long as some curve in the band can.
    """
    lower, upper = band.lower, band.upper
    count = np.zeros(lower.shape[1], np.int32)
    first = np.zeros_like(count)
    may_rise, may_fall = np.ones((2, count.size), bool)
    highest, lowest = lower[0].copy(), upper[0].copy()
    for low, high in zip(lower[1:], upper[1:], strict=True):
        must_rise, must_fall = (low > lowest) & may_rise, (high < highest) & may_fall
        if (must_rise | must_fall).any():
            for forced, way, was_going, is_going, extreme in (
                (must_rise, 1, may_fall, may_rise, highest),
                (must_fall, -1, may_rise, may_fall, lowest),
            ):
                curves = np.flatnonzero(forced)
                turned = curves[~was_going[curves]]
                count[turned] += 1
                extreme[turned] = -way * np.inf
                first[curves[first[curves] == 0]] = way
                was_going[curves], is_going[curves] = True, False
        np.maximum(highest, low, out=highest)
        np.minimum(lowest, high, out=lowest)
    return count, first


def _ruled(lower: Bounds, upper: Bounds, size, find, showing: Showing) -> Departures:
    if showing == "departing":
        (least, witness), most = find(lower, upper, above=0.0), size(upper, lower)
    else:
        (least, ruled_out), (most, farthest) = find(lower, upper), find(upper, lower)
        witness = np.where((least > 0)[:, None], ruled_out, farthest)
    return Departures(least=np.maximum(least, 0) / 2, most=np.maximum(most, 0) / 2, witness=witness)


def _above(a: Bounds | float, b: Bounds | float) -> Bounds:
    """a - b, 0 for the same infinity."""
    with np.errstate(invalid="ignore"):
        return np.where(np.equal(a, b), 0.0, np.subtract(a, b))


def _spread(high: Bounds, low: Bounds) -> tuple[Float[np.ndarray, " curves"], Int[np.ndarray, "curves 2"]]:
    """max_{i != j} high_i - low_j, and these two points in order of strength."""
    fall, points = find_fall(high, low)
    rise, backwards = find_fall(high[::-1], low[::-1])
    points = np.where((fall >= rise)[:, None], points, len(high) - 1 - backwards[:, ::-1])
    return np.maximum(fall, rise), points


def _pointwise(least: Bounds, most: Bounds) -> Departures:
    worst = np.where(least.max(axis=0) > 0, least.argmax(axis=0), most.argmax(axis=0))
    return Departures(
        least=np.maximum(least.max(axis=0), 0), most=np.maximum(most.max(axis=0), 0), witness=worst[:, None]
    )


def _padded(witness: Int[np.ndarray, "curves points"], points: int) -> Int[np.ndarray, "curves points"]:
    return np.pad(witness, ((0, 0), (0, points - witness.shape[1])), constant_values=-1)


def _need(band: Band, points: int) -> None:
    check_strengths(band.strengths, least=points)
