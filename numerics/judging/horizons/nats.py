"""Horizons in nats: how far a context's distribution has gone from the unsteered one on the window so far."""

import numpy as np
from jaxtyping import Float

from numerics.bands.outward import Side, grow_between
from numerics.judging.horizons.passages import Horizon


def spent(
    strengths: Float[np.ndarray, " strengths"], divergence: Float[np.ndarray, "contexts strengths"], side: Side
) -> tuple[Float[np.ndarray, " windows"], Float[np.ndarray, "windows contexts"]]:
    """The largest KL(p_alpha, p) on each window, in nats: the divergence itself need not grow with the strength."""
    rows = divergence.T
    grown = grow_between(strengths, rows, rows, side)
    return grown.reach, grown.most


def in_nats(
    found: Horizon,
    strengths: Float[np.ndarray, " strengths"],
    divergence: Float[np.ndarray, "contexts strengths"],
    side: Side,
) -> Horizon:
    """The horizon `[contexts, ...]` of curves of contexts in the nats that each context has spent by then.

    The lower end is what was spent on the window that certainly obeys, the upper what was spent on the first that
    certainly does not: a law is not known to fail before.
    """
    reach, table = spent(strengths, divergence, side)
    table = np.concatenate([np.zeros((1, table.shape[1])), table])

    def nats(sizes: np.ndarray) -> np.ndarray:
        rows = np.searchsorted(reach, np.where(np.isfinite(sizes), sizes, 0.0), side="right")
        each = np.arange(len(sizes)).reshape(-1, *[1] * (sizes.ndim - 1))
        return np.where(np.isfinite(sizes), table[rows, each], np.inf)

    return Horizon(lower=nats(found.lower), upper=nats(found.upper), end=nats(found.end))
