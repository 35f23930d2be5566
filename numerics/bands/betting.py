"""A lower bound for a mean of numbers in [0, 1] by betting, whatever their distribution.

Were the mean m, the capital

    K(m) = mean over bets g of prod_i (1 + g (x_i/m - 1)),   0 < g <= 1,

of one who bets that it is larger would have expectation at most 1 (Waudby-Smith & Ramdas 2024; Orabona & Jun 2024), so
a large K(m) rules m out. K falls in m, and the bound is where it is just large enough. In t = log m each factor is
1 - g + g x_i e^-t, so that log K is convex and falls: Newton's method from where K is certainly too large approaches
the root from there and never passes it.
"""

import numpy as np
from jaxtyping import Float

BETS = np.sin(np.linspace(0, np.pi / 2, 17)[1:]) ** 2
"""Shares of the capital put at stake, 0 < bet <= 1, spread as the nodes of Cover's universal portfolio."""

AT_ONCE = 2**20
"""Numbers worked on at once, about."""

STEPS = 100
"""Of Newton's method, at most: seen are 10."""

CLOSE = 1e-12
"""By so much of itself a bound may lie below the mean that is just ruled out, and certainly lies below it."""


def least_mean(samples: Float[np.ndarray, "replicates means"], enough: float) -> Float[np.ndarray, " means"]:
    """The largest m, to a relative 1e-12, at which log K(m) >= `enough`, `enough` > 0; 0 where all samples are 0.

    Every smaller m is ruled out too. The order of the replicates says nothing, and means with the same samples are
    worked out once.
    """
    ordered, copies = np.unique(np.sort(samples, axis=0), axis=1, return_inverse=True)
    found = np.zeros(ordered.shape[1])
    some = np.flatnonzero(ordered[-1] > 0)
    for part in np.array_split(some, max(1, some.size * len(samples) * len(BETS) // AT_ONCE)):
        found[part] = _roots(ordered[:, part], enough)
    return found[copies.reshape(-1)]


def _roots(samples: Float[np.ndarray, "replicates means"], enough: float) -> Float[np.ndarray, " means"]:
    """Where K is just large enough of samples that are not all 0."""
    with np.errstate(divide="ignore"):
        logs = np.log(samples)
    at = _start(logs, enough)
    moving = np.arange(at.size)
    for _ in range(STEPS):
        above, falls = _log_capital(logs[:, moving], at[moving], enough)
        step = np.maximum(above, 0.0) / falls
        at[moving] += step
        moving = moving[step > CLOSE / 8]
        if not moving.size:
            break
    return np.exp(at) * (1 - CLOSE / 2)


def _start(logs: Float[np.ndarray, "replicates means"], enough: float) -> Float[np.ndarray, " means"]:
    """A t at which log K is certainly large enough.

    K >= one bet's capital over the number of bets, and its factors are at least g x_i e^-t, or 1 - g where x_i = 0.
    """
    positive = np.isfinite(logs)
    count, total = positive.sum(axis=0), np.where(positive, logs, 0.0).sum(axis=0)
    bets = BETS[BETS < 1, None]
    best = (count * np.log(bets) + (len(logs) - count) * np.log1p(-bets)).max(axis=0)
    return (total + best - np.log(len(BETS)) - enough) / count


def _log_capital(
    logs: Float[np.ndarray, "replicates means"], at: Float[np.ndarray, " means"], enough: float
) -> tuple[Float[np.ndarray, " means"], Float[np.ndarray, " means"]]:
    """log K less `enough`, and how fast it falls in t."""
    bets = BETS[:, None, None]
    stakes = bets * np.exp(logs - at)
    factors = 1 - bets + stakes
    with np.errstate(divide="ignore"):
        each = np.log(factors).sum(axis=1)
    slopes = np.divide(stakes, factors, out=np.zeros_like(factors), where=factors > 0).sum(axis=1)
    top = each.max(axis=0)
    shares = np.exp(each - top)
    return top + np.log(shares.mean(axis=0)) - enough, (shares * slopes).sum(axis=0) / shares.sum(axis=0)
