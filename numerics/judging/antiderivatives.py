"""The curve whose derivative is known: a closed form integrated along the strengths, with the error of doing so."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.integrate import quad_vec

PRECISION = 1e-10
"""Of an integral between neighbours, absolute and relative to the largest."""
PARTS = 64
"""Into how many parts the way between neighbours is cut at most; what is left of the error is carried along."""

Values = Float[np.ndarray, "strengths curves"]
Function = Callable[[Float[np.ndarray, " some"]], tuple[Values, Values | float]]


def antiderivative(
    function: Function, strengths: Float[np.ndarray, " strengths"], order: int, *, varies: bool
) -> tuple[Values, Values]:
    """F with `d^order F/d x^order = function`, and by how much it may be off, at every strength; order is 1 or 2.

    F and its lower derivatives are 0 at the first strength. `function` gives values and their own error at any
    strengths between the first and the last; one that does not vary is asked once. Where it is not finite, F is nan.
    """
    if not varies:
        value, error = function(strengths[:1])
        power = ((strengths - strengths[0]) ** order / order)[:, None]
        return value * power, np.broadcast_to(error, value.shape) * power
    start, gaps = strengths[:-1], np.diff(strengths)[:, None]
    unknown = np.zeros((), bool)

    def moments(t: float) -> Float[np.ndarray, "2 order gaps curves"]:
        """Integrands of the integral over each gap and, for the second order, of its moment about the gap's end."""
        nonlocal unknown
        values, errors = function(start + t * gaps[:, 0])
        unknown = unknown | ~np.isfinite(values).all(axis=0)
        both = np.stack([np.where(np.isfinite(values), values, 0.0), np.broadcast_to(errors, values.shape)])
        return np.stack([gaps * both, (1 - t) * gaps**2 * both][:order], axis=1)

    (found, own), missed = quad_vec(
        moments, 0.0, 1.0, epsabs=PRECISION, epsrel=PRECISION, norm="max", limit=PARTS, quadrature="gk15"
    )
    values, errors = _summed(found, gaps), _summed(own + missed, gaps)
    return np.where(unknown, np.nan, values), errors


def _summed(moments: Float[np.ndarray, "order gaps curves"], gaps: Float[np.ndarray, "gaps 1"]) -> Values:
    """From gap to gap: the integral, or the integral of the integral."""
    steps = np.cumsum(moments[0], axis=0)
    if len(moments) == 2:
        slope_before = np.concatenate([0 * steps[:1], steps[:-1]])
        steps = np.cumsum(slope_before * gaps + moments[1], axis=0)
    return np.concatenate([0 * steps[:1], steps])
