"""How straight curves are near 0, and how far out their tangents hold."""

import numpy as np
from jaxtyping import Float

from numerics.reported.strengths import Curve, first_crossing

NEAR = 0.5
"""Pushes up to which a curve is near 0: half a norm of the residual."""
OFF = 0.1
"""Share of the tangent's size that counts as leaving it."""
TINY = 1e-9
"""One over a push that is as good as infinite."""
FEWEST = 5
"""Strengths that a line is fitted to at least."""


def straightness(pushes: Curve, curves: Float[np.ndarray, "curves pushes"]) -> float:
    """The median over curves of R^2 of a line fitted by least squares within `NEAR`; constant curves have none.

    >>> straightness(np.linspace(-1, 1, 41), np.array([np.linspace(-1, 1, 41)]))
    1.0
    """
    near = np.abs(pushes) <= NEAR
    if near.sum() < FEWEST or not len(curves):
        return np.nan
    x, y = pushes[near] - pushes[near].mean(), curves[:, near] - curves[:, near].mean(axis=1, keepdims=True)
    total = (y**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        explained = (y @ x) ** 2 / ((x @ x) * total)
    moves = total > 0
    return float(np.median(explained[moves])) if moves.any() else np.nan


def tangent_ratio(
    pushes: Curve,
    logits: Float[np.ndarray, "tokens pushes"],
    derivatives: Float[np.ndarray, "order=3 tokens"],
) -> float:
    """Observed over predicted push where logits, less their mean over tokens, are `OFF` their tangent.

    Observed: the first x > 0 with `|l(x) - l(0) - x l'| = OFF x |l'|`. Predicted, from the derivatives at 0: that with
    `|x l''/2 + x^2 l'''/6| = OFF |l'|`. Lengths are Euclidean, over tokens. Where it is not observed inside the window
    the ratio is infinite, if it was predicted inside, else NaN.
    """
    moved = logits - logits[:, pushes == 0]
    moved = moved - moved.mean(axis=0)
    first, second, third = derivatives - derivatives.mean(axis=1, keepdims=True)
    size = float(np.linalg.norm(first))
    predicted = _radius(second / 2, third / 6, OFF * size)
    if not np.isfinite(predicted) or size == 0:
        return np.nan
    right = pushes > 0
    x = pushes[right]
    observed = first_crossing(x, np.linalg.norm(moved[:, right] - first[:, None] * x, axis=0) / (x * size), OFF)
    if np.isinf(observed):
        return np.inf if predicted < pushes[-1] / 2 else np.nan
    return observed / predicted


def _radius(linear: Float[np.ndarray, " tokens"], quadratic: Float[np.ndarray, " tokens"], length: float) -> float:
    """The smallest positive x with `|x linear + x^2 quadratic| = length`; inf if there is none."""
    # in t = 1/x, so that the leading coefficient is never tiny; the largest t is the smallest x
    polynomial = [-(length**2), 0.0, linear @ linear, 2 * linear @ quadratic, quadratic @ quadratic]
    roots = np.roots(polynomial)
    real = roots.real[(np.abs(roots.imag) <= 1e-9 * np.abs(roots)) & (roots.real > TINY)]
    return float(1 / real.max()) if real.size else np.inf
