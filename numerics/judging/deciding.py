"""What would decide an undecided verdict: how many more samples, how much wider a window, where a finer grid."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from numerics.bands.band import Band, check_strengths
from numerics.bands.shapes import Departures
from numerics.judging.verdict import UNDECIDED, decide

HALVINGS = 30
TURN_POINTS = 5
"""Strengths from which on the outer quarters of a window have slopes of their own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sharpening:
    """How much narrower each curve's band must become: the share of its width to keep, and the verdict then."""

    keep: Float[np.ndarray, " curves"]
    codes: Int[np.ndarray, " curves"]


def sharpening(shape: Callable[[Band], Departures], band: Band, tolerance: float) -> Sharpening:
    """The widest band about the same centre that decides: `keep` in (0, 1], and the verdict it gives.

    D- grows and D+ falls as a band narrows, so every narrower one decides too. Assumes that the centre stays where it
    is, as it does on average. Half-infinite bounds stay as they are: what is unbounded there may remain undecided, and
    then `keep` is 0.
    """

    def judged(keep: Float[np.ndarray, " curves"]) -> Int[np.ndarray, " curves"]:
        found = shape(_narrowed(band, keep))
        return decide(found.least, found.most, tolerance, True)

    decided, undecided = np.zeros(band.lower.shape[1]), np.ones(band.lower.shape[1])
    at_once = judged(undecided) != UNDECIDED
    for _ in range(HALVINGS):
        middle = (decided + undecided) / 2
        settled = judged(middle) != UNDECIDED
        decided, undecided = np.where(settled, middle, decided), np.where(settled, undecided, middle)
    keep = np.where(at_once, 1.0, decided)
    return Sharpening(keep=keep, codes=judged(keep))


def samples_needed(samples: int, keep: float) -> int | None:
    """How many samples narrow a band to the share `keep` of its width, which goes as 1/sqrt(samples); None: no number.

    >>> samples_needed(100, 0.5)
    400
    """
    return math.ceil(samples / keep**2) if keep > 0 else None


def turn_beyond(band: Band) -> Float[np.ndarray, "curves 2"]:
    """How far the window must reach, left and right, for a curve to turn: where its slope extrapolates to 0.

    From the mean slopes of the outer quarter and of the one before it, as a straight line. Infinite where the slope
    does not shrink outwards. A guide for the next grid, not a bound: the line may bend.
    """
    check_strengths(band.strengths, least=TURN_POINTS)
    x, centre = band.strengths, _centre(band)
    ends = []
    for sign, points in ((-1, [0.0, 0.25, 0.5]), (1, [1.0, 0.75, 0.5])):
        outer, middle, inner = (np.abs(x - (x[0] + share * (x[-1] - x[0]))).argmin() for share in points)
        with np.errstate(divide="ignore", invalid="ignore"):
            near = (centre[middle] - centre[inner]) / (x[middle] - x[inner])
            far = (centre[outer] - centre[middle]) / (x[outer] - x[middle])
            steps = far / (near - far)
        start, step = (x[outer] + x[middle]) / 2, (x[outer] - x[inner]) / 2
        reach = np.where((steps >= 0) & np.isfinite(steps), start + steps * step, sign * np.inf)
        ends.append(np.minimum(reach, x[0]) if sign < 0 else np.maximum(reach, x[-1]))
    return np.stack(ends, axis=1)


def _centre(band: Band) -> Float[np.ndarray, "strengths curves"]:
    lower, upper = band.lower, band.upper
    with np.errstate(invalid="ignore"):  # without any bounds there is no centre, and none is used
        return np.where(np.isinf(lower), upper, np.where(np.isinf(upper), lower, (lower + upper) / 2))


def _narrowed(band: Band, keep: Float[np.ndarray, " curves"]) -> Band:
    lower, upper, centre = band.lower, band.upper, _centre(band)
    bounded = np.isfinite(lower) & np.isfinite(upper)
    width = np.where(bounded, np.where(bounded, upper, 0.0) - np.where(bounded, lower, 0.0), 0.0) / 2 * keep
    return Band(
        strengths=band.strengths,
        lower=np.where(bounded, np.maximum(centre - width, lower), lower),
        upper=np.where(bounded, np.minimum(centre + width, upper), upper),
    )
