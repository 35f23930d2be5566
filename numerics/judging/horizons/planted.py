"""Whether data could have broken a bound at all: the same curves, moved farther or the other way."""

from collections.abc import Callable

import numpy as np
import sympy as sp
from jaxtyping import Float

from numerics.bands.band import Band
from numerics.bands.shapes import Departures
from theory.claims import Bounded, Claim, Close

POWERS = 2
"""Of 2, by which a curve is made to move farther."""

TESTED_BELOW = 2.0
"""A bound that a curve moving twice as far, or as far the other way, still obeys was not tested by it."""


def leaves_room(claim: Claim) -> bool:
    """Whether the claim is a bound, or an equation up to a remainder: what a curve may obey without following it."""
    return isinstance(claim, Bounded) or (isinstance(claim, Close) and sp.sympify(claim.remainder) != 0)


def slack(
    judge: Callable[[Band], Departures], band: Band, tolerance: Float[np.ndarray, " curves"]
) -> Float[np.ndarray, " curves"]:
    """By what factor, a power of 2 up to 2^2, each curve could have moved farther and still obey, either way.

    With x0 the value nearest strength 0, the largest such f that neither x0 + f (x - x0) nor x0 - f (x - x0) departs by
    more than the tolerance; 0 if the curve upside down departs already. NaN where x0 is not known.
    """
    start = np.abs(band.strengths).argmin()
    with np.errstate(invalid="ignore"):  # from -inf to inf there is no middle
        centre = (band.lower[start] + band.upper[start]) / 2
    known = np.isfinite(centre)
    origin, room, open_still = np.where(known, centre, 0.0), np.zeros(centre.shape), known.copy()
    for power in range(POWERS + 1):
        for way in (1, -1) if power else (-1,):
            ends = [origin + way * 2.0**power * (bound - origin) for bound in (band.lower, band.upper)]
            moved = Band(strengths=band.strengths, lower=np.minimum(*ends), upper=np.maximum(*ends))
            open_still &= ~(judge(moved).least > tolerance)
        if not open_still.any():
            break
        room[open_still] = 2.0**power
    return np.where(known, room, np.nan)
