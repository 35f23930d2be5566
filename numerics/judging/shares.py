"""What share of the curves obeys a law, with intervals that count contexts, and by how much it exceeds that of a null.

Tokens of one context sum to one and are no independent trials; the replicate is the context (or the prompt-set draw,
or the training seed). Each replicate gives one share; intervals are for the mean of these over replicates like those
seen. Controls steer the same contexts, so they are compared context by context; but what was drawn once for all of
them (a direction, a permutation, random weights) is one draw, and whether a vector is more than such a draw is told by
its rank among many, not by more contexts.
"""

from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import false_discovery_control

from numerics.arrays import ArrayLike
from numerics.bands.intervals import bounded_mean_band, check_level

ErrorRate = Literal["family", "discoveries"]

EQUAL = 1e-9
"""Scores that differ by less, relatively, are equal: they are means of shares, summed in float64."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share, or a difference of shares, of `replicates` contexts, between `lower` and `upper` at the level asked."""

    share: float
    lower: float
    upper: float
    replicates: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Tally:
    """How much of what was judged obeys, context by context, in curves or in whatever weighs them."""

    obeying: Float[np.ndarray, " contexts"]
    judged: Float[np.ndarray, " contexts"]

    @property
    def shares(self) -> Float[np.ndarray, " contexts"]:
        """The share of each context that obeys; NaN where nothing was judged."""
        with np.errstate(invalid="ignore"):
            return self.obeying / self.judged


def tally(
    obeys: Bool[np.ndarray, " contexts *curves"],
    weights: Float[np.ndarray, " contexts *curves"] | None = None,
    judged: Bool[np.ndarray, " contexts *curves"] | None = None,
) -> Tally:
    """Of each context's judged curves those that obey, by count or by `weights`.

    >>> tally(np.array([[True, False], [True, True]]), np.array([[0.9, 0.1], [0.5, 0.5]])).shares.tolist()
    [0.9, 1.0]
    """
    weight = np.ones(obeys.shape) if weights is None else np.asarray(weights, np.float64)
    weight = weight if judged is None else np.where(judged, weight, 0.0)
    if weight.shape != obeys.shape or not (weight >= 0).all():
        raise ValueError(f"weights: expected numbers of 0 or more of shape {obeys.shape}, got shape {weight.shape}")
    obeying, total = (w.reshape(len(obeys), -1).sum(axis=1) for w in (weight * obeys, weight))
    return Tally(obeying=np.minimum(obeying, total), judged=total)  # NumPy may sum the two in different orders


def share_of(shares: Float[np.ndarray, " contexts"], *, level: float = 0.05) -> Share:
    """The mean share over contexts, between bounds that assume only that contexts are independent.

    Contexts with nothing judged (NaN) are left out.
    """
    seen = _seen(shares)
    lower, upper = _mean_interval(seen, level)
    return Share(share=float(seen.mean()), lower=lower, upper=upper, replicates=seen.size)


def excess_over(
    shares: Float[np.ndarray, " contexts"], null: Float[np.ndarray, "*draws contexts"], *, level: float = 0.05
) -> Share:
    """By how much the shares exceed those of a control on the same contexts: the mean difference, context by context.

    With several draws of the control (random directions), their mean in each context. The interval is about other
    contexts, the draws being given, whatever the distribution of contexts: a difference of shares lies in [-1, 1].
    """
    null = np.asarray(null, np.float64)
    differences = _seen(np.asarray(shares) - null.reshape(-1, null.shape[-1]).mean(axis=0))
    lower, upper = _mean_interval((differences + 1) / 2, level)
    return Share(
        share=float(differences.mean()),
        lower=2 * lower - 1,
        upper=2 * upper - 1,
        replicates=differences.size,
    )


