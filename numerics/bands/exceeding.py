"""Whether curves depart from a class of shapes by more than is allowed: the questions behind first passages.

Each is asked of tables `high` and `low` of one strength a row and one curve a column: for the farthest curve in a band
`high` is its upper bound and `low` its lower one, for the nearest they are exchanged. Of a row where `high` is -inf and
`low` inf nothing is known, and nothing follows from it: so a part of the strengths is left out. `allowed` is for each
curve how large a departure D (`numerics.bands.shapes`) may be.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.bands.band import Band
from numerics.bands.hulls import height_above_hull

Rows = Float[np.ndarray, "points curves"]
Sizes = Float[np.ndarray, " curves"]
Answer = Bool[np.ndarray, " curves"]
Exceeds = Callable[[Rows, Rows, Sizes], Answer]


def from_rising(high: Rows, low: Rows, allowed: Sizes) -> Answer:
    """From the curves that never fall: whether a fall is larger than twice what is allowed."""
    with np.errstate(invalid="ignore"):
        return np.any(np.maximum.accumulate(high[:-1]) - low[1:] > 2 * allowed, axis=0)


def from_bump(high: Rows, low: Rows, allowed: Sizes) -> Answer:
    """From the curves that rise and then fall: whether a dip is deeper than twice what is allowed."""
    before, after = np.maximum.accumulate(high[:-2]), np.maximum.accumulate(high[:1:-1])[::-1]
    with np.errstate(invalid="ignore"):
        return np.any(np.minimum(before, after) - low[1:-1] > 2 * allowed, axis=0)


def from_turning(n: int) -> Exceeds:
    """From the curves that rise first and turn at most n times: whether a zigzag's steps are all larger than twice it.

    Greedy, as in `numerics.bands.zigzags`.
    """
    if n < 2:
        return (from_rising, from_bump)[n]

    def exceeds(high: Rows, low: Rows, allowed: Sizes) -> Answer:
        stage: Int[np.ndarray, " curves"] = np.zeros(high.shape[1], np.int64)
        extreme, steps = high[0].copy(), 2 * allowed
        for top, bottom in zip(high[1:], low[1:], strict=True):
            seeking_low = stage % 2 == 0
            ahead, across = np.where(seeking_low, top, -bottom), np.where(seeking_low, bottom, -top)
            step = extreme - across > steps
            stage += step
            extreme = np.where(step, -across, np.maximum(extreme, ahead))
        return stage > n

    return exceeds


def from_convex(strengths: Float[np.ndarray, " points"]) -> Exceeds:
    """From the convex curves: whether a point lies higher above a chord than twice what is allowed."""

    def exceeds(high: Rows, low: Rows, allowed: Sizes) -> Answer:
        found = np.zeros(high.shape[1], bool)
        for curve, most in enumerate(allowed):
            rows = np.flatnonzero((high[:, curve] > -np.inf) | (low[:, curve] < np.inf))
            if len(rows) > 2:
                above, chord = high[rows, curve, None], low[rows, curve, None]
                band = Band(strengths=strengths[rows], lower=np.minimum(above, chord), upper=np.maximum(above, chord))
                nearest, farthest, _ = height_above_hull(band, 0)
                found[curve] = (nearest if (above <= chord).all() else farthest) > 2 * most
        return found

    return exceeds


def from_between(high: Rows, low: Rows, allowed: Sizes) -> Answer:
    """From two known curves, of which `high` is the distance."""
    return np.any(high > allowed, axis=0)
