"""The exact cross-entropy law over many contexts that share their log-odds."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from numerics.arrays import ArrayLike
from numerics.checks import (
    check_mass,
    checked_log_odds,
    checked_log_probs,
    checked_strengths,
    is_concrete,
    sliceable,
    working_dtype,
)
from numerics.closed_forms.cumulants import FEWEST_STRENGTHS
from numerics.exponential_sums.cells import evaluate, repeated, sort_tokens, worth_compressing
from numerics.exponential_sums.tilted import exp_beyond_linear, favoured_by, tilted_divergences

BLOCK_ELEMENTS, TABLE_ELEMENTS = 2**20, 2**22
"""Elements of a group of distributions and of a table of exponentials: 8 and 32 MiB in float64."""

FEWEST_CONTEXTS = 8
"""Contexts from which on one matrix product is worth it."""

GENTLE = 0.5
"""Value of |alpha| (Mmax - Mmin) up to which series are summed."""


def cross_entropy_change(
    log_probs: ArrayLike,
    log_odds: ArrayLike,
    strengths: ArrayLike,
    weights: ArrayLike | None = None,
    data: ArrayLike | None = None,
) -> Float[Array, " strengths"]:
    r"""Cross-entropy of the tilted distributions less that of the unsteered ones, in nats, exactly.

        dCE(alpha) = sum_j pi_j [K_j(alpha) - alpha E_{r_j}[M]]

    `log_probs` `[contexts, vocab]`; `log_odds` `[vocab]`; `weights` pi_j are normalised here (default: equal). `data`
    is the evaluation distribution r_j: log-probabilities `[contexts, vocab]`, the observed token ids `[contexts]`, or,
    by default, the model's own distribution, for which the change is a mean of KL(p_j, p_j^alpha) >= 0. It is accurate
    relative to itself near alpha = 0, not merely relative to K. If distributions and log-odds both come in float32, so
    does the result, computed in it, within `1e-5 + 4 eps max|alpha M|`. Law `cross_entropy_exact`; Theorem 3.8 of arXiv
    2602.02712 v1 is its second-order term.

    >>> cross_entropy_change(jnp.log(jnp.array([[0.5, 0.5]])), [-1.0, 1.0], [0.0, 1.0])   # log cosh
    Array([0.        , 0.43378083], dtype=float64)
    """
    contexts, vocab = table_shape(log_probs)
    dtype = working_dtype(log_probs, log_odds)
    odds = checked_log_odds(log_odds, vocab=vocab, dtype=dtype)
    odds -= (jnp.max(odds) + jnp.min(odds)) / 2  # the tilt does not see a common offset, rounding does
    strengths = checked_strengths(strengths, dtype)
    shares = checked_weights(weights, contexts)
    distributions = sliceable(log_probs, "log_probs")
    data = None if data is None else checked_data(data, contexts, vocab)

    change, means = _excess_and_means(distributions, odds, strengths, shares)
    if data is not None and data.ndim == 1:
        change += strengths * (shares @ (means - odds[data]))
    elif data is not None:  # both means alike, so that their rounding cancels where the distributions agree
        change += strengths * (
            shares @ (mean_log_odds(distributions, odds, "log_probs") - mean_log_odds(data, odds, "data"))
        )
    return change.astype(dtype)


def table_shape(log_probs: ArrayLike) -> tuple[int, int]:
    """Number of contexts and size of the vocabulary."""
    shape = np.shape(log_probs)
    if len(shape) != 2 or 0 in shape:
        raise ValueError(
            f"log_probs: expected shape (contexts, vocab), got {shape}; add a leading axis for one context"
        )
    return shape


def mean_log_odds(
    log_probs: Float[Array | np.ndarray, "contexts vocab"], log_odds: Float[Array, " vocab"], name: str
) -> Float[Array, " contexts"]:
    """E_j[M] of each distribution, all of which are checked on the way."""
    masses, means = zip(*(_mass_and_mean(log_probs[group], log_odds) for group in groups_of(log_probs)), strict=True)
    check_mass(jnp.concatenate(masses), name, given=log_probs.dtype)
    return jnp.concatenate(means)


def _excess_and_means(
    log_probs: Float[Array | np.ndarray, "contexts vocab"],
    log_odds: Float[Array, " vocab"],
    strengths: Float[Array, " strengths"],
    shares: Float[Array, " contexts"],
) -> tuple[Float[Array, " strengths"], Float[Array, " contexts"]]:
    """sum_j pi_j [K_j(alpha) - alpha E_j[M]], and E_j[M]: a matrix product, unless contexts are few."""
    groups = groups_of(log_probs)
    if shares.size < FEWEST_CONTEXTS or strengths.size == 0 or not is_concrete(log_probs, log_odds, strengths, shares):
        means = mean_log_odds(log_probs, log_odds, "log_probs")
        parts = [shares[group] @ _excess_one_by_one(log_probs[group], log_odds, strengths) for group in groups]
        return jnp.sum(jnp.stack(parts), axis=0), means
    centre = jnp.mean(_mass_and_mean(log_probs[groups[0]], log_odds)[1])
    step = max(1, TABLE_ELEMENTS // log_odds.size)
    means, total = jnp.zeros(0), np.zeros(strengths.size)
    for start in range(0, strengths.size, step):
        some = slice(start, start + step)
        table = _table(log_odds, centre, strengths[some])
        parts = zip(*(_excesses(log_probs[b], log_odds, table, centre, strengths[some]) for b in groups), strict=True)
        masses, means, values, sound = (jnp.concatenate(part) for part in parts)
        check_mass(masses, "log_probs", given=log_probs.dtype)
        total[some] = shares @ values
        for context in np.flatnonzero(~np.asarray(sound).all(axis=1)):
            doubtful = start + np.flatnonzero(~np.asarray(sound[context]))
            exact = _excess_one_by_one(log_probs[context : context + 1], log_odds, strengths[repeated(doubtful)])
            total[doubtful] += shares[context] * exact[0, : doubtful.size]
    return jnp.asarray(total), means


@jax.jit
def _table(
    log_odds: Float[Array, " vocab"], centre: Float[Array, ""], strengths: Float[Array, " strengths"]
) -> Float[Array, "vocab strengths"]:
    """e^y - 1 - y, y = alpha (M - c), for gentle strengths; else e^{alpha (M - Mmax)}, with Mmin where alpha < 0."""
    steep = jnp.exp(strengths * (log_odds[:, None] - favoured_by(log_odds)(strengths)))
    spread = jnp.max(log_odds) - jnp.min(log_odds)
    small = jnp.clip(strengths * (log_odds[:, None] - centre), -GENTLE, GENTLE)
    return jnp.where(jnp.abs(strengths) * spread <= GENTLE, exp_beyond_linear(small), steep)


@jax.jit
def _excesses(
    log_probs: Float[Array, "contexts vocab"],
    log_odds: Float[Array, " vocab"],
    table: Float[Array, "vocab strengths"],
    centre: Float[Array, ""],
    strengths: Float[Array, " strengths"],
):
    """Masses, means, log E_j[e^{alpha M}] - alpha E_j[M], and whether nothing that matters has underflowed.

    With y = alpha (M - c): log E[e^y] - E[y] = E[e^y - 1 - y] + (log(1 + x) - x), x = E[e^y] - 1. What is not sound
    counts as 0.
    """
    probs = jnp.exp(log_probs.astype(log_odds.dtype))
    first, mass = (probs @ jnp.stack([log_odds, jnp.ones_like(log_odds)], axis=1)).T
    means, expectations = first / mass, probs @ table / mass[:, None]
    gentle = jnp.abs(strengths) * (jnp.max(log_odds) - jnp.min(log_odds)) <= GENTLE
    numbers = jnp.finfo(log_odds.dtype)
    sound = gentle | (expectations >= numbers.tiny / numbers.eps * log_odds.size)
    series = expectations + _log1p_beyond_linear(expectations + strengths * (means - centre)[:, None])
    steep = jnp.log(expectations) + strengths * (favoured_by(log_odds)(strengths) - means[:, None])
    return mass, means, jnp.where(sound, jnp.where(gentle, series, steep), 0), sound


def _excess_one_by_one(log_probs, log_odds, strengths):
    log_probs = checked_log_probs(log_probs, dtype=log_odds.dtype)
    if strengths.size < FEWEST_STRENGTHS or not worth_compressing(log_probs, strengths, log_odds):
        return tilted_divergences(log_probs, log_odds, strengths, ("reverse",))[0]

    def kernel(row, log_odds, strengths):
        (excess,) = tilted_divergences(row, log_odds, strengths, ("reverse",))
        return excess, excess + strengths * (jnp.exp(row) @ log_odds)

    order = sort_tokens(log_odds)
    return jnp.stack([evaluate(kernel, row, log_odds, order, strengths) for row in log_probs])


@jax.jit
def _mass_and_mean(log_probs, log_odds):
    probs = jnp.exp(log_probs.astype(log_odds.dtype))
    mass = jnp.sum(probs, axis=1, dtype=jnp.float64)
    return mass, probs @ log_odds / mass.astype(log_odds.dtype)


def _log1p_beyond_linear(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """log(1 + x) - x for |x| < 0.7, relatively accurate: log(1 + x) = 2 artanh(y), y = x/(2 + x)."""
    y = x / (2 + x)
    series = sum(y ** (2 * n) / (2 * n + 3) for n in range(14))
    return 2 * y**3 * series - x * y


def groups_of(log_probs: Float[Array | np.ndarray, "contexts vocab"]) -> list[slice]:
    """Successive contexts, as many as are at hand at a time."""
    contexts, vocab = log_probs.shape
    rows = max(1, BLOCK_ELEMENTS // vocab)
    return [slice(start, start + rows) for start in range(0, contexts, rows)]


def checked_weights(weights: ArrayLike | None, contexts: int) -> Float[Array, " contexts"]:
    """Shares pi_j of the contexts, summing to 1; equal by default."""
    if weights is None:
        return jnp.full(contexts, 1 / contexts)
    values = jnp.asarray(weights, dtype=jnp.float64)
    if values.shape != (contexts,):
        raise ValueError(f"weights: expected one per context, shape ({contexts},), got shape {values.shape}")
    if is_concrete(values) and not (jnp.isfinite(values).all() and (values >= 0).all() and (values > 0).any()):
        raise ValueError("weights: expected finite numbers >= 0, not all 0")
    return values / jnp.sum(values)


def checked_data(
    data: ArrayLike, contexts: int, vocab: int
) -> Float[Array | np.ndarray, "contexts vocab"] | Int[Array, " contexts"]:
    """The evaluation distribution: a table of log-probabilities as it is, or checked token ids."""
    shape = np.shape(data)
    if shape == (contexts, vocab):
        return sliceable(data, "data")
    if shape != (contexts,):
        raise ValueError(
            f"data: expected log-probabilities of shape ({contexts}, {vocab}) or token ids of shape ({contexts},), "
            f"got shape {shape}"
        )
    ids = jnp.asarray(data)
    if not jnp.issubdtype(ids.dtype, jnp.integer):
        raise ValueError(f"data: expected integer token ids, got dtype {ids.dtype}")
    if is_concrete(ids) and not ((ids >= 0) & (ids < vocab)).all():
        raise ValueError(f"data: expected token ids from 0 to {vocab - 1}, got {int(ids.min())} to {int(ids.max())}")
    return ids
