"""The level at which a sampled curve would stop being ruled out: the verdict's p-value, simultaneous over strengths."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from numerics.bands.band import Band
from numerics.bands.shapes import Departures

SMALLEST, LARGEST = 1e-12, 1 - 1e-9
"""Levels are not told apart below the one or above the other."""

HALVINGS = 40

Levels = Float[np.ndarray, " curves"]


def ruled_out_from(
    shape: Callable[[Band], Departures],
    strengths: Float[np.ndarray, " strengths"],
    bounds: Callable[[Levels], tuple[np.ndarray, np.ndarray]],
    curves: int,
) -> Levels:
    """For each curve the smallest level at which its band rules the shape out; 1 where no level does.

    `bounds(levels)` gives the bounds `[strengths, curves]` with each curve at a simultaneous level of its own; they
    widen as the level falls, so the levels that rule out are all those above the one returned.

    >>> from numerics.bands.intervals import clopper_pearson
    >>> successes = np.array([[9], [2], [9]])
    >>> ruled_out_from(bump, np.arange(3.0), lambda level: clopper_pearson(successes, 10, level / 3), 1)
    array([0.15...])
    """

    def ruled_out(levels: Levels) -> np.ndarray:
        lower, upper = bounds(levels)
        return shape(Band(strengths=strengths, lower=lower, upper=upper)).least > 0

    kept, gone = np.full(curves, np.log(SMALLEST)), np.full(curves, np.log(LARGEST))
    always, ever = ruled_out(np.exp(kept)), ruled_out(np.exp(gone))
    for _ in range(HALVINGS):
        middle = (kept + gone) / 2
        out = ruled_out(np.exp(middle))
        kept, gone = np.where(out, kept, middle), np.where(out, middle, gone)
    return np.where(always, SMALLEST, np.where(ever, np.exp(gone), 1.0))
