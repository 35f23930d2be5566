"""How the share of a concept in the base mass goes up and down over the log-odds."""

import numpy as np
from jaxtyping import Bool, Float, Int

EQUAL = 1e-12
"""Logarithms of masses that agree this closely, relative to their size, are equal up to rounding."""


def share_steps(
    log_probs: Float[np.ndarray, "contexts vocab"],
    log_odds: Float[np.ndarray, " vocab"],
    concepts: Bool[np.ndarray, "concepts vocab"],
) -> tuple[Int[np.ndarray, "contexts concepts"], Int[np.ndarray, "contexts concepts"]]:
    """Sign changes of `g_{k+1} - g_k` over the distinct log-odds, and the first sign that is not 0 (0 if all are).

    `g_k` is the concept's share of the base mass at the k-th of them. Shares are compared by their logits, from masses
    in and outside the concept summed apart in logs, so that shares near 0 and near 1 keep their digits.
    """
    order = np.argsort(log_odds, kind="stable")
    starts = np.flatnonzero(np.diff(log_odds[order], prepend=-np.inf))
    changes, first = (np.zeros((len(log_probs), len(concepts)), np.int64) for _ in range(2))
    for at in np.ndindex(changes.shape):
        distribution, members = log_probs[at[0], order], concepts[at[1], order]
        signs = _signs(*(_log_mass(np.where(side, distribution, -np.inf), starts) for side in (members, ~members)))
        if signs.size:
            changes[at], first[at] = (signs[1:] != signs[:-1]).sum(), signs[0]
    return changes, first


def _log_mass(
    log_probs: Float[np.ndarray, " vocab"], starts: Int[np.ndarray, " values"]
) -> Float[np.ndarray, " values"]:
    top = np.maximum.reduceat(log_probs, starts)
    top = np.where(top > -np.inf, top, 0.0)
    counts = np.diff(starts, append=log_probs.size)
    with np.errstate(divide="ignore"):
        return top + np.log(np.add.reduceat(np.exp(log_probs - np.repeat(top, counts)), starts))


def _signs(inside: Float[np.ndarray, " values"], outside: Float[np.ndarray, " values"]) -> Int[np.ndarray, " steps"]:
    """Signs of the steps of `inside - outside` that are not 0; log-odds without mass are left out."""
    occurs = np.maximum(inside, outside) > -np.inf
    inside, outside = inside[occurs], outside[occurs]
    logits = inside - outside
    finite = np.isfinite(logits)
    size = np.where(finite, 1 + np.abs(inside) + np.abs(outside), 0.0)
    before, after = logits[:-1], logits[1:]
    same = before == after
    steps = np.subtract(after, before, out=np.zeros(before.size), where=~same)
    return np.sign(steps[np.abs(steps) > EQUAL * np.maximum(size[:-1], size[1:])]).astype(np.int64)
