"""Cumulants of the log-odds under the tilted distribution."""

import operator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

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
from numerics.exponential_sums.cells import evaluate, sort_tokens, worth_compressing
from numerics.exponential_sums.sums import log_sums
from numerics.exponential_sums.tilted import tilted_moments

FEWEST_STRENGTHS = 24
"""Strengths from which on compressing a distribution costs less than streaming it."""

FEWEST_CONTEXTS = 4
"""Contexts from which on they share what the log-odds alone determine."""


def cumulants(
    log_probs: ArrayLike, log_odds: ArrayLike, strengths: ArrayLike, order: int = 2
) -> Float[Array, "{order}+1 *contexts strengths"]:
    r"""K, K', K'', ...: the cumulant generating function of the log-odds and its derivatives in the strength.

        K(alpha) = log sum_z p(z) exp(alpha M(z)),   K' = E_alpha[M],   K'' = Var_alpha[M],   ...

    `log_probs` `[..., vocab]` are natural logs of normalised distributions, one per leading index; `log_odds`
    `[vocab]`; the result is `[order + 1, ..., strengths]`, K in nats, within `1e-12 + 4 eps max|alpha M|`: a large
    vocabulary is compressed, and strengths that its certificate leaves open are streamed. If distributions and log-odds
    both come in float32, so does the result, computed in it, within `1e-5 + 4 eps max|alpha M|` with its eps. Equations
    9 and 10 of arXiv 2602.02712 v1.

    >>> cumulants(jnp.log(jnp.array([0.5, 0.5])), [-1.0, 1.0], [0.0, 1.0])[1]   # K' = tanh
    Array([0.        , 0.76159416], dtype=float64)
    """
    dtype = working_dtype(log_probs, log_odds)
    strengths = checked_strengths(strengths, dtype)
    if operator.index(order) < 0:
        raise ValueError(f"order: expected 0 or more derivatives, got {order}")
    distributions = sliceable(log_probs, "log_probs")
    odds = checked_log_odds(log_odds, vocab=distributions.shape[-1] if distributions.ndim else 1, dtype=dtype)
    contexts = distributions.shape[:-1]
    worthwhile = (
        strengths.size >= FEWEST_STRENGTHS and is_concrete(distributions) and worth_compressing(strengths, odds)
    )
    if worthwhile and np.prod(contexts) >= FEWEST_CONTEXTS:
        rows = distributions.reshape(-1, odds.size)
        values, masses = log_sums(lambda some: jnp.asarray(rows[some], dtype), len(rows), odds, strengths, order)
        check_mass(masses, "log_probs", given=distributions.dtype)
        values = values.at[0].add(-jnp.log(masses)[:, None].astype(dtype))
        return values.reshape(order + 1, *contexts, strengths.size)
    distribution = checked_log_probs(distributions, dtype=dtype)
    if not worthwhile:
        return tilted_moments(distribution, odds, strengths, order)
    tokens = sort_tokens(odds)
    rows = [
        evaluate(partial(_moments_and_cgf, order=order), row, odds, tokens, strengths)
        for row in distribution.reshape(-1, odds.size)
    ]
    return jnp.stack(rows, axis=1).reshape(order + 1, *contexts, strengths.size)


@partial(jax.jit, static_argnames="order")
def _moments_and_cgf(log_probs, odds, strengths, order):
    values = tilted_moments(log_probs, odds, strengths, order)
    return values, values[0]
