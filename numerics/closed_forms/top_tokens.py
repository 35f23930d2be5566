r"""The likeliest tokens at every strength, from the outer layers of a hull.

At strength alpha tokens rank by log p(z) + alpha M(z): the point (M, log p), seen in the direction (alpha, 1). Whatever
the strength, the first is on the upper hull of the points. Peel the hull off, and the first of the rest is on the next
one. So a token below k hulls of disjoint sets of tokens has k better ones at every strength, and the k likeliest lie
within k layers: a few hundred tokens of a vocabulary of any size.
"""

import operator
from fractions import Fraction
from itertools import pairwise

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from numerics.arrays import ArrayLike
from numerics.checks import checked_distribution, checked_strengths
from numerics.closed_forms.cumulants import cumulants

ENDS, BINS = 256, 64
"""Tokens at each end of the log-odds, and bins between, of whose best the first guess of the layers is made."""

MOST_LAYERS = 64
"""Layers from which on peeling takes longer than ranking the vocabulary at each strength."""

SLACK = 2.0**-46
"""Height below a hull, relative to its own, that counts as on it: 64 roundings. To keep a token more costs nothing."""

TABLE_ELEMENTS = 2**20
"""Scores at hand at a time: 8 MiB."""


def top_tokens(
    log_probs: ArrayLike, log_odds: ArrayLike, strengths: ArrayLike, k: int
) -> tuple[Int[Array, "*contexts strengths k"], Float[Array, "*contexts strengths k"]]:
    r"""The k likeliest tokens at every strength, likeliest first, and their log-probabilities.

    `log_probs` `[..., vocab]`, `log_odds` `[vocab]`. Tokens rank by log p(z) + alpha M(z), the inputs taken as exact
    numbers: what floats cannot tell apart is compared in rational arithmetic, and of equals the lower id comes first.
    No table over strengths and vocabulary is built. Not for use under a JAX transformation: hulls are looked at.

    >>> top_tokens(jnp.log(jnp.array([0.2, 0.3, 0.5])), [1.0, 0.0, -1.0], [0.0, 9.0], k=2)[0]
    Array([[2, 1],
           [0, 1]], dtype=int64)
    """
    distribution, odds = checked_distribution(log_probs, log_odds)
    strengths = checked_strengths(strengths)
    contexts, vocab = distribution.shape[:-1], odds.size
    rows, x = np.asarray(log_probs, np.float64).reshape(-1, vocab), np.asarray(log_odds, np.float64)
    fewest = int((rows > -np.inf).sum(axis=1).min())
    if not 1 <= operator.index(k) <= fewest:
        raise ValueError(f"k: expected 1 to {fewest}, the number of tokens that occur, got {k}")
    by_odds = np.argsort(x, kind="stable")
    ranked = [_ranked(row, x, candidates(row, x, k, by_odds), np.asarray(strengths), k) for row in rows]
    tokens = jnp.asarray(np.stack(ranked).reshape(*contexts, strengths.size, k))
    (cgf,) = cumulants(distribution, odds, strengths, order=0)
    own = jnp.take_along_axis(distribution[..., None, :], tokens, axis=-1)
    return tokens, own + strengths[:, None] * odds[tokens] - cgf[..., None]


def candidates(
    log_prob: Float[np.ndarray, " vocab"],
    log_odds: Float[np.ndarray, " vocab"],
    k: int,
    by_odds: Int[np.ndarray, " vocab"],
) -> Int[np.ndarray, " candidates"]:
    """Ids, in order, of tokens among which are the k likeliest at every strength; `by_odds` sorts the log-odds."""
    order = by_odds[log_prob[by_odds] > -np.inf]
    if k > MOST_LAYERS:
        return np.sort(order)
    if order.size > 2 * (ENDS + BINS * k):
        x, y = log_odds[order], log_prob[order]
        layers = peel(x, y, _guess(y, k), k)
        if len(layers) == k:
            order = order[_on_or_above(x, y, layers[-1])]
    order = _few_of_equals(log_prob, log_odds, order, k)
    layers = peel(log_odds[order], log_prob[order], np.arange(order.size), k)
    return np.sort(order[np.concatenate(layers)])


def peel(
    x: Float[np.ndarray, " points"], y: Float[np.ndarray, " points"], some: Int[np.ndarray, " some"], layers: int
) -> list[Int[np.ndarray, " layer"]]:
    """The outer layers of the upper hull of some points, which stand by increasing x; SLACK counts."""
    found = []
    while some.size and len(found) < layers:
        on_hull = _on_or_above(x[some], y[some], np.arange(some.size))
        found.append(some[on_hull])
        some = some[~on_hull]
    return found


