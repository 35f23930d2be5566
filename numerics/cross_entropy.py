"""The exact cross-entropy law over many contexts that share their log-odds."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from numpy.typing import ArrayLike

from numerics.cells import evaluate, sort_tokens, worth_compressing
from numerics.checks import check_mass, check_real, checked_log_odds, checked_log_probs, checked_strengths, is_concrete
from numerics.cumulants import FEWEST_STRENGTHS
from numerics.tilted import exp_beyond_linear, tilted_divergences

BLOCK_ELEMENTS, TABLE_ELEMENTS = 2**21, 2**22
"""Elements of a block of laws and of a table of exponentials: 16 and 32 MiB in float64."""

FEWEST_CONTEXTS = 8
"""Contexts from which on one matrix product is worth it."""

GENTLE, STEEP = 0.5, 600.0
"""Values of |alpha| (Mmax - Mmin) up to which series are summed, and beyond which exponentials could underflow."""


def cross_entropy_change(
    log_probs: ArrayLike,
    log_odds: ArrayLike,
    strengths: ArrayLike,
    weights: ArrayLike | None = None,
    data: ArrayLike | None = None,
) -> Float[Array, " strengths"]:
    r"""Cross-entropy of the tilted laws less that of the unsteered ones, in nats, exactly.

        dCE(alpha) = sum_j pi_j [K_j(alpha) - alpha E_{r_j}[M]]

    `log_probs` `[contexts, vocab]`; `log_odds` `[vocab]`; `weights` pi_j are normalised here (default: equal). `data`
    is the evaluation law r_j: log-probabilities `[contexts, vocab]`, the observed token ids `[contexts]`, or, by
    default, the model's own law, for which the change is a mean of KL(p_j, p_j^alpha) >= 0. It is accurate relative to
    itself near alpha = 0, not merely relative to K. Law `cross_entropy_exact`; Theorem 3.8 of arXiv 2602.02712 v1 is
    its second-order term.

    >>> cross_entropy_change(jnp.log(jnp.array([[0.5, 0.5]])), [-1.0, 1.0], [0.0, 1.0])   # log cosh
    Array([0.        , 0.43378083], dtype=float64)
    """
    shape = np.shape(log_probs)
    if len(shape) != 2 or 0 in shape:
        raise ValueError(
            f"log_probs: expected shape (contexts, vocab), got {shape}; add a leading axis for one context"
        )
    contexts, vocab = shape
    odds = checked_log_odds(log_odds, vocab=vocab)
    odds -= (jnp.max(odds) + jnp.min(odds)) / 2  # the law does not see a common offset, rounding does
    strengths = checked_strengths(strengths)
    shares = _checked_weights(weights, contexts)
    laws = _sliceable(log_probs, "log_probs")
    data = None if data is None else _checked_data(data, contexts, vocab)

    means = _means(laws, odds, "log_probs")
    change = _mean_excess(laws, odds, strengths, shares, means)
    if data is None:
        return change
    data_means = odds[data] if data.ndim == 1 else _means(data, odds, "data")
    return change + strengths * (shares @ (means - data_means))


def _means(
    laws: Float[Array | np.ndarray, "contexts vocab"], log_odds: Float[Array, " vocab"], name: str
) -> Float[Array, " contexts"]:
    """E_j[M] of each law, all of which are checked on the way."""
    masses, means = zip(*(_mass_and_mean(laws[block], log_odds) for block in _blocks(laws)), strict=True)
    check_mass(jnp.concatenate(masses), name)
    return jnp.concatenate(means)


def _mean_excess(
    laws: Float[Array | np.ndarray, "contexts vocab"],
    log_odds: Float[Array, " vocab"],
    strengths: Float[Array, " strengths"],
    shares: Float[Array, " contexts"],
    means: Float[Array, " contexts"],
) -> Float[Array, " strengths"]:
    """sum_j pi_j [K_j(alpha) - alpha E_j[M]]: a matrix product, unless contexts are few or the strength extreme."""
    blocks = _blocks(laws)
    if shares.size < FEWEST_CONTEXTS or not is_concrete(shares, means, strengths):
        return jnp.sum(
            jnp.stack([shares[b] @ _excess_one_by_one(laws[b], log_odds, strengths) for b in blocks]), axis=0
        )
    spreads, mean = np.abs(strengths) * np.ptp(log_odds), shares @ means
    gentle, far = spreads <= GENTLE, spreads > STEEP
    total = np.empty(strengths.size)
    for some in _chunks(~gentle & ~far, width=TABLE_ELEMENTS // log_odds.size):
        table = _exponentials(log_odds, strengths[some])
        total[some] = sum(shares[b] @ _steep_excess(laws[b], table, strengths[some], means[b]) for b in blocks)
    for some in _chunks(gentle, width=TABLE_ELEMENTS // log_odds.size):
        table = _exponentials_beyond_linear(log_odds - mean, strengths[some])
        total[some] = sum(shares[b] @ _gentle_excess(laws[b], table, strengths[some], means[b] - mean) for b in blocks)
    for some in _chunks(far, width=strengths.size):
        total[some] = sum(shares[b] @ _excess_one_by_one(laws[b], log_odds, strengths[some]) for b in blocks)
    return jnp.asarray(total)


@jax.jit
def _exponentials(log_odds, strengths):
    return jnp.exp(strengths * log_odds[:, None])


@jax.jit
def _exponentials_beyond_linear(log_odds, strengths):
    return exp_beyond_linear(strengths * log_odds[:, None])


@jax.jit
def _steep_excess(laws, exponentials, strengths, means):
    """log E_j[e^{alpha M}] - alpha E_j[M]."""
    return jnp.log(_expectations(laws, exponentials)) - strengths * means[:, None]


@jax.jit
def _gentle_excess(laws, exponentials_beyond_linear, strengths, means):
    """With y = alpha (M - c): log E[e^y] - E[y] = E[e^y - 1 - y] + (log(1 + x) - x), x = E[e^y] - 1."""
    beyond_linear = _expectations(laws, exponentials_beyond_linear)
    return beyond_linear + _log1p_beyond_linear(beyond_linear + strengths * means[:, None])


def _excess_one_by_one(laws, log_odds, strengths):
    laws = checked_log_probs(laws)
    if strengths.size < FEWEST_STRENGTHS or not worth_compressing(laws, strengths, log_odds):
        return tilted_divergences(laws, log_odds, strengths)[1]

    def kernel(law, log_odds, strengths):
        excess = tilted_divergences(law, log_odds, strengths)[1]
        return excess, excess + strengths * (jnp.exp(law) @ log_odds)

    order = sort_tokens(log_odds)
    return jnp.stack([evaluate(kernel, law, log_odds, order, strengths) for law in laws])


def _expectations(laws, table):
    probs = jnp.exp(laws.astype(jnp.float64))
    return probs @ table / jnp.sum(probs, axis=1, keepdims=True)


@jax.jit
def _mass_and_mean(laws, log_odds):
    probs = jnp.exp(laws.astype(jnp.float64))
    mass = jnp.sum(probs, axis=1)
    return mass, probs @ log_odds / mass


def _log1p_beyond_linear(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """log(1 + x) - x for |x| < 0.7, relatively accurate: log(1 + x) = 2 artanh(y), y = x/(2 + x)."""
    y = x / (2 + x)
    series = sum(y ** (2 * n) / (2 * n + 3) for n in range(14))
    return 2 * y**3 * series - x * y


def _blocks(laws: Float[Array | np.ndarray, "contexts vocab"]) -> list[slice]:
    contexts, vocab = laws.shape
    rows = max(1, BLOCK_ELEMENTS // vocab)
    return [slice(start, start + rows) for start in range(0, contexts, rows)]


def _chunks(chosen: Bool[np.ndarray, " strengths"], width: int) -> list[Int[np.ndarray, " chunk"]]:
    indices = np.flatnonzero(chosen)
    return np.split(indices, range(max(1, width), indices.size, max(1, width))) if indices.size else []


def _sliceable(values: ArrayLike, name: str) -> Array | np.ndarray:
    """Large tables are neither copied nor moved whole: only a block at a time is."""
    array = values if isinstance(values, Array | np.ndarray) else np.asarray(values)
    check_real(array.dtype, name)
    return array


def _checked_weights(weights: ArrayLike | None, contexts: int) -> Float[Array, " contexts"]:
    if weights is None:
        return jnp.full(contexts, 1 / contexts)
    values = jnp.asarray(weights, dtype=jnp.float64)
    if values.shape != (contexts,):
        raise ValueError(f"weights: expected one per context, shape ({contexts},), got shape {values.shape}")
    if is_concrete(values) and not (jnp.isfinite(values).all() and (values >= 0).all() and (values > 0).any()):
        raise ValueError("weights: expected finite numbers >= 0, not all 0")
    return values / jnp.sum(values)


def _checked_data(
    data: ArrayLike, contexts: int, vocab: int
) -> Float[Array | np.ndarray, "contexts vocab"] | Int[Array, " contexts"]:
    shape = np.shape(data)
    if shape == (contexts, vocab):
        return _sliceable(data, "data")
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
