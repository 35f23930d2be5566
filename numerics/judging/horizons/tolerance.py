"""How large a departure matters: an amount in the claim's unit, or a share of what the curve itself does."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from numerics.bands.band import Band
from theory.quantities import Unit

DEFAULTS: dict[Unit, float] = {"nats": 0.1, "log_probability": 0.1, "logit": 0.1, "probability": 0.01}
"""Effects that a person would call one: ten per cent of a probability, or a hundredth of all there is."""

SHARE = 0.05
"""Of the curve's own movement: the default where a unit has no size that means the same for every model."""


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """An `amount` in the claim's unit or, `relative`, a share of the curve's movement over its full window.

    The window is the whole one whatever the reach, for a tolerance that grew with the reach would let a curve that has
    departed obey again.
    """

    amount: float
    relative: bool = False

    def of(self, band: Band) -> Float[np.ndarray, " curves"]:
        """In the claim's unit, for each curve of a band.

        Relative: amount * (largest - smallest value), read at the band's centre; never below the band's width:
        by so much may a curve that obeys seem to depart.
        """
        if not self.relative:
            return np.full(band.lower.shape[1], self.amount)
        bounded = np.isfinite(band.lower) & np.isfinite(band.upper)
        low, high = np.where(bounded, band.lower, np.nan), np.where(bounded, band.upper, np.nan)
        centre, width = (low + high) / 2, high - low
        known = bounded.any(axis=0)
        empty = np.where(known, centre, 0.0), np.where(known, width, 0.0)
        return np.maximum(
            self.amount * (np.nanmax(empty[0], axis=0) - np.nanmin(empty[0], axis=0)), np.nanmax(empty[1], axis=0)
        )

    def __str__(self) -> str:
        return f"{100 * self.amount:g}%" if self.relative else f"{self.amount:g}"


def tolerance_for(asked: "str | float | Tolerance | None", unit: Unit) -> Tolerance:
    """What was asked for, or the default of a unit: 0.1 nat, a probability of 0.01, else 5% of the curve's movement.

    >>> tolerance_for("5%", "nats")
    Tolerance(amount=0.05, relative=True)
    """
    if isinstance(asked, Tolerance):
        return asked
    if asked is None:
        return Tolerance(amount=DEFAULTS[unit]) if unit in DEFAULTS else Tolerance(amount=SHARE, relative=True)
    text = str(asked).strip()
    relative = text.endswith("%")
    try:
        amount = float(text.removesuffix("%")) / (100 if relative else 1)
    except ValueError:
        amount = math.nan
    if not (math.isfinite(amount) and amount >= 0):
        raise ValueError(
            f"a tolerance is a number of 0 or more in the claim's unit, or a share such as 5% of the curve's own "
            f"movement; got {asked}"
        )
    return Tolerance(amount=amount, relative=relative)
