"""Roots of many functions at once, each between two points at which its signs differ."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

LONGEST = 64
"""Halving alone would take as many steps to the last bit."""

Each = Callable[[Float[np.ndarray, " roots"]], Float[np.ndarray, " roots"]]


def roots_between(
    function: Each, low: Float[np.ndarray, " roots"], high: Float[np.ndarray, " roots"], digits: float = 2.0**-48
) -> Float[np.ndarray, " roots"]:
    """Chandrupatla's method, row by row: inverse quadratic steps where they are safe, else halving.

    `function` takes one point a row to one value a row. Rows end when the bracket is `digits` of its first length.

    Source: T. R. Chandrupatla, A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear function,
    Advances in Engineering Software 28 (1997).
    """
    a, b, f_a, f_b = high.copy(), low.copy(), function(high), function(low)
    c, f_c = a.copy(), f_a.copy()
    least = digits * np.abs(high - low)
    step = np.full(len(a), 0.5)
    for _ in range(LONGEST):
        at = a + step * (b - a)
        f_at = function(at)
        same = np.sign(f_at) == np.sign(f_a)
        c, f_c = np.where(same, a, b), np.where(same, f_a, f_b)
        b, f_b = np.where(same, b, a), np.where(same, f_b, f_a)
        a, f_a = at, f_at
        width = np.abs(b - a)
        done = (width <= least) | (f_a == 0)
        if done.all():
            break
        with np.errstate(divide="ignore", invalid="ignore"):
            xi, phi = (a - b) / (c - b), (f_a - f_b) / (f_c - f_b)
            quadratic = f_a / (f_b - f_a) * f_c / (f_b - f_c) + (c - a) / (b - a) * f_a / (f_c - f_a) * f_b / (
                f_c - f_b
            )
            safe = (phi * phi < xi) & ((1 - phi) ** 2 < 1 - xi)
            edge = np.minimum(0.5, 0.5 * least / width)
        step = np.where(safe & np.isfinite(quadratic), np.clip(quadratic, edge, 1 - edge), 0.5)
        step = np.where(done, 0.0, step)
    return np.where(np.abs(f_a) <= np.abs(f_b), a, b)
