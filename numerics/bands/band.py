"""Bands: an observed curve is not a line but a lower and an upper bound at every strength.

Two kinds, never mixed. *Deterministic*: a computed curve is known to within rounding; there is no false-alarm rate.
*Statistical*: a sampled or averaged curve is known to within simultaneous confidence, so that with probability at least
1 - level the true curve lies inside the band at every strength at once (`numerics.bands.intervals`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

ROUNDING = 16.0
"""Default rounding factor, in units of eps * scale: a matrix product and a log-softmax measure 1 to 8 (`calibrate`)."""

CALIBRATION_MARGIN = 4.0
"""Safety on a measured factor: the largest of a few thousand rounding errors is about half the largest of a million
when they are Gaussian, and another factor of two covers strengths and prompts where the errors add up less luckily."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Band:
    """Every curve between `lower` and `upper`, float64, one column a curve.

    Strengths are finite and ascending. A bound may be infinite on its own side (nothing is known there); a band that is
    NaN, inverted, or infinite on the wrong side is a `ValueError` that names the strength.
    """

    strengths: Float[np.ndarray, " strengths"]
    lower: Float[np.ndarray, " strengths curves"]
    upper: Float[np.ndarray, " strengths curves"]

    def __post_init__(self) -> None:
        check_strengths(self.strengths)
        if self.lower.ndim != 2 or self.lower.shape != self.upper.shape or len(self.lower) != len(self.strengths):
            raise ValueError(
                f"a band needs bounds of one shape [strengths, curves] with {len(self.strengths)} strengths, "
                f"got {self.lower.shape} and {self.upper.shape}"
            )
        if self.lower.size and not (
            np.all(self.lower <= self.upper) and self.lower.max() < np.inf and self.upper.min() > -np.inf
        ):
            raise ValueError(self._fault())

    def __neg__(self) -> "Band":
        """The band of the curves turned upside down."""
        return Band(strengths=self.strengths, lower=-self.upper, upper=-self.lower)

    def __getitem__(self, kept: Any) -> "Band":
        """The band at some of the strengths: a mask, a slice or indices."""
        return Band(strengths=self.strengths[kept], lower=self.lower[kept], upper=self.upper[kept])

    def columns(self, kept: Any) -> "Band":
        """The band of some of the curves."""
        return Band(strengths=self.strengths, lower=self.lower[:, kept], upper=self.upper[:, kept])

    def less(self, curve: Float[np.ndarray, " strengths #curves"]) -> "Band":
        """The band of the curves less a known one."""
        return Band(strengths=self.strengths, lower=self.lower - curve, upper=self.upper - curve)

    def _fault(self) -> str:
        lower, upper = self.lower, self.upper
        for bad, says in (
            (np.isnan(lower) | np.isnan(upper), "is not a number"),
            (lower > upper, "has its lower bound above its upper bound"),
            ((lower == np.inf) | (upper == -np.inf), "is infinite"),
        ):
            if bad.any():
                row, column = np.argwhere(bad)[0]
                where = f"strength {self.strengths[row]:g}" + (f" (curve {column})" if lower.shape[1] > 1 else "")
                return f"the curve {says} at {where}: lower {lower[row, column]:g}, upper {upper[row, column]:g}"
        raise AssertionError("a band was refused without a fault")


def check_strengths(strengths: Float[np.ndarray, " strengths"], *, least: int = 1) -> None:
    """`ValueError` unless strengths are one-dimensional, finite, strictly ascending and at least `least` in number."""
    if strengths.ndim != 1:
        raise ValueError(f"strengths have shape {strengths.shape}, expected one dimension")
    if len(strengths) < least:
        raise ValueError(f"{len(strengths)} strengths given, at least {least} are needed to judge a curve")
    if not np.isfinite(strengths).all():
        raise ValueError(f"strength number {int(np.argmin(np.isfinite(strengths)))} is not finite")
    steps = np.diff(strengths)
    if not (steps > 0).all():
        at = int(np.argmin(steps > 0))
        fault = "is given twice" if steps[at] == 0 else f"comes before {strengths[at + 1]:g}"
        raise ValueError(f"strengths must ascend without repeats, but {strengths[at]:g} {fault}")


def around(
    strengths: Float[np.ndarray, " strengths"],
    values: Float[np.ndarray, " strengths curves"],
    halfwidth: Float[np.ndarray, "#strengths #curves"] | float,
) -> Band:
    """The band of `halfwidth` on both sides of `values`."""
    return Band(strengths=strengths, lower=values - halfwidth, upper=values + halfwidth)


def rounding_halfwidth(dtype: Any, scale: Any, factor: float = ROUNDING) -> Any:
    """factor * eps(dtype) * scale: how far a computed number may lie from the exact one.

    `scale` is the size of the numbers it was computed from (the largest logit, say, for a log-probability), not of the
    result, which cancellation may have made small. Dtypes that are not floating point (integers) are exact.
    """
    dtype = np.dtype(dtype)
    if np.issubdtype(dtype, np.integer) or dtype == np.bool_:
        return 0.0 * np.asarray(scale)
    return factor * float(_epsilon(dtype)) * np.asarray(scale, np.float64)


def calibrate(
    low: Float[np.ndarray, "..."],
    high: Float[np.ndarray, "..."],
    *,
    scale: Any = None,
    margin: float = CALIBRATION_MARGIN,
) -> float:
    """Rounding factor measured on values computed in `low`'s dtype and again, from the same inputs, in float64.

    margin * max |low - high| / (eps(low's dtype) * scale), at least 1; `scale` as for `rounding_halfwidth` (default:
    the largest |high|). The margin stands for the curves that were not computed twice.

    >>> calibrate(np.float32([1.0, 2.0]), np.float64([1.0, 2.0 + 2e-7]))
    3.35...
    """
    low = np.asarray(low)
    high = np.asarray(high)
    if low.shape != high.shape or low.size == 0:
        raise ValueError(f"calibration compares the same values twice, got shapes {low.shape} and {high.shape}")
    if high.dtype != np.float64:
        raise ValueError(f"calibration needs its reference values in float64, got {high.dtype}")
    error = np.abs(low.astype(np.float64) - high)
    scale = np.maximum(np.abs(high).max() if scale is None else scale, np.finfo(np.float64).tiny)
    return max(1.0, float(margin * np.max(error / scale) / _epsilon(low.dtype)))


def _epsilon(dtype: np.dtype) -> float:
    if dtype.name == "bfloat16":
        return 2.0**-7
    if not np.issubdtype(dtype, np.floating):
        raise ValueError(f"curves must be real numbers, got dtype {dtype}")
    return float(np.finfo(dtype).eps)
