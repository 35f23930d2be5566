"""What share of a law's curves still obeys at a reach: survival curves from intervals of horizons.

In push, where windows end at the same reach or at one that has nothing to do with the curve, the product-limit
estimator (Kaplan & Meier 1958) from the lower ends of the horizons and from the upper ones,

    S(r) = prod_{deaths t <= r} (1 - weight that dies at t / weight still at risk at t).

In nats a curve is censored at what its own context has spent, which depends on the curve: no estimator is right there,
so the share is put between its least, where all that is unknown has failed, and its most, where none of it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from numerics.bands.intervals import enclosed_mean_band
from numerics.judging.horizons.passages import Horizon

Shares = Float[np.ndarray, " reaches"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Survival:
    """Share of curves that obeys at each reach `at`: between `least` and `most`, which bands and grids leave open.

    `lower` and `upper` are simultaneous bounds, at a level, for the mean over contexts like those seen.
    """

    at: Float[np.ndarray, " reaches"]
    least: Shares
    most: Shares
    lower: Shares
    upper: Shares

    def median(self) -> tuple[float, float]:
        """Between which reaches half of the curves have stopped to obey; infinite if half still do at the end."""
        ends = []
        for share in (self.least, self.most):
            gone = np.flatnonzero(share < 0.5)
            ends.append(float(self.at[gone[0]]) if gone.size else float("inf"))
        return ends[0], ends[1]


def product_limit(
    times: Float[np.ndarray, " curves"],
    died: Bool[np.ndarray, " curves"],
    at: Float[np.ndarray, " reaches"],
    weights: Float[np.ndarray, " curves"] | None = None,
) -> Shares:
    """Kaplan and Meier's S(r) = P(T > r) at each `at`; curves that have not `died` left at their time, censored.

    Of equal times, deaths come before those that leave. `weights` count a curve so many times.

    >>> product_limit(np.array([1.0, 2.0, 3.0]), np.array([True, False, True]), np.array([1.0, 2.0, 3.0])).round(2)
    array([0.67, 0.67, 0.  ])
    """
    weight = np.ones(times.shape) if weights is None else np.asarray(weights, np.float64)
    order = np.argsort(times, kind="stable")
    times, deaths, weight = times[order], np.where(died, weight, 0.0)[order], weight[order]
    moments, start = np.unique(times, return_index=True)
    dying = np.add.reduceat(deaths, start) if len(start) else np.zeros(0)
    at_risk = weight[::-1].cumsum()[::-1][start] if len(start) else np.zeros(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = np.where(dying > 0, np.maximum(1 - dying / at_risk, 0.0), 1.0)
    share = np.concatenate([[1.0], np.cumprod(kept)])
    return share[np.searchsorted(moments, at, side="right")]


def survival_in_push(
    found: Horizon,
    at: Float[np.ndarray, " reaches"],
    weights: Float[np.ndarray, "contexts ..."] | None = None,
    *,
    level: float = 0.05,
) -> Survival:
    """By the product limit, from the lower and from the upper ends of horizons `[contexts, ...]` in push.

    Where windows end at different reaches, which of the two estimates is the smaller one may change.
    """
    flat = [part.ravel() for part in (found.lower, found.upper, found.end)]
    weight = None if weights is None else np.broadcast_to(weights, found.lower.shape).ravel()
    lower, upper, end = flat
    # obeying is certain at the lower end itself, so death comes after it; at the upper end it is there already
    short = lower < end
    least = product_limit(np.where(short, np.nextafter(lower, np.inf), end), short, at, weight)
    gone = np.isfinite(upper)
    most = product_limit(np.where(gone, upper, end), gone, at, weight)
    least, most = np.minimum(least, most), np.maximum(least, most)
    low, high = _of_contexts([_shares(found, reach, weights) for reach in at], level)
    return Survival(at=at, least=least, most=most, lower=np.minimum(low, least), upper=np.maximum(high, most))


def survival_in_nats(
    found: Horizon,
    at: Float[np.ndarray, " reaches"],
    weights: Float[np.ndarray, "contexts ..."] | None = None,
    *,
    level: float = 0.05,
) -> Survival:
    """The least and the most that may obey once so many nats are spent."""
    rows = [_shares(found, reach, weights) for reach in at]
    held = np.array([[np.nansum(share * own) / np.nansum(own) for share in pair] for *pair, own in rows])
    held = held.reshape(len(at), 2)
    low, high = _of_contexts(rows, level)
    return Survival(at=at, least=held[:, 0], most=held[:, 1], lower=low, upper=high)


def _shares(found: Horizon, reach: float, weights):
    """Of each context the least and the most weight that obeys at a reach, as shares; and all of its weight.

    Of a curve that was not looked at so far nothing is known.
    """
    weight = np.ones(found.lower.shape) if weights is None else np.broadcast_to(weights, found.lower.shape)
    weight = weight.reshape(len(weight), -1)
    lower, upper = (part.reshape(len(weight), -1) for part in (found.lower, found.upper))
    total = weight.sum(axis=1)
    with np.errstate(invalid="ignore"):
        least, most = (
            (weight * obeys).sum(axis=1) / total for obeys in ((lower >= reach) & (upper > reach), upper > reach)
        )
    return least, most, total


def _of_contexts(rows: Sequence[tuple[np.ndarray, ...]], level: float) -> tuple[Shares, Shares]:
    """Simultaneous bounds over the reaches, from the shares at each of them, the context being the replicate."""
    least, most = (np.array([row[n] for row in rows]).T for n in (0, 1))
    seen = ~np.isnan(least).any(axis=1)
    if not seen.any():
        return np.zeros(len(rows)), np.ones(len(rows))
    return enclosed_mean_band(*(np.clip(shares[seen], 0, 1) for shares in (least, most)), level=level)
