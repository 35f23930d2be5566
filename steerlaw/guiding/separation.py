r"""How well the difference of means tells texts of a concept from others, on texts that it was not made of."""

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata


def held_out_separation(
    positive: Float[np.ndarray, "positives layers d"], negative: Float[np.ndarray, "negatives layers d"]
) -> Float[np.ndarray, " layers"]:
    """For every block the chance that a text with the concept scores above one without it (area under the ROC curve).

    A text x is scored by the difference of means v of all the other texts, from the point half-way between their means:
    `<x - (mean_P + mean_N)/2, v> / |v|`. Ties count half; 1/2 is what a direction without meaning gives. Two texts or
    more of each kind, else a `ValueError`: a text must not judge a vector that it made.

    Source: D. M. Green and J. A. Swets, Signal Detection Theory and Psychophysics (1966), for the area's meaning.
    """
    if min(len(positive), len(negative)) < 2:
        raise ValueError(f"expected two texts or more of each kind, got {len(positive)} and {len(negative)}")
    means = positive.mean(axis=0), negative.mean(axis=0)
    high, low = _scores(positive, means[0], means[1], 1.0), _scores(negative, means[1], means[0], -1.0)
    ranks = rankdata(np.concatenate([high, low]), axis=0)[: len(high)].sum(axis=0)
    return (ranks - len(high) * (len(high) + 1) / 2) / (len(high) * len(low))


def _scores(
    texts: Float[np.ndarray, "texts layers d"],
    own: Float[np.ndarray, "layers d"],
    other: Float[np.ndarray, "layers d"],
    sign: float,
) -> Float[np.ndarray, "texts layers"]:
    """Each text's score, its own kind's mean taken without it."""
    without = (len(texts) * own - texts) / (len(texts) - 1)
    v = sign * (without - other)
    norm = np.maximum(np.linalg.norm(v, axis=-1), np.finfo(np.float64).tiny)
    return np.einsum("tld,tld->tl", texts - (without + other) / 2, v) / norm
