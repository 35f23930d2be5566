"""Where along its strengths a curve is best, and where it breaks."""

import numpy as np
from jaxtyping import Float

Curve = Float[np.ndarray, " pushes"]


def best_push(pushes: Curve, efficiency: Curve) -> float:
    """The positive push of the largest efficiency; NaN where none of a nat buys anything.

    >>> best_push(np.array([-1.0, 0.0, 1.0, 2.0]), np.array([0.9, 0.0, 0.4, 0.3]))
    1.0
    """
    right = pushes > 0
    values = np.where(np.isnan(efficiency[right]), -np.inf, efficiency[right])
    return float(pushes[right][values.argmax()]) if values.size and values.max() > 0 else np.nan


def nats_at_break(pushes: Curve, efficiency: Curve, nats: Curve) -> float:
    """The divergence at the first push, beyond that of the largest efficiency, where this has fallen to a half.

    Between strengths both are taken to be linear; NaN where it does not fall as far inside the window.
    """
    best = best_push(pushes, efficiency)
    beyond = pushes >= best
    if not beyond.any():
        return np.nan
    x, share, spent = pushes[beyond], efficiency[beyond] / efficiency[beyond][0], nats[beyond]
    at = first_crossing(x, -share, -0.5)
    return float(np.interp(at, x, spent)) if np.isfinite(at) else np.nan


def first_crossing(x: Curve, values: Curve, level: float) -> float:
    """The first `x` where the broken line through the values reaches the level from below; inf where it never does.

    >>> first_crossing(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 3.0]), 2.0)
    1.5
    """
    reached = values >= level
    if not reached.any():
        return np.inf
    n = int(reached.argmax())
    if n == 0:
        return float(x[0])
    share = (level - values[n - 1]) / (values[n] - values[n - 1])
    return float(x[n - 1] + share * (x[n] - x[n - 1]))
