"""What the blocks of a model have in common, in one context."""

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

PerBlock = Float[np.ndarray, " blocks"]


def rank_correlation(one: PerBlock, other: PerBlock) -> float:
    """Spearman's, ties at their mean rank, over the blocks where both are known; NaN for fewer than three, or ties all.

    >>> rank_correlation(np.array([1.0, 2.0, 4.0, 3.0]), np.array([10.0, 20.0, 30.0, 40.0]))
    0.8
    """
    known = ~(np.isnan(one) | np.isnan(other))
    if known.sum() < 3:
        return np.nan
    ranks = np.stack([rankdata(one[known]), rankdata(other[known])])
    ranks -= ranks.mean(axis=1, keepdims=True)
    sizes = (ranks**2).sum(axis=1)
    return round(float(ranks[0] @ ranks[1] / np.sqrt(sizes.prod())), 12) if sizes.all() else np.nan


def spread(values: PerBlock) -> float:
    """The largest over the smallest, of the positive ones; NaN for fewer than two."""
    known = values[values > 0]
    return float(known.max() / known.min()) if known.size >= 2 else np.nan