def rank_levels(
    scores: Float[np.ndarray, "directions claims"],
) -> tuple[Float[np.ndarray, " claims"], Float[np.ndarray, " claims"]]:
    """p-values of the first of `n + 1` directions among all of them, claim by claim, and adjusted for all the claims.

    `(1 + number of the others that score as high)/(1 + number of the others)`: one-sided, exact if, were there nothing
    in the first direction, it could as well have been any other; so never below `1/(n + 1)`. The direction is the
    replicate, whatever a score is the mean of. NaN is a direction that a claim says nothing of: it is no trial of this
    claim; of the first it makes the levels NaN. Equal to rounding is as high.

    Adjusted by the largest standardised score over the claims (Westfall & Young 1993, single step): a direction counts
    against a claim where its best score over all of them, in standard deviations over the directions, is as high as the
    first one's here. The chance of any false alarm is at most the level, whatever the dependence between claims, and
    again nothing is below `1/(n + 1)`.

    >>> rank_levels(np.array([[0.9], [0.5], [0.2], [0.95]]))
    (array([0.5]), array([0.5]))
    """
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 2 or len(scores) < 2:
        raise ValueError(f"scores: expected [directions, claims] with two directions or more, got {scores.shape}")
    if np.isinf(scores).any():
        raise ValueError("scores: expected finite numbers, or NaN where a claim says nothing of a direction")
    seen, first = ~np.isnan(scores), scores[0]
    as_high = (scores[1:] >= first - EQUAL * np.abs(first)).sum(axis=0)
    levels = np.where(seen[0], (1 + as_high) / (1 + seen[1:].sum(axis=0)), np.nan)
    best = np.where(seen, _standardised(scores), -np.inf)
    largest = best[1:].max(axis=1, initial=-np.inf)[:, None]
    adjusted = (1 + (largest >= best[0] - EQUAL * np.maximum(np.abs(best[0]), 1)).sum(axis=0)) / len(scores)
    return levels, np.where(seen[0], np.maximum(adjusted, levels), np.nan)


def _standardised(scores: Float[np.ndarray, "directions claims"]) -> Float[np.ndarray, "directions claims"]:
    """Less their mean over the directions, over their standard deviation; 0 where all are equal."""
    count = np.maximum((~np.isnan(scores)).sum(axis=0), 1)
    centred = scores - np.nansum(scores, axis=0) / count
    spread = np.sqrt(np.nansum(centred**2, axis=0) / count)
    flat = spread <= EQUAL * np.nanmax(np.abs(scores), axis=0, initial=0.0)
    return np.where(flat, 0.0, centred / np.where(flat, 1.0, spread))


def directions_needed(level: float) -> int:
    """How many directions beside the vector it takes for a rank to be significant at a level at all.

    >>> directions_needed(0.05)
    19
    """
    check_level(level)
    return ceil(1 / level - 1e-9) - 1


def adjusted(levels: Float[ArrayLike, " laws"], *, controlling: ErrorRate = "family") -> Float[np.ndarray, " laws"]:
    """p-values of a family of questions, adjusted: compare them with the level as if each were asked alone.

    `family` (Holm 1979): the chance of any false alarm in the family is at most the level. `discoveries` (Benjamini &
    Yekutieli 2001): the expected share of false ones among those found is. Both whatever the dependence between them.
    """
    levels = np.asarray(levels, np.float64)
    if levels.ndim != 1 or not ((levels >= 0) & (levels <= 1)).all():
        raise ValueError(f"levels: expected a list of numbers between 0 and 1, got {levels.tolist()}")
    if controlling == "discoveries":
        return false_discovery_control(levels, method="by")
    order = np.argsort(levels)
    steps = np.maximum.accumulate(levels[order] * np.arange(levels.size, 0, -1))
    out = np.empty_like(levels)
    out[order] = np.minimum(steps, 1.0)
    return out


def _seen(values: np.ndarray) -> Float[np.ndarray, " contexts"]:
    values = np.asarray(values, np.float64)
    seen = values[~np.isnan(values)]
    if values.ndim != 1 or seen.size == 0:
        raise ValueError(f"shares: expected one number a context, of which at least one was judged; got {values.shape}")
    return seen


def _mean_interval(values: Float[np.ndarray, " contexts"], level: float) -> tuple[float, float]:
    lower, upper = bounded_mean_band(values[:, None], level=level)
    return float(lower[0]), float(upper[0])
