"""Where the probability of a concept turns: every strength, and at most how many there can be."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from numerics.arrays import ArrayLike
from numerics.checks import checked_distribution
from numerics.closed_forms.concept_shares import share_steps
from numerics.exponential_sums.cells import compress, repeated, sort_tokens, uncompressed, worth_compressing
from numerics.exponential_sums.expansions import two_sided
from numerics.exponential_sums.sums import log_sums

SUBDIVISIONS = 4
"""Points of the search between neighbouring nodes of the expansions, which resolve either mean by themselves."""

BISECTION = 32
"""Parts into which a bracket is divided in each of `ROUNDS` rounds: to 1e-13 of its width."""
ROUNDS = 9

NOISE = 64
"""Roundings of the largest log-odds below which the gap of two means has no sign."""


def turning_points(log_probs: ArrayLike, log_odds: ArrayLike, concept: ArrayLike) -> Float[np.ndarray, " turns"]:
    r"""Strengths, in order, at which the probability F of a set of tokens turns: E_alpha[M | C] = E_alpha[M | not C].

        F' = F (1 - F) (E_alpha[M | C] - E_alpha[M | not C])

    `concept` is a mask `[vocab]`. The gap of the means is searched for changes of sign over all strengths at which
    either mean still moves, at a step that resolves both; two turns closer than that, or a gap that rounding hides, are
    missed, so that the count is a lower bound: `numerics.closed_forms.certified.certified_turning_points` proves it.
    `most_turning_points` is the upper bound, and has the same parity.

    >>> turning_points(jnp.log(jnp.full(4, 0.25)), [0.0, 1.0, 2.0, 3.0], [False, True, True, False])
    array([0.])
    """
    distribution, odds, members = _checked(log_probs, log_odds, concept)
    if most_turning_points(distribution, odds, members) == 0:
        return np.empty(0)
    odds -= (jnp.max(odds) + jnp.min(odds)) / 2
    joint = jnp.where(jnp.stack([members, ~members]), distribution, -jnp.inf)
    sides = joint - logsumexp(joint, axis=1)[:, None]
    noise = NOISE * np.finfo(float).eps * float(jnp.max(jnp.abs(odds)))

    def gap(strengths: Float[np.ndarray, " strengths"]) -> Float[np.ndarray, " strengths"]:
        few_sizes = strengths[repeated(np.arange(strengths.size))]
        (_, means), _ = log_sums(lambda some: sides[some], 2, odds, jnp.asarray(few_sizes), order=1)
        return np.asarray(means[0] - means[1])[: strengths.size]

    strengths = _search_points(sides, odds)
    values = gap(strengths)
    told = np.abs(values) > noise
    strengths, values = strengths[told], values[told]
    turns = np.flatnonzero(np.sign(values[1:]) != np.sign(values[:-1]))
    lower, upper, before = strengths[turns], strengths[turns + 1], np.sign(values[turns])
    for _ in range(ROUNDS if turns.size else 0):
        points = np.linspace(lower, upper, BISECTION + 1, axis=1)
        crossed = np.sign(gap(points.ravel()).reshape(points.shape)) != before[:, None]
        crossed[:, -1] = True
        first = np.maximum(np.argmax(crossed, axis=1), 1)
        rows = np.arange(turns.size)
        lower, upper = points[rows, first - 1], points[rows, first]
    return (lower + upper) / 2


def most_turning_points(log_probs: ArrayLike, log_odds: ArrayLike, concept: ArrayLike) -> int:
    """At most how often F turns: one less than the runs of rises and falls of the concept's share over the log-odds.

    The share g_k is that of the concept in the probability of the tokens at the k-th distinct log-odds. F' has at most
    as many zeros, counted with multiplicity, as g_{k+1} - g_k changes sign, and as many modulo 2. Law `turning_points`.

    >>> most_turning_points(jnp.log(jnp.full(4, 0.25)), [0.0, 1.0, 2.0, 3.0], [True, False, True, False])
    2
    """
    distribution, odds, members = (np.asarray(x) for x in _checked(log_probs, log_odds, concept))
    return int(share_steps(distribution[None], odds, members[None])[0].item())


_two_sided = jax.jit(two_sided)


def _search_points(sides: Float[Array, "2 vocab"], log_odds: Float[Array, " vocab"]) -> Float[np.ndarray, " strengths"]:
    """The nodes at which the means inside and outside are expanded, and some strengths between them."""
    found = [np.zeros(1)]
    for side in sides:
        members = side > -jnp.inf
        lowest = jnp.min(log_odds, where=members, initial=jnp.inf)
        highest = jnp.max(log_odds, where=members, initial=-jnp.inf)
        distribution = uncompressed(side, log_odds)
        if worth_compressing(side, log_odds):
            distribution = compress(side, log_odds, sort_tokens(log_odds))
        margin = NOISE * jnp.finfo(float).eps * jnp.max(jnp.abs(log_odds))
        up, down = _two_sided(distribution, lowest + margin, highest - margin)
        found += [np.asarray(up.strength), -np.asarray(down.strength)]
    nodes = np.unique(np.concatenate(found))
    nodes = nodes[np.isfinite(nodes)]
    return np.interp(np.arange(SUBDIVISIONS * (nodes.size - 1) + 1) / SUBDIVISIONS, np.arange(nodes.size), nodes)


def _checked(log_probs: ArrayLike, log_odds: ArrayLike, concept: ArrayLike):
    distribution, odds = checked_distribution(log_probs, log_odds)
    members = jnp.asarray(concept)
    if distribution.ndim != 1:
        raise ValueError(f"log_probs: expected one distribution, shape (vocab,), got shape {distribution.shape}")
    if members.dtype != bool or members.shape != distribution.shape:
        raise ValueError(
            f"concept: expected a boolean mask of shape {distribution.shape}, got {members.dtype} {members.shape}"
        )
    return distribution, odds, members
