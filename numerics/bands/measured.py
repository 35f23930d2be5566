"""Other people's numbers as a band: bounds in the unit of the quantity, from values, their dtype, or their sampling."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from numerics.arrays import ArrayLike
from numerics.bands.band import Band, rounding_halfwidth
from numerics.bands.intervals import proportion_band
from theory.quantities import CONCEPT_LOGIT, LOG_PROBABILITY, Quantity

SMALLEST = 5e-324
"""The smallest positive float64; the band of a probability of exactly 0 reaches from -inf to its logarithm."""

BELOW_ONE = 1 - 2.0**-53

OF_DRAWS = (
    "draws are taken to be independent, which several of one prompt are not: of several prompts give lower and upper "
    "by numerics.bands.intervals.clustered_proportion_band"
)
"""What a band of sampled proportions does not know: pooled over a few prompts it covers less than half the time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Bounds:
    """Lower and upper bound at every strength, in the unit of a quantity, and a note on how the values were read."""

    lower: Float[np.ndarray, " strengths curves"]
    upper: Float[np.ndarray, " strengths curves"]
    note: str = ""


def observed_bounds(
    quantity: Quantity,
    strengths: Float[np.ndarray, " strengths"],
    values: Any,
    lower: Any,
    upper: Any,
    *,
    trials: ArrayLike | None = None,
    level: float = 0.05,
    scale: Literal["claim", "probability"] | None = None,
) -> Bounds:
    """The band of one curve, or of one curve a column. Arguments as for `numerics.judging.one_curve.compare`.

    A log-probability above 0 by more than its rounding, and bounds that do not hold their value, are a `ValueError`.
    """
    centre = _columns(values, len(strengths))
    low, high = (None if bound is None else _columns(bound, len(strengths)) for bound in (lower, upper))
    if (low is None) != (high is None):
        raise ValueError("give both lower and upper bounds, or neither")
    _refuse_nan(strengths, centre)
    if low is not None and high is not None:
        _refuse_outside(strengths, centre, low, high)
    probabilities = _are_probabilities(quantity, centre, scale) or trials is not None
    if quantity == LOG_PROBABILITY and not probabilities:
        _refuse_above_zero(strengths, centre if low is None else low, centre.dtype)
    if trials is not None:
        draws = np.asarray(trials).reshape(-1, 1)
        low, high = proportion_band(np.rint(centre * draws).astype(np.int64), draws, level=level)
    elif low is None or high is None:
        low, high = _rounded_probabilities(centre) if probabilities else _rounded(quantity, centre)
    low, high = low.astype(np.float64), high.astype(np.float64)
    notes = [] if trials is None else [OF_DRAWS]
    if probabilities:
        low, high = (_log_bounds if quantity == LOG_PROBABILITY else _logit_bounds)(low, high)
        judged = "log" if quantity == LOG_PROBABILITY else "logit"
        notes.insert(0, f"values read as probabilities and judged on the {judged} scale")
    band = Band(strengths=strengths, lower=low, upper=high)
    return Bounds(lower=band.lower, upper=band.upper, note="; ".join(notes))


def _columns(values: Any, strengths: int) -> np.ndarray:
    array = np.asarray(values)
    if not (np.issubdtype(array.dtype, np.number) or array.dtype.name == "bfloat16") or np.iscomplexobj(array):
        raise ValueError(f"values must be real numbers, got dtype {array.dtype}")
    if array.ndim not in (1, 2) or len(array) != strengths:
        raise ValueError(
            f"values have shape {array.shape}, expected [{strengths}] or [{strengths}, curves], as strengths"
        )
    return array.reshape(strengths, -1)


def _refuse_nan(strengths: Float[np.ndarray, " strengths"], values: np.ndarray) -> None:
    bad = np.isnan(values.astype(np.float64)).any(axis=1)
    if bad.any():
        raise ValueError(f"the value at strength {strengths[bad.argmax()]:g} is not a number")


def _refuse_outside(
    strengths: Float[np.ndarray, " strengths"], values: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> None:
    """Bounds hold their value, give or take the rounding of the dtype in which the values were written."""
    centre = values.astype(np.float64)
    width = rounding_halfwidth(values.dtype, _sizes(centre))
    misses = (lower.astype(np.float64) > centre + width) | (upper.astype(np.float64) < centre - width)
    if misses.any():
        row, column = np.argwhere(misses)[0]
        got = f"{lower[row, column]:g} to {upper[row, column]:g} about {centre[row, column]:g}"
        raise ValueError(f"the bounds at strength {strengths[row]:g} do not hold their value: got {got}")


def _refuse_above_zero(strengths: Float[np.ndarray, " strengths"], values: np.ndarray, dtype: Any) -> None:
    """The least that a log-probability may be is at most 0, give or take rounding; else it is no log-probability."""
    centre = values.astype(np.float64)
    above = centre > rounding_halfwidth(dtype, _sizes(centre).max(axis=0, initial=1.0))
    if above.any():
        row, column = np.argwhere(above)[0]
        raise ValueError(
            f"a log-probability is at most 0, got {centre[row, column]:g} at strength {strengths[row]:g}; "
            "give the logarithm of a probability, or probabilities alone, which are read as such"
        )


def _are_probabilities(quantity: Quantity, values: np.ndarray, scale: str | None) -> bool:
    if scale not in (None, "claim", "probability"):
        raise ValueError(f"scale is {scale!r}, expected 'claim' or 'probability'")
    could_be = bool((values >= 0).all() and (values <= 1).all())
    if scale == "probability":
        if quantity not in (LOG_PROBABILITY, CONCEPT_LOGIT):
            raise ValueError(f"{quantity.id} has no probability scale: give it in {quantity.unit}")
        if not could_be:
            raise ValueError("scale='probability' needs values between 0 and 1")
        return True
    return scale is None and quantity == LOG_PROBABILITY and could_be and bool((values > 0).any())


def _rounded(quantity: Quantity, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    centre = values.astype(np.float64)
    width = rounding_halfwidth(values.dtype, _sizes(centre).max(axis=0))
    if quantity != LOG_PROBABILITY:
        return centre - width, centre + width
    return centre - width, np.where(centre == -np.inf, np.log(SMALLEST), centre + width)


def _rounded_probabilities(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A computed probability is off by rounding of its logit (relative) and by the spacing of its dtype (absolute)."""
    centre = values.astype(np.float64)
    logs = np.log(centre, out=np.zeros_like(centre), where=centre > 0)
    relative = rounding_halfwidth(values.dtype, np.abs(logs).max(axis=0, initial=1.0))
    spacing = np.spacing(values).astype(np.float64) if np.issubdtype(values.dtype, np.floating) else 0.0
    return centre * (1 - relative) - spacing, centre * (1 + relative) + spacing


def _sizes(values: np.ndarray) -> np.ndarray:
    """Absolute values; 0 of what is infinite."""
    return np.abs(values, out=np.zeros_like(values), where=np.isfinite(values))


def _log_bounds(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.where(low > 0, np.log(np.maximum(low, SMALLEST)), -np.inf), np.log(np.maximum(high, SMALLEST))


def _logit_bounds(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    def logit(p: np.ndarray) -> np.ndarray:
        return np.log(p) - np.log1p(-p)

    lower = np.where(low > 0, logit(np.clip(low, SMALLEST, BELOW_ONE)), -np.inf)
    upper = np.where(high < 1, logit(np.clip(high, SMALLEST, BELOW_ONE)), np.inf)
    return lower, upper
