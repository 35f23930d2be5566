"""Weights that carry texts sampled at a few strengths over to any other.

    w(y; alpha) = P_alpha(y) / sum_k n_k P_{alpha_k}(y)

is the balance heuristic (Veach and Guibas 1995), the case of MBAR in which the normalisers are known. Over all texts,
`sum_i w_i g(y_i)` is unbiased for E_alpha[g], and `sum_i w_i` has mean 1 at every alpha: a check that costs nothing.
"""

import numpy as np
from jaxtyping import Float, Int
from scipy.special import logsumexp

from numerics.arrays import ArrayLike


def balance_weights(
    log_probs: Float[ArrayLike, "texts strengths"], drawn_at: Int[ArrayLike, " texts"]
) -> Float[np.ndarray, "texts strengths"]:
    """The weights at every strength, given log P_alpha of every text at each and where each text was drawn.

    `drawn_at` are numbers of strengths. `ValueError` for a text of probability 0 where it was drawn, or NaN.
    """
    table, where = np.asarray(log_probs, np.float64), np.asarray(drawn_at)
    if table.ndim != 2 or where.shape != table.shape[:1] or not table.size:
        shapes = f"log_probs have shape {table.shape}, drawn_at {where.shape}"
        raise ValueError(f"{shapes}, expected (texts, strengths) and (texts,)")
    if where.min() < 0 or where.max() >= table.shape[1]:
        raise ValueError(f"drawn_at holds {where.min()} to {where.max()}, expected 0 to {table.shape[1] - 1}")
    own = table[np.arange(len(table)), where]
    if np.isnan(table).any() or np.isposinf(table).any() or not np.isfinite(own).all():
        raise ValueError("log_probs hold NaN, infinity, or a text that cannot occur where it was drawn; score anew")
    sampled, counts = np.unique(where, return_counts=True)
    mixture = np.asarray(logsumexp(table[:, sampled] + np.log(counts), axis=1))
    return np.exp(table - mixture[:, None])


def effective_samples(weights: Float[np.ndarray, "texts strengths"]) -> Float[np.ndarray, " strengths"]:
    """`(sum w)^2 / sum w^2`, Kish: how many texts of that strength itself say as much; 0 where no text weighs."""
    total, squares = weights.sum(axis=0), (weights * weights).sum(axis=0)
    return np.divide(total * total, squares, out=np.zeros_like(total), where=squares > 0)
