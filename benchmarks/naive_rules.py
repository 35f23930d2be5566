"""Rules of thumb by which curves are often called monotone or bump-shaped, as peers of the comparator.

Each takes the means over contexts `[strengths, curves]` and says which curves it would report as departing.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import isotonic_regression
from scipy.stats import rankdata

Means = Float[np.ndarray, "strengths curves"]
Rule = Callable[[Means], Bool[np.ndarray, " curves"]]

SPEARMAN, FIT, RESIDUAL = 0.95, 0.9, 1.0
"""Thresholds: least rank correlation, least share of variance, largest root-mean-square residual in standard errors."""


def sign_changes(allowed: int) -> Rule:
    """More changes of sign between successive differences than turns are allowed."""

    def departs(means: Means) -> Bool[np.ndarray, " curves"]:
        signs = np.sign(np.diff(means, axis=0))
        return (signs[1:] * signs[:-1] < 0).sum(axis=0) > allowed

    return departs


def spearman(means: Means) -> Bool[np.ndarray, " curves"]:
    """Rank correlation with the strength below a threshold."""
    ranks = rankdata(means, axis=0)
    along = np.arange(1, len(means) + 1)[:, None]
    return 1 - 6 * ((ranks - along) ** 2).sum(axis=0) / (len(means) ** 3 - len(means)) < SPEARMAN


def quadratic_fit(means: Means) -> Bool[np.ndarray, " curves"]:
    """A parabola explains less of the variance than a threshold, or opens upwards."""
    x = np.linspace(-1, 1, len(means))
    coefficients, residuals, *_ = np.polyfit(x, means, 2, full=True)
    explained = 1 - residuals / ((means - means.mean(axis=0)) ** 2).sum(axis=0)
    return (explained < FIT) | (coefficients[0] > 0)


def vertex_inside(means: Means) -> Bool[np.ndarray, " curves"]:
    """The parabola fitted to a curve that should be monotone turns within the window."""
    curvature, slope, _ = np.polyfit(np.linspace(-1, 1, len(means)), means, 2)
    return np.abs(slope) < 2 * np.abs(curvature)


def isotonic(means: Means) -> Bool[np.ndarray, " curves"]:
    """The best rising curve leaves too large a residual."""
    return np.array([_residual(_squares(column)[-1], len(means)) for column in means.T])


def unimodal(means: Means) -> Bool[np.ndarray, " curves"]:
    """The best curve that rises and then falls leaves too large a residual."""
    best = []
    for column in means.T:
        before, after = _squares(column), _squares(column[::-1])[::-1]
        best.append(min(before[k] + after[k] for k in range(len(before))))
    return np.array([_residual(square, len(means)) for square in best])


def _squares(column: Float[np.ndarray, " strengths"]) -> list[float]:
    """Squared residuals of the isotonic fits to the first k points, k = 0, 1, 2, ..."""
    fits = (isotonic_regression(column[:k]).x for k in range(1, len(column) + 1))
    return [0.0, *(float(((fit - column[: len(fit)]) ** 2).sum()) for fit in fits)]


def _residual(square: float, points: int) -> bool:
    return bool(np.sqrt(square / points) > RESIDUAL)


RULES: dict[str, dict[str, Rule]] = {
    "rising": {
        "sign changes": sign_changes(0),
        f"Spearman < {SPEARMAN}": spearman,
        "parabola turns inside": vertex_inside,
        "isotonic residual": isotonic,
    },
    "bump": {
        "sign changes": sign_changes(1),
        f"parabola, R² < {FIT}": quadratic_fit,
        "unimodal residual": unimodal,
    },
}
