r"""How far an interpolant is off, from what is known of it: its coefficients, and the model at angles off its nodes.

With `p = sum_{k<n} a_k T_k` through n values of f, `|f - p| <= 2 sum_{k>=n} |a_k|`, and the unknown a_k go on as the
last known ones have begun: at a rate rho a step where they decay geometrically, as those of an analytic function do.

    error = 2 max over checks |f - p|  +  2 |a_{n-1}| / (1 - rho),     |.| the reach in log-probabilities (`Head.reach`)

Where the coefficients have stopped to decay, what is left in them is the rounding of the model at the nodes: n errors
of no pattern, whose sum is of the order sqrt(n) of one and stands in the place of the geometric sum.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from numerics.observing.curves import chebyshev
from numerics.observing.curves.head import Head

LAST = 3
"""Coefficients from which the size of the last is taken: one of them alone may vanish by its parity."""

GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """`seen` is the largest error at the checks, `tail` what the coefficients say; `last` is the last of them relative
    to the largest, and `flat` whether they have stopped to decay."""

    seen: float
    tail: float
    last: float
    flat: bool

    @property
    def error(self) -> float:
        """In log-probability."""
        return 2 * self.seen + self.tail


def check_places(count: int) -> Float[np.ndarray, " count"]:
    """Angles `arccos(t)` of golden-section multiples: spread as the nodes are, and nodes of no number of them."""
    return np.sort(-np.cos(np.pi * ((np.arange(1, count + 1) * GOLDEN) % 1)))


def resolution(
    head: Head,
    values: Float[np.ndarray, "n d"],
    places: Float[np.ndarray, " checks"],
    checks: Float[np.ndarray, "checks d"],
) -> Resolution:
    """What the values at n nodes, and the model at other places t of the interval, say of the interpolant."""
    n = len(values)
    values, checks = values.astype(np.float64), checks.astype(np.float64)
    series = chebyshev.coefficients(values)
    missed = chebyshev.interpolation(n, places) @ values - checks
    reach = head.reach(np.concatenate([missed, series[-LAST:]]))
    sizes = np.linalg.norm(series, axis=1)
    largest = max(float(sizes.max()), np.finfo(np.float64).tiny)
    third, fourth = float(sizes[n // 2 : -(n // 4)].max()), float(sizes[-(n // 4) :].max())
    rate = min((fourth / third) ** (4 / n), 1.0) if third > 0 else 0.0
    terms = min(1 / max(1 - rate, 1 / n), n**0.5)
    return Resolution(
        seen=float(reach[:-LAST].max(initial=0.0)),
        tail=2 * float(reach[-LAST:].max()) * terms,
        last=fourth / largest,
        flat=fourth > third / 4,
    )
