"""Where every token of a vocabulary peaks, all at once."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from numerics.arrays import ArrayLike
from numerics.checks import checked_distribution, is_concrete
from numerics.exponential_sums.balance import balances
from numerics.exponential_sums.cells import (
    CERTIFIED,
    EXACT,
    CompressedDistribution,
    compress,
    repeated,
    sort_tokens,
    uncompressed,
    worth_compressing,
)
from numerics.exponential_sums.expansions import Nodes, roots, two_sided
from numerics.exponential_sums.tilted import tilted_moments

WIDTH = 128
"""Successive tokens of a large vocabulary that share a node; those near the ends are too far apart for it."""

ROOTS_AT_ONCE = 2**15

FEW = 64
"""Tokens that may be left in doubt by nodes shared in groups; if more are, each token gets its own."""


class Interior(NamedTuple):
    """Which tokens peak at a finite strength, the peaks of the others, and the extremes of the former's log-odds."""

    tokens: Bool[Array, " vocab"]
    otherwise: Float[Array, " vocab"]
    lowest: Float[Array, ""]
    highest: Float[Array, ""]


def peak_strengths(log_probs: ArrayLike, log_odds: ArrayLike) -> Float[Array, "*contexts vocab"]:
    r"""The strength at which each token's probability is largest: the unique root of E_alpha[M] = M(z).

    `log_probs` `[..., vocab]`, `log_odds` `[vocab]`. Tokens of extremal log-odds, ties included, never stop rising or
    falling: their peak is at plus or minus infinity. There is no peak, nan, for a token of probability 0, nor for any
    token if the log-odds are constant on the tokens that occur. Differentiable in both arguments (for small
    vocabularies: the derivative costs one pass a token). Computed in float64 whatever comes in: a peak magnifies
    rounding by the reciprocal of the tilted variance. Theorem 3.3 of arXiv 2602.02712 v1, law `token_bump`.

    >>> peak_strengths(jnp.log(jnp.array([0.25, 0.5, 0.25])), [-1.0, 0.0, 1.0])
    Array([-inf,   0.,  inf], dtype=float64)
    """
    distribution, odds = checked_distribution(log_probs, log_odds)
    return _peaks(distribution.reshape(-1, odds.size), odds - _offset(odds)).reshape(distribution.shape)


def _offset(log_odds: Float[Array, " vocab"]) -> Float[Array, ""]:
    """What can be taken off without rounding (Sterbenz): the smallest in size, if no other is more than its double."""
    lowest, highest = jnp.min(log_odds), jnp.max(log_odds)
    above, below = (lowest > 0) & (highest <= 2 * lowest), (highest < 0) & (2 * highest <= lowest)
    return lax.stop_gradient(jnp.where(above, lowest, jnp.where(below, highest, 0)))


@jax.custom_jvp
def _peaks(
    log_probs: Float[Array, "contexts vocab"], log_odds: Float[Array, " vocab"]
) -> Float[Array, "contexts vocab"]:
    if worth_compressing(log_probs, log_odds):
        order = sort_tokens(log_odds)
        return jnp.stack([_peaks_of_many_tokens(distribution, log_odds, order) for distribution in log_probs])
    peaks, doubtful = _peaks_of_few_tokens(log_probs, log_odds)
    if not is_concrete(log_probs, log_odds):
        return lax.map(lambda row: _settled(row[0], log_odds, row[1], row[2]), (log_probs, peaks, doubtful))
    for context in np.flatnonzero(np.asarray(doubtful).any(axis=1)):
        settled = _settled(log_probs[context], log_odds, peaks[context], doubtful[context])
        peaks = peaks.at[context].set(settled)
    return peaks


@_peaks.defjvp
def _peaks_jvp(primals, tangents):
    """Implicit function theorem: keeping E_alpha[M] = M(z), d alpha = (dM(z) - dE_alpha[M])/Var_alpha[M]."""
    (log_probs, log_odds), (log_probs_dot, log_odds_dot) = primals, tangents
    peaks = _peaks(log_probs, log_odds)
    finite = jnp.isfinite(peaks)

    def of_context(row):
        distribution, distribution_dot, strengths = row
        here, moved = (distribution, log_odds), (distribution_dot, log_odds_dot)
        (_, _, variance), (_, mean_dot, _) = jax.jvp(lambda *tilt: tilted_moments(*tilt, strengths), here, moved)
        return (log_odds_dot - mean_dot) / variance

    slopes = lax.map(of_context, (log_probs, log_probs_dot, jnp.where(finite, peaks, 0)))
    return peaks, jnp.where(finite, slopes, 0)


@jax.jit
def _peaks_of_few_tokens(log_probs: Float[Array, "contexts vocab"], log_odds: Float[Array, " vocab"]):
    """Peaks, and which of them are in doubt."""

    def of_context(row):
        inside = _interior(row, log_odds)
        return _one_by_one(_nodes(uncompressed(row, log_odds), inside), log_odds, inside)

    return lax.map(of_context, log_probs)


def _peaks_of_many_tokens(
    log_probs: Float[Array, " vocab"], log_odds: Float[Array, " vocab"], order: Int[Array, " vocab"]
) -> Float[Array, " vocab"]:
    inside = _interior(log_probs, log_odds)
    nodes = _nodes(compress(log_probs, log_odds, order), inside)
    if jnp.maximum(*(jnp.max(side.error) for side in nodes)) > CERTIFIED:
        nodes = _nodes(uncompressed(log_probs, log_odds), inside)
    peaks, doubtful = _in_slices(nodes, log_odds, order, inside)
    if jnp.sum(doubtful) > FEW:
        peaks, doubtful = _one_by_one(nodes, log_odds, inside)
    return _settled(log_probs, log_odds, peaks, doubtful)