def _guess(y: Float[np.ndarray, " points"], k: int) -> Int[np.ndarray, " guess"]:
    """The ends, and the k highest points of each bin in between."""
    size = (y.size - 2 * ENDS) // BINS
    bins = ENDS + np.arange(BINS * size).reshape(BINS, size)
    highest = np.argpartition(-y[bins], k - 1, axis=1)[:, :k]
    rest = np.r_[:ENDS, y.size - ENDS : y.size]
    return np.sort(np.concatenate([np.take_along_axis(bins, highest, axis=1).ravel(), rest]))


def _on_or_above(
    x: Float[np.ndarray, " points"], y: Float[np.ndarray, " points"], hull_of: Int[np.ndarray, " some"]
) -> Bool[np.ndarray, " points"]:
    """Points that are not clearly below the upper hull of some of them, or beside it.

    What is below a chord has a better token than itself at every strength, the one or the other end of the chord: that
    rounding may have spoilt the hull's convexity makes no difference.
    """
    hull = hull_of[_upper_hull(x[hull_of].tolist(), y[hull_of].tolist())]
    slack = SLACK * np.abs(y[hull]).max()
    return y >= np.interp(x, x[hull], y[hull], left=-np.inf, right=-np.inf) - slack


def _upper_hull(x: list[float], y: list[float]) -> list[int]:
    """Andrew's monotone chain, of the highest point at each x."""
    hull: list[int] = []
    for i, (x_i, y_i) in enumerate(zip(x, y, strict=True)):
        if hull and x[hull[-1]] == x_i:
            if y_i <= y[hull[-1]]:
                continue
            hull.pop()
        while len(hull) > 1:
            a, b = hull[-2], hull[-1]
            if (y[b] - y[a]) * (x_i - x[b]) > (y_i - y[b]) * (x[b] - x[a]):
                break
            hull.pop()
        hull.append(i)
    return hull


def _few_of_equals(
    log_prob: Float[np.ndarray, " vocab"],
    log_odds: Float[np.ndarray, " vocab"],
    order: Int[np.ndarray, " some"],
    k: int,
) -> Int[np.ndarray, " fewer"]:
    """Of tokens that agree in both numbers, the k lowest ids; by increasing log-odds."""
    order = order[np.lexsort((order, log_prob[order], log_odds[order]))]
    x, y = log_odds[order], log_prob[order]
    starts = np.r_[True, (x[1:] != x[:-1]) | (y[1:] != y[:-1])]
    since = np.arange(order.size) - np.maximum.accumulate(np.where(starts, np.arange(order.size), 0))
    return order[since < k]


def _ranked(
    log_prob: Float[np.ndarray, " vocab"],
    log_odds: Float[np.ndarray, " vocab"],
    tokens: Int[np.ndarray, " candidates"],
    strengths: Float[np.ndarray, " strengths"],
    k: int,
) -> Int[np.ndarray, "strengths k"]:
    """The k likeliest of the candidates at each strength, some strengths at a time."""
    x, y = log_odds[tokens], log_prob[tokens]
    step = max(1, TABLE_ELEMENTS // tokens.size)
    parts = []
    for start in range(0, strengths.size, step):
        some = strengths[start : start + step]
        scores = y + some[:, None] * x
        places = np.argsort(-scores, axis=1, kind="stable")
        doubt = 4 * np.finfo(float).eps * (np.abs(some) * np.abs(x).max() + np.abs(y).max())
        falls = -np.diff(np.take_along_axis(scores, places, axis=1), axis=1)
        close = falls <= doubt[:, None]
        for row in np.flatnonzero(close[:, :k].any(axis=1)):
            _settle(places[row], close[row], x, y, some[row], k)
        parts.append(tokens[places[:, :k]])
    return np.concatenate(parts) if parts else np.empty((0, k), np.int64)


def _settle(places, close, x, y, strength: float, k: int) -> None:
    """Rank anew, exactly, every run of places that rounding cannot tell apart, if it touches the first k."""

    def key(place: int) -> tuple[Fraction, int]:
        return -(Fraction(y[place]) + Fraction(strength) * Fraction(x[place])), place

    edges = np.flatnonzero(~np.r_[False, close, False])
    for start, stop in pairwise(edges):
        if start >= k:
            break
        if stop - start > 1:
            places[start:stop] = sorted(places[start:stop].tolist(), key=key)
