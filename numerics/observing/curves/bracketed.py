"""Roots of many functions at once, each between two points at which its signs differ."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

LONGEST = 64
"""Steps; halving alone would take fewer to the last bit."""

Each = Callable[[Float[np.ndarray, " roots"], Int[np.ndarray, " roots"]], Float[np.ndarray, " roots"]]
"""Values of the functions of some numbers, each at its own point."""


def roots_between(
    functions: Each, low: Float[np.ndarray, " roots"], high: Float[np.ndarray, " roots"], digits: float = 2.0**-36
) -> Float[np.ndarray, " roots"]:
    """Chandrupatla's method, for all at once: inverse quadratic steps where they are safe, else halving.

    A root is done when it is known to `digits` of the distance between its points; only the others are asked for.

    Source: T. R. Chandrupatla, A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear function,
    Advances in Engineering Software 28 (1997).
    """
    every = np.arange(len(low))
    a, b, f_a, f_b = high.copy(), low.copy(), functions(high, every), functions(low, every)
    step, least = np.full(len(low), 0.5), digits * np.abs(high - low)
    left = every
    for _ in range(LONGEST):
        if not left.size:
            break
        # Of each root's bracket, a is the newest end, b the opposite one and c the end that went.
        at = a[left] + step[left] * (b[left] - a[left])
        f_at = functions(at, left)
        same = np.sign(f_at) == np.sign(f_a[left])
        c, f_c = np.where(same, a[left], b[left]), np.where(same, f_a[left], f_b[left])
        b[left], f_b[left] = np.where(same, b[left], a[left]), np.where(same, f_b[left], f_a[left])
        a[left], f_a[left] = at, f_at
        step[left] = _next(at, b[left], c, f_at, f_b[left], f_c, least[left])
        left = left[(np.abs(b[left] - at) > least[left]) & (f_at != 0)]
    return np.where(np.abs(f_a) <= np.abs(f_b), a, b)


def _next(a, b, c, f_a, f_b, f_c, least) -> Float[np.ndarray, " left"]:
    """How far to go from a towards b, as a share of the way."""
    with np.errstate(divide="ignore", invalid="ignore"):
        xi, phi = (a - b) / (c - b), (f_a - f_b) / (f_c - f_b)
        quadratic = f_a / (f_b - f_a) * f_c / (f_b - f_c)
        quadratic += (c - a) / (b - a) * f_a / (f_c - f_a) * f_b / (f_c - f_b)
        edge = np.minimum(0.5, 0.5 * least / np.abs(b - a))
        safe = (phi * phi < xi) & ((1 - phi) ** 2 < 1 - xi) & np.isfinite(quadratic)
        return np.where(safe, np.clip(quadratic, edge, 1 - edge), 0.5)
