"""What a budget of nats allows: `kl(P_alpha(A) || P_0(A)) <= KL(P_alpha || P_0)` for every event A."""

from math import log, log1p
from typing import Any

from scipy.optimize import brentq


def binary_kl(f: float, f0: float) -> float:
    """`f log(f/f0) + (1 - f) log((1 - f)/(1 - f0))` nats; infinite where only f0 rules something out."""
    if not (0 <= f <= 1 and 0 <= f0 <= 1):
        raise ValueError(f"chances are {f!r} and {f0!r}, expected numbers from 0 to 1")
    if (f > 0 and f0 == 0) or (f < 1 and f0 == 1):
        return float("inf")
    yes = f * (log(f) - log(f0)) if f > 0 else 0.0
    return yes + ((1 - f) * (log1p(-f) - log1p(-f0)) if f < 1 else 0.0)


def highest_chance(f0: float, nats: float) -> float:
    """The largest chance f with `kl(f || f0) <= nats`: no event of chance f0 becomes likelier than that for so much.

    >>> round(highest_chance(0.01, 0.5), 3)
    0.222
    """
    if not nats >= 0:
        raise ValueError(f"nats is {nats!r}, expected 0 or more")
    if f0 in (0.0, 1.0):
        return binary_kl(f0, f0) + f0
    if binary_kl(1.0, f0) <= nats:
        return 1.0
    root: Any = brentq(lambda f: binary_kl(f, f0) - nats, f0, 1.0, xtol=1e-14)
    return float(root)
