"""Departures on every window that grows outwards from strength 0: D-(r) and D+(r), non-decreasing in the reach r.

A window of reach r holds the strengths of size at most r: those of one side, or of both. Where the class of shapes does
not depend on r, a curve that obeys on a window obeys on every smaller one, so D can only grow. With values l <= u:

    between two curves   D+(r) = max of how far the band reaches beyond them on the window
    rising               D+(r) = max_{i<j} (u_i - l_j)/2, one running maximum and one running minimum a side
    bump (rise, fall)    D+(r) = max_{i<j<k} (min(u_i, u_k) - l_j)/2: of the dips in front of a new right wall only that
                         since the last highest point can be deeper than all before it
    any other shape      refitted on each window

and D-(r) with l and u exchanged, all floored at 0. Tables hold one window a row and one curve a column.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float, Int

from numerics.bands.band import Band, check_strengths
from numerics.bands.shapes import Departures

Side = Literal["left", "right", "both"]
SIDES: tuple[Side, ...] = get_args(Side)

Rows = Float[np.ndarray, "points curves"]
Table = Float[np.ndarray, "windows curves"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Growing:
    """D- and D+ on the windows of each `reach` (sizes of strengths, ascending)."""

    reach: Float[np.ndarray, " windows"]
    least: Table
    most: Table


REFITTED = 24
"""Windows, at most, on which a shape is refitted."""


def reaches(strengths: Float[np.ndarray, " strengths"], side: Side) -> Float[np.ndarray, " windows"]:
    """The sizes at which a window of this side grows, ascending; none where there is no strength on it."""
    return np.unique(np.abs(strengths[_of_side(strengths, side)]))


def within(strengths: Float[np.ndarray, " strengths"], reach: float, side: Side) -> np.ndarray:
    """Which strengths lie in the window of this reach."""
    return _of_side(strengths, side) & (np.abs(strengths) <= reach)


def grow_between(strengths: Float[np.ndarray, " strengths"], least: Rows, most: Rows, side: Side = "both") -> Growing:
    """From pointwise distances at each strength: those to the nearest and to the farthest curve of the band."""
    reach, order, last = _outwards(strengths, side)
    tables = (np.maximum.accumulate(np.maximum(part[order], 0.0), axis=0)[last] for part in (least, most))
    return Growing(reach=reach, least=next(tables), most=next(tables))


def grow_rising(band: Band, side: Side = "both") -> Growing:
    """From the curves that never fall."""
    return _grown(band, side, _falls)


def grow_falling(band: Band, side: Side = "both") -> Growing:
    """From the curves that never rise."""
    return grow_rising(-band, side)


def grow_bump(band: Band, side: Side = "both") -> Growing:
    """From the curves that rise and then fall; either part may be empty."""
    return _grown(band, side, _dips)


def grow_refitted(band: Band, refit: Callable[[Band], Departures], points: int, side: Side = "both") -> Growing:
    """From any class of shapes, refitted on windows of at least so many points; 0 on smaller ones.

    Of many windows `REFITTED` are refitted, the largest among them. A window between two of these departs at least as
    far as the smaller and at most as far as the larger, and that is what is said of it.
    """
    reach = reaches(band.strengths, side)
    rows = np.unique(np.linspace(0, len(reach) - 1, min(len(reach), REFITTED)).round().astype(int))
    least, most = np.zeros((2, len(rows), band.lower.shape[1]))
    for row, limit in enumerate(reach[rows]):
        kept = within(band.strengths, limit, side)
        if kept.sum() >= points:
            found = refit(band[kept])
            least[row], most[row] = found.least, found.most
    every = np.arange(len(reach))
    smaller, larger = np.searchsorted(rows, every, side="right") - 1, np.searchsorted(rows, every)
    # a refit may err by rounding; the truth cannot fall
    least, most = (np.maximum.accumulate(table) for table in (least, most))
    return Growing(reach=reach, least=least[smaller], most=most[larger])


def signed_nats(
    strengths: Float[np.ndarray, " strengths"], divergence: Float[np.ndarray, " strengths"]
) -> Float[np.ndarray, " strengths"]:
    """Strengths in what they spend: the largest KL(p_alpha, p) from 0 out to each, in nats, negative left of 0.

    Windows that grow in these reach as far out on either side as so many nats go. The divergence need not grow with the
    strength; where it does not, strengths are kept apart by 1e-12 nats.
    """
    found = np.zeros(strengths.shape)
    for side in (np.flatnonzero(strengths >= 0), np.flatnonzero(strengths < 0)[::-1]):
        so_far = np.maximum.accumulate(np.maximum(divergence[side], 0.0)) + 1e-12 * np.arange(1, 1 + side.size)
        found[side] = np.sign(strengths[side]) * so_far
    return found


def first_passages(
    growing: Growing, tolerance: Float[np.ndarray, " curves"] | float
) -> tuple[Float[np.ndarray, " curves"], Float[np.ndarray, " curves"]]:
    """sup{r: D+(r) <= tolerance} and inf{r: D-(r) > tolerance} of each curve, among the windows' reaches.

    The first is 0 where no window is that close, the second infinite where none is that far.
    """
    before, after = np.concatenate([[0.0], growing.reach]), np.concatenate([growing.reach, [np.inf]])
    return before[(growing.most <= tolerance).sum(axis=0)], after[(growing.least <= tolerance).sum(axis=0)]


def _of_side(strengths: Float[np.ndarray, " strengths"], side: Side) -> np.ndarray:
    return {"left": strengths <= 0, "right": strengths >= 0, "both": np.ones(strengths.shape, bool)}[side]


def _outwards(strengths, side: Side) -> tuple[Float[np.ndarray, " windows"], Int[np.ndarray, " n"], np.ndarray]:
    """Sizes; the strengths of the side in order of size; and the last of each size among them."""
    kept = np.flatnonzero(_of_side(strengths, side))
    order = kept[np.argsort(np.abs(strengths[kept]), kind="stable")]
    sizes = np.abs(strengths[order])
    reach = np.unique(sizes)
    return reach, order, np.searchsorted(sizes, reach, side="right") - 1


def _grown(band: Band, side: Side, measure: Callable[[Rows, Rows, Float[np.ndarray, " strengths"]], Table]) -> Growing:
    check_strengths(band.strengths)
    kept = _of_side(band.strengths, side)
    x, lower, upper = band.strengths[kept], band.lower[kept], band.upper[kept]
    least, most = measure(lower, upper, x), measure(upper, lower, x)
    return Growing(reach=np.unique(np.abs(x)), least=np.maximum(least, 0.0) / 2, most=np.maximum(most, 0.0) / 2)


def _falls(high: Rows, low: Rows, x: Float[np.ndarray, " points"]) -> Table:
    """max_{i<j} high_i - low_j on every window: within either half, or from the left one down to the right one."""
    sizes = np.unique(np.abs(x))
    left, right = np.flatnonzero(x <= 0)[::-1], np.flatnonzero(x >= 0)
    table = np.full((len(sizes), high.shape[1]), -np.inf)
    for half, going_out in ((left, False), (right, True)):
        if len(half) > 1:
            inner, outer = (high, low) if going_out else (-low, -high)
            steps = np.maximum.accumulate(inner[half], axis=0)[:-1] - outer[half][1:]
            at = np.searchsorted(sizes, np.abs(x[half[1:]]))
            table[at] = np.maximum(table[at], steps)
    left, right = left[x[left] < 0], right[x[right] > 0]
    if len(left) and len(right):
        tops, bottoms = np.full(table.shape, -np.inf), np.full(table.shape, np.inf)
        tops[np.searchsorted(sizes, -x[left])] = high[left]
        bottoms[np.searchsorted(sizes, x[right])] = low[right]
        across = np.maximum.accumulate(tops, axis=0) - np.minimum.accumulate(bottoms, axis=0)
        table = np.maximum(table, across)
    return np.maximum.accumulate(table, axis=0)


def _dips(high: Rows, low: Rows, x: Float[np.ndarray, " points"]) -> Table:
    """max_{i<j<k} min(high_i, high_k) - low_j on every window."""
    sizes = np.unique(np.abs(x))
    halves = [np.flatnonzero(x <= 0)[::-1], np.flatnonzero(x >= 0)]
    table = np.full((len(sizes), high.shape[1]), -np.inf)
    for half in halves:
        at = np.searchsorted(sizes, np.abs(x[half]))
        table[at] = np.maximum(table[at], _dips_outwards(high[half], low[half]))
    if (x < 0).any() and (x > 0).any():
        table = np.maximum(table, _dips_across(high, low, x, sizes))
    return np.maximum.accumulate(table, axis=0)


def _dips_outwards(high: Rows, low: Rows) -> Rows:
    """The deepest dip whose farther wall is each point, or one deeper that is there before it.

    Dips in front of the highest point so far were counted when it came, as its wall is the highest; what is left to
    look at are the lowest point since, and that point itself as the bottom of a dip behind the one highest before it.
    """
    count = high.shape[1]
    top, since = np.full(count, -np.inf), np.full(count, np.inf)
    before, itself = top.copy(), since.copy()
    found = np.full(high.shape, -np.inf)
    for row, (above, below) in enumerate(zip(high, low, strict=True)):
        found[row] = np.maximum(np.minimum(top, above) - since, np.minimum(before, above) - itself)
        highest = above >= top
        before, itself = np.where(highest, top, before), np.where(highest, below, itself)
        since = np.where(highest, np.inf, np.minimum(since, below))
        top = np.maximum(top, above)
    return found


def _dips_across(high: Rows, low: Rows, x: Float[np.ndarray, " points"], sizes: Float[np.ndarray, " windows"]) -> Table:
    """The deepest dip on each window with a wall on either side of 0."""
    count = high.shape[1]
    centre = low[x == 0].min(axis=0) if (x == 0).any() else np.full(count, np.inf)
    sides = [_Half(high[x < 0][::-1], low[x < 0][::-1], centre), _Half(high[x > 0], low[x > 0], centre)]
    places = [
        dict(zip(np.searchsorted(sizes, np.abs(part)), range(len(part)), strict=True))
        for part in (x[x < 0][::-1], x[x > 0])
    ]
    table, deepest = np.empty((len(sizes), count)), np.full(count, -np.inf)
    for window in range(len(sizes)):
        tops = [half.top.copy() for half in sides]
        for half, place in zip(sides, places, strict=True):
            if window in place:
                half.go_on(place[window])
        for half, other, before in ((sides[0], sides[1], tops[1]), (sides[1], sides[0], tops[0])):
            np.maximum(deepest, half.under(other.top, before), out=deepest)
        table[window] = deepest
    return table


class _Half:
    """The points of one side of 0, going outwards: their highest so far, and the lowest before each of them."""

    def __init__(self, high: Rows, low: Rows, centre: Float[np.ndarray, " curves"]) -> None:
        self.high, self.seen = high, 0
        self.lowest = np.minimum.accumulate(np.concatenate([centre[None], low]), axis=0)[:-1]
        self.top = np.full(high.shape[1], -np.inf)

    def go_on(self, place: int) -> None:
        """Take in the next point."""
        self.seen = place + 1
        np.maximum(self.top, self.high[place], out=self.top)

    def under(self, wall: Float[np.ndarray, " curves"], before: Float[np.ndarray, " curves"]) -> np.ndarray:
        """The deepest dip between a wall on the other side, which was at `before`, and any point of this one.

        A later wall of at least the height has at least the depth. So that of the last point is enough, but where the
        other wall has grown while this side has higher walls than it had, farther in.
        """
        if not self.seen:
            return np.full(wall.shape, -np.inf)
        last = self.seen - 1
        found = np.minimum(wall, self.high[last]) - self.lowest[last]
        again = np.flatnonzero((wall > before) & (self.top > before) & (self.high[last] < self.top))
        if again.size:
            rows = slice(0, self.seen)
            depths = np.minimum(wall[again], self.high[rows, again]) - self.lowest[rows, again]
            found[again] = depths.max(axis=0)
        return found
