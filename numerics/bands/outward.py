"""How far out curves obey: first passages of a departure through a tolerance, on windows that grow from strength 0.

A window of reach r holds the strengths of size at most r: those of one side, or of both. Where the class of shapes does
not depend on r, a curve that obeys on a window obeys on every smaller one, so D-(r) and D+(r) can only grow, and there
is one place where they pass a tolerance. Tables hold one strength a row and one curve a column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Int

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

    def holding(self, since: Passed, until: Passed) -> Passed:
        """Of each curve how many windows hold no row up to `since`, nor one from `until` on."""
        return ((self.stop <= until) & (self.start > since)).sum(axis=0)

    def rows(self, numbers: Passed, curves: np.ndarray, count: int) -> Bool[np.ndarray, "rows curves"]:
        """Which of so many rows the window of a number holds, of each of some curves."""
        own, row = (curves if self.reach.shape[1] > 1 else 0), np.arange(count)[:, None]
        return (row >= self.start[numbers, own]) & (row < self.stop[numbers, own])

    @property
    def before(self) -> Float[np.ndarray, "windows+1 curves"]:
        """0 and the reaches."""
        return np.vstack([np.zeros(self.reach.shape[1]), self.reach])

    @property
    def beyond(self) -> Float[np.ndarray, "windows+1 curves"]:
        """The reaches, and infinity."""
        return np.vstack([self.reach, np.full(self.reach.shape[1], np.inf)])

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
    most = max(len(one.reach) for one in each)

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

    Windows that grow in these reach as far out on either side as so many nats go. At strength 0 nothing is spent. The
    divergence need not grow with the strength; where it does not, strengths are kept apart by 1e-12 nats.
    """
    found = np.zeros(strengths.shape)
    for side in (np.flatnonzero(strengths > 0), np.flatnonzero(strengths < 0)[::-1]):
        so_far = np.maximum.accumulate(np.maximum(divergence[side], 0.0)) + 1e-12 * np.arange(1, 1 + side.size)
        found[side] = np.sign(strengths[side]) * so_far
    return found


def first_passages(
    shape: Shape,
    strengths: Float[np.ndarray, " points"],
    lower: Rows,
    upper: Rows,
    families: Sequence[Windows],
    tolerance: Float[np.ndarray, " curves"] | float,
) -> list[tuple[Float[np.ndarray, " curves"], Float[np.ndarray, " curves"]]]:
    """sup{r: D+(r) <= tolerance} and inf{r: D-(r) > tolerance} of curves between two bounds, for each of some windows.

    D is the departure from a class of shapes. The first is 0 where no window is that close, the second infinite where
    none is that far.
    """
    allowed = np.broadcast_to(tolerance, lower.shape[1])
    farthest = _passed(shape, strengths, upper, lower, families, allowed)
    nearest = _passed(shape, strengths, lower, upper, families, allowed, farthest)
    return [
        (_reach_at(grown.before, most), _reach_at(grown.beyond, least))
        for grown, most, least in zip(families, farthest, nearest, strict=True)
    ]


def _reach_at(reach: Float[np.ndarray, "windows curves"], number: Passed) -> Float[np.ndarray, " curves"]:
    return np.take_along_axis(np.broadcast_to(reach, (len(reach), number.size)), number[None], axis=0)[0]


def _passed(
    shape: Shape,
    strengths: np.ndarray,
    high: Rows,
    low: Rows,
    families: Sequence[Windows],
    allowed: np.ndarray,
    held: Sequence[Passed] | None = None,
) -> list[Passed]:
    """The number of the first window of each curve on which the departure exceeds what is allowed; else their number.

    One pass outwards says it of each side of 0, and of windows on both sides where the shape has one that widens and
    all curves have the same windows. Else such a window exceeds where its part on either side does, and maybe before:
    that is found by bisection, of the curves whose last window before then exceeds. Where so many windows are `held` to
    be obeyed already, the next ones are looked at first: the two ends of a narrow band pass soon after each other.
    """
    right, left = slice(np.searchsorted(strengths, 0), None), slice(np.searchsorted(strengths, 0, side="right"))
    until = right.start + shape.passed(strengths[right], high[right], low[right], allowed)
    since = left.stop - 1 - shape.passed_backwards(strengths[left], high[left], low[left], allowed)
    found = []
    for number, grown in enumerate(families):
        first = grown.holding(since, until)
        crossing = (grown.start < right.start).any(axis=0) & (grown.stop > left.stop).any(axis=0)
        if shape.widening is not None and crossing.tolist() == [True]:
            found.append(shape.widening(high, low, allowed, grown.start[:, 0], grown.stop[:, 0]))
            continue
        passed, tried, step = np.where(crossing, 0, first), first - 1, len(high)
        if held is not None:
            passed = np.where(crossing, held[number], first)
            tried, step = passed, 1
        while (open_still := np.flatnonzero(passed < first)).size:
            at = tried[open_still]
            inside = grown.rows(at, open_still, len(high))
            masked = np.where(inside, high[:, open_still], -np.inf), np.where(inside, low[:, open_still], np.inf)
            exceeds = shape.passed(strengths, *masked, allowed[open_still]) < len(high)
            first[open_still[exceeds]] = at[exceeds]
            passed[open_still[~exceeds]] = at[~exceeds] + 1
            step *= 2
            tried = np.minimum((passed + first) // 2, passed + step - 1)
        found.append(first)
    return found


def _of_side(strengths: Float[np.ndarray, " strengths"], side: Side) -> np.ndarray:
    return {"left": strengths <= 0, "right": strengths >= 0, "both": np.ones(strengths.shape, bool)}[side]
