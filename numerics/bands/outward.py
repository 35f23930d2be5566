"""How far out curves obey: first passages of a departure through a tolerance, on windows that grow from strength 0.

A window of reach r holds the strengths of size at most r: those of one side, or of both. Where the class of shapes does
not depend on r, a curve that obeys on a window obeys on every smaller one, so D-(r) and D+(r) can only grow, and there
is one place where they pass a tolerance. Tables hold one strength a row and one curve a column.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float, Int

from numerics.bands.band import check_strengths
from numerics.bands.exceeding import Shape

Side = Literal["left", "right", "both"]
SIDES: tuple[Side, ...] = get_args(Side)

Rows = Float[np.ndarray, "points curves"]
Passed = Int[np.ndarray, " curves"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Windows that grow: the n-th holds the rows from `start[n]` to before `stop[n]` and has size `reach[n]`.

    The last axis is one of curves, or of length 1 where all have the same windows. Curves with fewer windows than
    others have their last one again.
    """

    reach: Float[np.ndarray, "windows curves"]
    start: Int[np.ndarray, "windows curves"]
    stop: Int[np.ndarray, "windows curves"]

    def of(self, curves: np.ndarray | slice) -> "Windows":
        """Those of some curves."""
        if self.reach.shape[1] == 1:
            return self
        return Windows(reach=self.reach[:, curves], start=self.start[:, curves], stop=self.stop[:, curves])

    @property
    def end(self) -> Float[np.ndarray, " curves"]:
        """The largest reach; 0 where there is no window."""
        return self.reach.max(axis=0, initial=0.0)


def windows(strengths: Float[np.ndarray, " strengths"], side: Side = "both") -> Windows:
    """Those of a side, one for each size that strengths have; none where there is no strength on it."""
    check_strengths(strengths, least=1)
    reach = reaches(strengths, side)
    low, high = (-reach if side != "right" else np.zeros_like(reach)), (reach if side != "left" else 0 * reach)
    start, stop = np.searchsorted(strengths, low), np.searchsorted(strengths, high, side="right")
    return Windows(reach=reach[:, None], start=start[:, None], stop=stop[:, None])


def windows_of_each(strengths: Float[np.ndarray, "groups strengths"], curves: int) -> Windows:
    """Those on both sides of so many curves for each group, one group after the other, along strengths of its own."""
    each = [windows(own) for own in strengths]
    most = max((len(one.reach) for one in each), default=0)

    def joined(name: str) -> np.ndarray:
        columns = (getattr(one, name)[:, 0] for one in each)
        return np.repeat(np.stack([np.pad(own, (0, most - len(own)), "edge") for own in columns], axis=1), curves, 1)

    return Windows(reach=joined("reach"), start=joined("start"), stop=joined("stop"))


def reaches(strengths: Float[np.ndarray, " strengths"], side: Side) -> Float[np.ndarray, " windows"]:
    """The sizes at which a window of this side grows, ascending; none where there is no strength on it."""
    return np.unique(np.abs(strengths[_of_side(strengths, side)]))


def within(strengths: Float[np.ndarray, " strengths"], reach: float, side: Side) -> np.ndarray:
    """Which strengths lie in the window of this reach."""
    return _of_side(strengths, side) & (np.abs(strengths) <= reach)


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
    shape: Shape,
    strengths: Float[np.ndarray, " points"],
    lower: Rows,
    upper: Rows,
    grown: Windows,
    tolerance: Float[np.ndarray, " curves"] | float,
) -> tuple[Float[np.ndarray, " curves"], Float[np.ndarray, " curves"]]:
    """sup{r: D+(r) <= tolerance} and inf{r: D-(r) > tolerance} of each curve between two bounds, among the reaches.

    D is the departure from a class of shapes. The first is 0 where no window is that close, the second infinite where
    none is that far.
    """
    allowed = np.broadcast_to(tolerance, lower.shape[1])
    farthest = _passed(shape, strengths, upper, lower, grown, allowed)
    nearest = _passed(shape, strengths, lower, upper, grown, allowed)
    reach = np.broadcast_to(grown.reach, (len(grown.reach), allowed.size))
    before, after = np.vstack([0 * allowed, reach]), np.vstack([reach, 0 * allowed + np.inf])
    curves = np.arange(allowed.size)
    return before[farthest, curves], after[nearest, curves]


def _passed(shape: Shape, strengths: np.ndarray, high: Rows, low: Rows, grown: Windows, allowed: np.ndarray) -> Passed:
    """The number of the first window of each curve on which the departure exceeds what is allowed; else their number.

    One pass outwards says it of each side of 0. A window on both sides exceeds where its part on either does, and maybe
    before: that is found by bisection, of the curves whose last window before then exceeds.
    """
    if not len(grown.reach):
        return np.zeros(allowed.shape, np.int64)
    right, left = slice(np.searchsorted(strengths, 0), None), slice(np.searchsorted(strengths, 0, side="right"))
    until = right.start + shape.passed(strengths[right], high[right], low[right], allowed)
    since = left.stop - 1 - shape.passed_backwards(strengths[left], high[left], low[left], allowed)
    first = ((grown.stop <= until) & (grown.start > since)).sum(axis=0)
    two_sided = (grown.start < right.start).any(axis=0) & (grown.stop > left.stop).any(axis=0)
    passed, tried, rows = np.where(two_sided, 0, first), first - 1, np.arange(len(high))[:, None]
    while (open_still := np.flatnonzero(passed < first)).size:
        own = open_still if grown.reach.shape[1] > 1 else np.zeros_like(open_still)
        at = tried[open_still]
        inside = (rows >= grown.start[at, own]) & (rows < grown.stop[at, own])
        masked = np.where(inside, high[:, open_still], -np.inf), np.where(inside, low[:, open_still], np.inf)
        exceeds = shape.passed(strengths, *masked, allowed[open_still]) < len(high)
        first[open_still[exceeds]] = at[exceeds]
        passed[open_still[~exceeds]] = at[~exceeds] + 1
        tried = (passed + first) // 2
    return first


def _of_side(strengths: Float[np.ndarray, " strengths"], side: Side) -> np.ndarray:
    return {"left": strengths <= 0, "right": strengths >= 0, "both": np.ones(strengths.shape, bool)}[side]