def _settled(
    log_probs: Float[Array, " vocab"],
    log_odds: Float[Array, " vocab"],
    peaks: Float[Array, " vocab"],
    doubtful: Bool[Array, " vocab"],
) -> Float[Array, " vocab"]:
    """Peaks, those in doubt solved for directly, equal log-odds once."""

    def settled(token):
        in_doubt, value, peak = token
        return lax.cond(in_doubt, lambda: balances(log_probs, log_odds, value[None], peak[None])[0], lambda: peak)

    if not is_concrete(log_probs, log_odds):
        return lax.map(settled, (doubtful, log_odds, peaks))
    tokens = np.flatnonzero(doubtful)
    if tokens.size == 0:
        return peaks
    _, first, which = np.unique(np.asarray(log_odds)[tokens], return_index=True, return_inverse=True)
    chosen = repeated(tokens[first])
    return peaks.at[tokens].set(balances(log_probs, log_odds, log_odds[chosen], peaks[chosen])[which])


@jax.jit
def _interior(log_probs: Float[Array, " vocab"], log_odds: Float[Array, " vocab"]) -> Interior:
    occurs = log_probs > -jnp.inf
    lowest = jnp.min(log_odds, where=occurs, initial=jnp.inf)
    highest = jnp.max(log_odds, where=occurs, initial=-jnp.inf)
    inside = occurs & (lowest < log_odds) & (log_odds < highest)
    elsewhere = jnp.where(log_odds >= highest, jnp.inf, -jnp.inf)
    mean = jnp.exp(log_probs) @ log_odds
    return Interior(
        tokens=inside,
        otherwise=jnp.where(occurs & (lowest < highest), elsewhere, jnp.nan),
        lowest=jnp.where(inside.any(), jnp.min(log_odds, where=inside, initial=jnp.inf), mean),
        highest=jnp.where(inside.any(), jnp.max(log_odds, where=inside, initial=-jnp.inf), mean),
    )


@jax.jit
def _nodes(distribution: CompressedDistribution, inside: Interior) -> tuple[Nodes, Nodes]:
    return two_sided(distribution, inside.lowest, inside.highest)


@jax.jit
def _one_by_one(
    nodes: tuple[Nodes, Nodes], log_odds: Float[Array, " vocab"], inside: Interior
) -> tuple[Float[Array, " vocab"], Bool[Array, " vocab"]]:
    """Each token on its own node: peaks, and which of them are in doubt."""
    peaks, doubtful = _solve(nodes, jnp.clip(log_odds, inside.lowest, inside.highest)[:, None])
    return jnp.where(inside.tokens, peaks[:, 0], inside.otherwise), doubtful[:, 0] & inside.tokens


@jax.jit
def _in_slices(
    nodes: tuple[Nodes, Nodes], log_odds: Float[Array, " vocab"], order: Int[Array, " vocab"], inside: Interior
) -> tuple[Float[Array, " vocab"], Bool[Array, " vocab"]]:
    """The same, but successive tokens share a node if not near the ends."""
    targets = jnp.clip(log_odds, inside.lowest, inside.highest)[order]
    stop = targets.size - EXACT
    start = EXACT + (stop - EXACT) % WIDTH
    bulk = _solve(nodes, targets[start:stop].reshape(-1, WIDTH))
    tails = _solve(nodes, jnp.concatenate([targets[:start], targets[stop:]])[:, None])
    peaks, doubtful = (
        jnp.zeros_like(middle, shape=targets.shape)
        .at[order]
        .set(jnp.concatenate([ends[:start, 0], middle.ravel(), ends[start:, 0]]))
        for middle, ends in zip(bulk, tails, strict=True)
    )
    return jnp.where(inside.tokens, peaks, inside.otherwise), doubtful & inside.tokens


def _solve(
    nodes: tuple[Nodes, Nodes], targets: Float[Array, "rows width"]
) -> tuple[Float[Array, "rows width"], Bool[Array, "rows width"]]:
    """Roots of E_alpha[M] = target, a row on one node, and which of them are in doubt.

    A row belongs to the side of the mean on which its middle lies: on the lower one, to the mirrored nodes.
    """
    up, down = nodes
    both = Nodes(*(jnp.concatenate(pair) for pair in zip(up, down, strict=True)))
    least, greatest = jnp.min(targets, axis=1), jnp.max(targets, axis=1)
    rises = least + greatest >= 2 * up.centre[0]
    sign = jnp.where(rises, 1.0, -1.0)
    nearest = jnp.where(rises, least, -greatest)
    before = jnp.where(rises, jnp.searchsorted(up.centre, nearest), jnp.searchsorted(down.centre, nearest))
    node = jnp.clip(before - 1, 0, up.centre.size - 3) + jnp.where(rises, 0, up.centre.size)
    strengths, doubtful = lax.map(
        lambda row: tuple(x[0] for x in roots(both, row[0][None], row[1][None])),
        (node, sign[:, None] * targets),
        batch_size=max(1, ROOTS_AT_ONCE // targets.shape[1]),
    )
    return sign[:, None] * strengths, doubtful
