"""By which row curves depart from a class of shapes by more than is allowed: the question behind first passages.

It is asked of tables `high` and `low` of one strength a row and one curve a column: for the farthest curve in a band
`high` is its upper bound and `low` its lower one, for the nearest they are exchanged. Of a row where `high` is -inf and
`low` inf nothing is known, and nothing follows from it: so a part of the strengths is left out. `allowed` is for each
curve how large a departure D (`numerics.bands.shapes`) may be. The answer is the first row up to which, and itself
included, the departure is larger; their number where it never is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.bands.band import Band
from numerics.bands.hulls import height_above_hull
from numerics.bands.zigzags import first_zigzag

Along = Float[np.ndarray, " points"]
Rows = Float[np.ndarray, "points curves"]
Sizes = Float[np.ndarray, " curves"]
Passed = Int[np.ndarray, " curves"]
Ends = Int[np.ndarray, " windows"]
Exceeding = Bool[np.ndarray, " curves"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Shape:
    """A class of shapes: `passed(strengths, high, low, allowed)` is the answer for rows in order of strength.

    Seen from the other end its curves are of the same class, upside down where the class is `turned`. Where one pass
    can say so of windows that widen at both ends, `widening(high, low, allowed, start, stop)` is the number of the
    first of them, rows `start[n]` to before `stop[n]`, on which each curve exceeds; their number where none does.
    """

    passed: Callable[[Along, Rows, Rows, Sizes], Passed]
    turned: bool = False
    widening: Callable[[Rows, Rows, Sizes, Ends, Ends], Passed] | None = None

    def passed_backwards(self, x: Along, high: Rows, low: Rows, allowed: Sizes) -> Passed:
        """The answer for rows that are gone through from the last one on, counted from there."""
        x, high, low = -x[::-1], high[::-1], low[::-1]
        return self.passed(x, -low, -high, allowed) if self.turned else self.passed(x, high, low, allowed)


def _rising(x: Along, high: Rows, low: Rows, allowed: Sizes) -> Passed:
    def falls() -> Iterator[Exceeding]:
        top, room = np.full(allowed.shape, -np.inf), np.empty(allowed.shape)
        for above, below in zip(high, low, strict=True):
            yield np.subtract(top, below, out=room) > 2 * allowed
            np.maximum(top, above, out=top)

    return _first(falls(), high)


def _bump(x: Along, high: Rows, low: Rows, allowed: Sizes) -> Passed:
    def dips() -> Iterator[Exceeding]:
        top, bottom, room = np.full(allowed.shape, -np.inf), np.full(allowed.shape, np.inf), np.empty(allowed.shape)
        for above, below in zip(high, low, strict=True):
            yield np.subtract(above, bottom, out=room) > 2 * allowed
            fell = np.subtract(top, below, out=room) > 2 * allowed
            np.minimum(bottom, np.where(fell, below, np.inf), out=bottom)
            np.maximum(top, above, out=top)

    return _first(dips(), high)


def _widening_bump(high: Rows, low: Rows, allowed: Sizes, start: Ends, stop: Ends) -> Passed:
    """A row that is added at one end is no bottom of a dip, but may be its top there, or lie below tops of the others.

    So it is enough to know the highest top, the lowest bottom, and of the bottoms that lie far enough below a top on
    their left (or on their right) the lowest.
    """
    curves = allowed.shape
    top, bottom, exceeding = np.full(curves, -np.inf), np.full(curves, np.inf), np.zeros(curves, bool)
    under_left, under_right = np.full((2, *curves), np.inf)
    room, found, twice = np.empty(curves), np.full(curves, len(start)), 2 * allowed

    def add(above: Sizes, below: Sizes, under_far: Sizes, under_near: Sizes) -> None:
        np.logical_or(exceeding, np.subtract(above, under_far, out=room) > twice, out=exceeding)
        rose = np.subtract(above, bottom, out=room) > twice
        np.putmask(under_near, rose, bottom)
        fell = np.subtract(top, below, out=room) > twice
        np.minimum(under_far, np.where(fell, below, np.inf), out=under_far)
        np.maximum(top, above, out=top)
        np.minimum(bottom, below, out=bottom)

    first, last = (np.append(start[:1], ends[:-1]) for ends in (start, stop))  # of the window before
    with np.errstate(invalid="ignore"):
        for number, begin in enumerate(start):
            for row in range(last[number], stop[number]):
                add(high[row], low[row], under_left, under_right)
            for row in range(first[number] - 1, begin - 1, -1):
                add(high[row], low[row], under_right, under_left)
            np.copyto(found, number, where=exceeding & (found == len(start)))
    return found


def _between(x: Along, high: Rows, low: Rows, allowed: Sizes) -> Passed:
    return _first((above > allowed for above in high), high)


FROM_RISING = Shape(passed=_rising, turned=True)
"""From the curves that never fall: by a fall of more than twice what is allowed."""
FROM_BUMP = Shape(passed=_bump, widening=_widening_bump)
"""From the curves that rise and then fall: by a dip of more than twice what is allowed."""
FROM_BETWEEN = Shape(passed=_between)
"""From two known curves, of which `high` is the distance."""


def from_turning(n: int) -> Shape:
    """From the curves that rise first and turn at most n times: by a zigzag of steps larger than twice that."""
    if n < 2:
        return (FROM_RISING, FROM_BUMP)[n]

    def passed(x: Along, high: Rows, low: Rows, allowed: Sizes) -> Passed:
        return first_zigzag(high, low, n, 2 * allowed)[1]

    return Shape(passed=passed, turned=n % 2 == 0)


def _convex(x: Along, high: Rows, low: Rows, allowed: Sizes) -> Passed:
    found = np.full(high.shape[1], len(high))
    for curve, most in enumerate(allowed):
        rows = np.flatnonzero((high[:, curve] > -np.inf) | (low[:, curve] < np.inf))
        obeys, exceeds = 2, len(rows) + 1  # so many rows
        while exceeds - obeys > 1:
            some = rows[: (tried := (obeys + exceeds) // 2)]
            if _height(x[some], high[some, curve], low[some, curve]) > 2 * most:
                exceeds = tried
            else:
                obeys = tried
        if exceeds <= len(rows):
            found[curve] = rows[exceeds - 1]
    return found


FROM_CONVEX = Shape(passed=_convex)
"""From the convex curves: by a point that lies more than twice what is allowed above a chord."""


def _height(x: Along, point: Along, chord: Along) -> float:
    """The largest height of a point, read from one bound, above a chord, read from the other."""
    band = Band(strengths=x, lower=np.minimum(point, chord)[:, None], upper=np.maximum(point, chord)[:, None])
    nearest, farthest, _ = height_above_hull(band, 0)
    return nearest if (point <= chord).all() else farthest


def _first(exceeding: Iterator[Exceeding], table: Rows) -> Passed:
    """The first row of a table at which each curve exceeds; their number where none does.

    Rows are gone through one by one, so that what is worked on stays in cache.
    """
    found = np.full(table.shape[1], len(table))
    with np.errstate(invalid="ignore"):
        for row, exceeds in enumerate(exceeding):
            np.copyto(found, row, where=exceeds & (found == len(table)))
    return found
