"""What is said of many scored texts. Two statistics of yes-or-no scores go by similar words, and are not the same.

    share of positive texts    the mean over all texts: what the paper's text says
    any of n                   the share of prompts of whose n texts one is positive: what its code computes

A score that is missing (NaN) is neither yes nor no: each statistic is then an interval.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from numerics.arrays import ArrayLike


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """A share between `lower` (missing counts as no) and `upper` (as yes), and how many answers are missing of all."""

    lower: Float[np.ndarray, "*rest"]
    upper: Float[np.ndarray, "*rest"]
    missing: int
    asked: int


def share_of_positive_texts(labels: Float[ArrayLike, "prompts *rest samples"]) -> Statistic:
    """The mean of labels from 0 to 1 over prompts and samples."""
    table = _labels(labels)
    return _statistic(table, lambda filled: filled.mean(axis=(0, -1)))


def any_of_n(labels: Float[ArrayLike, "prompts *rest samples"]) -> Statistic:
    """The share of prompts with a text whose label is above 1/2, among their n samples."""
    table = _labels(labels)
    return _statistic(table, lambda filled: (filled > 0.5).any(axis=-1).mean(axis=0))


def _statistic(table: np.ndarray, of) -> Statistic:
    missing = np.isnan(table)
    low, high = (np.asarray(of(np.where(missing, fill, table))) for fill in (0.0, 1.0))
    return Statistic(lower=low, upper=high, missing=int(missing.sum()), asked=table.size)


def _labels(labels: Float[ArrayLike, "prompts *rest samples"]) -> np.ndarray:
    table = np.asarray(labels, np.float64)
    known = table[~np.isnan(table)]
    if table.ndim < 2 or not table.size or (known.size and (known.min() < 0 or known.max() > 1)):
        raise ValueError(f"labels have shape {table.shape}, expected prompts x samples of numbers from 0 to 1, or NaN")
    return table


def cohens_kappa(one: Float[ArrayLike, " texts"], other: Float[ArrayLike, " texts"]) -> float | None:
    """Cohen's kappa of two judges, `(agreement - chance)/(1 - chance)`, over texts that both labelled (yes: > 1/2).

    None where they share no text, or chance alone explains all: both said the same of every text.
    """
    a, b = (np.asarray(values, np.float64) for values in (one, other))
    if a.shape != b.shape:
        raise ValueError(f"labels have shapes {a.shape} and {b.shape}, expected the same texts for both judges")
    both = ~(np.isnan(a) | np.isnan(b))
    if not both.any():
        return None
    yes, also = a[both] > 0.5, b[both] > 0.5
    chance = yes.mean() * also.mean() + (1 - yes.mean()) * (1 - also.mean())
    return None if chance == 1 else float(((yes == also).mean() - chance) / (1 - chance))
