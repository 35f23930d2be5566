"""Cumulants of the log-odds under the tilted law."""

import operator

import jax.numpy as jnp
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from numerics.cells import evaluate, sort_tokens, worth_compressing
from numerics.checks import checked_law, checked_strengths
from numerics.tilted import tilted_moments

FEWEST_STRENGTHS = 24
"""Strengths from which on compressing a law costs less than streaming it."""


def cumulants(
    log_probs: ArrayLike, log_odds: ArrayLike, strengths: ArrayLike, order: int = 2
) -> Float[Array, "{order}+1 *contexts strengths"]:
    r"""K, K', K'', ...: the cumulant generating function of the log-odds and its derivatives in the strength.

        K(alpha) = log sum_z p(z) exp(alpha M(z)),   K' = E_alpha[M],   K'' = Var_alpha[M],   ...

    `log_probs` `[..., vocab]` are natural logs of normalised laws, one per leading index; `log_odds` `[vocab]`; the
    result, in float64, is `[order + 1, ..., strengths]`, K in nats, within `1e-12 + 4 eps max|alpha M|`: a large
    vocabulary is compressed, and strengths that its certificate leaves open are streamed. Equations 9 and 10 of
    arXiv 2602.02712 v1.

    >>> cumulants(jnp.log(jnp.array([0.5, 0.5])), [-1.0, 1.0], [0.0, 1.0])[1]   # K' = tanh
    Array([0.        , 0.76159416], dtype=float64)
    """
    law, odds = checked_law(log_probs, log_odds)
    strengths = checked_strengths(strengths)
    if operator.index(order) < 0:
        raise ValueError(f"order: expected 0 or more derivatives, got {order}")
    if strengths.size < FEWEST_STRENGTHS or not worth_compressing(law, strengths, odds):
        return tilted_moments(law, odds, strengths, order)

    def kernel(*law_and_strengths):
        values = tilted_moments(*law_and_strengths, order)
        return values, values[0]

    tokens = sort_tokens(odds)
    rows = [evaluate(kernel, row, odds, tokens, strengths) for row in law.reshape(-1, odds.size)]
    return jnp.stack(rows, axis=1).reshape(order + 1, *law.shape[:-1], strengths.size)
