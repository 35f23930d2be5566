"""How far numbers computed in a stated arithmetic may lie from the exact ones: the band of other people's curves.

TF32 is float32 whose products round their factors to 11 bits (unit roundoff 2^-11); PyTorch uses it where a program
sets `allow_tf32`, as the reference implementation does, and the numbers that come out look like any float32. Its share
was measured: the shipped language model with the factors of every product rounded so, against float64, every
log-probability at every block, at 17 strengths up to eight times the residual (1.1 million numbers). The largest error
was 7.7e-3 (typically 3.8e-3 a context), 1.5 times 2^-11 of the largest |log p| of its token; the band is twice that.
Errors of many positions hardly add up: a cross-entropy over 635 of them was off by at most 7.6e-5, 0.02 times 2^-11 of
its size; the band is six times that.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from numerics.bands.band import ROUNDING

Precision = Literal["tf32", "float32", "bfloat16"]

ENOUGH = 500
"""Positions from which on an average of errors is one."""


@dataclass(frozen=True, kw_only=True)
class Rounding:
    """Error of a log-probability, and of the mean of many, as shares of its size (which counts as at least 1)."""

    each: float
    mean: float


ROUNDINGS: dict[Precision, Rounding] = {
    "tf32": Rounding(each=3 * 2.0**-11, mean=2.0**-14),
    "float32": Rounding(each=ROUNDING * 2.0**-23, mean=ROUNDING * 2.0**-23),
    "bfloat16": Rounding(each=ROUNDING * 2.0**-7, mean=ROUNDING * 2.0**-7),
}


def check_precision(name: str | None) -> Precision:
    """The precision of that name, TF32 where none is given; another is a `ValueError`."""
    if name is None:
        return "tf32"
    for known in ROUNDINGS:
        if known == name:
            return known
    raise ValueError(f"--dtype {name!a}: results are read as computed in {', '.join(ROUNDINGS)}; name one of them")


def log_probability_error(
    logs: Float[np.ndarray, "strengths curves"], precision: Precision
) -> Float[np.ndarray, " curves"]:
    """How far each curve's log-probabilities may be off: a share of the largest |log p| of the curve."""
    finite = np.where(np.isfinite(logs), np.abs(logs), 0.0)
    return ROUNDINGS[precision].each * np.maximum(1.0, finite.max(axis=0))


def curve_error(
    values: Float[np.ndarray, " strengths"], precision: Precision | None
) -> Float[np.ndarray, " strengths"]:
    """How far each value of a curve of logarithms, or of probabilities, may be off; nothing where that is not known.

    An error of a logarithm is a share of the probability itself. Numbers from 0 to 1 are probabilities.
    """
    if precision is None:
        return np.zeros_like(values)
    if (values < 0).any() or (values > 1).any():
        return np.full_like(values, log_probability_error(values[:, None], precision)[0])
    with np.errstate(divide="ignore"):
        logs = np.log(values)
    return values * np.expm1(log_probability_error(logs[:, None], precision)[0])


def mean_error(values: Float[np.ndarray, " strengths"], precision: Precision, positions: Any) -> float:
    """How far a mean over so many positions (None: unknown) of negative log-probabilities may be off."""
    rounding = ROUNDINGS[precision]
    share = rounding.mean if isinstance(positions, int) and positions >= ENOUGH else rounding.each
    return share * max(1.0, float(np.abs(values).max()))
