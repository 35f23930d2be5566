"""Simultaneous intervals for sampled curves: with probability at least 1 - level the true curve lies inside throughout.

Made simultaneous by Bonferroni, each strength getting level / strengths: it needs nothing of the dependence between
strengths, which share contexts. What is counted is the *replicate*: a context, a prompt-set draw, a segment of text.
Tokens of one context and completions of one prompt are not independent of each other.

    `proportion_band`            independent yes-or-no draws                    exact (Clopper-Pearson)
    `mean_band`                  means over replicates                          exact if replicates are Gaussian
    `bounded_mean_band`          means over replicates known to lie in [0, 1]   exact, whatever their distribution
    `clustered_proportion_band`  several yes-or-no draws of each replicate      exact, whatever their dependence

An answer nobody gave (a missing label) is counted as a no for the lower bound and as a yes for the upper one.
"""

from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import beta, t

from numerics.bands.betting import least_mean

Bounds = tuple[Float[np.ndarray, " strengths *curves"], Float[np.ndarray, " strengths *curves"]]


def proportion_band(
    successes: Int[np.ndarray, " strengths *curves"], trials: Any, *, level: float = 0.05, unlabelled: Any = 0
) -> Bounds:
    """Simultaneous Clopper-Pearson bounds for sampled proportions, exact at every sample size.

    `trials` independent draws a strength, `successes` of them positive, `unlabelled` of them unknown. For several draws
    of one prompt use `clustered_proportion_band`.
    """
    check_level(level)
    successes, trials, unlabelled = np.asarray(successes), np.asarray(trials), np.asarray(unlabelled)
    _check_counts(successes, trials, unlabelled)
    return clopper_pearson(successes, trials, level / len(successes), unlabelled)


def clopper_pearson(successes: Any, trials: Any, level: Any, unlabelled: Any = 0) -> Bounds:
    """Two-sided Clopper-Pearson bounds, each interval by itself at `level`; the arguments broadcast."""
    most = successes + unlabelled
    lower = np.where(successes > 0, beta.ppf(level / 2, np.maximum(successes, 1), trials - successes + 1), 0.0)
    upper = np.where(most < trials, beta.ppf(1 - level / 2, most + 1, np.maximum(trials - most, 1)), 1.0)
    return lower, upper


def mean_band(
    samples: Float[np.ndarray, " replicates strengths *curves"],
    *,
    level: float = 0.05,
    weights: Float[np.ndarray, " replicates"] | None = None,
) -> Bounds:
    """Simultaneous t intervals for the mean over replicates.

    mean +- t_{n-1}(1 - level / (2 strengths)) * sqrt(n / (n - 1) * sum w^2 (x - mean)^2), weights w summing to 1.
    Exact for as few as 2 replicates if these are Gaussian and equally weighted. Replicates that all agree (proportions
    of 0, say) give no width at all: what is known to lie in [0, 1] belongs in `bounded_mean_band`.
    """
    check_level(level)
    samples = np.asarray(samples, np.float64)
    n = len(samples)
    if n < 2:
        raise ValueError(f"an interval for a mean needs at least 2 replicates, got {n}")
    w = _shares(weights, samples)
    mean = (w * samples).sum(axis=0)
    spread = np.sqrt(n / (n - 1) * (w**2 * (samples - mean) ** 2).sum(axis=0))
    reach = t.ppf(1 - level / (2 * samples.shape[1]), n - 1) * spread
    return mean - reach, mean + reach


def centred(
    samples: Float[np.ndarray, " replicates strengths *curves"],
) -> Float[np.ndarray, " replicates strengths *curves"]:
    """Each replicate less its own mean over the strengths: what is left of it for a claim on shape, or on a derivative.

    Such claims do not see a common offset, which is most of what contexts differ by; `mean_band` of this is narrower by
    as much, and exact for the mean curve less its own mean.
    """
    return samples - samples.mean(axis=1, keepdims=True)


def bounded_mean_band(
    samples: Float[np.ndarray, " replicates strengths *curves"],
    *,
    level: float = 0.05,
    weights: Float[np.ndarray, " replicates"] | None = None,
) -> Bounds:
    """Simultaneous bounds for the mean over independent replicates in [0, 1], whatever their distribution.

    By betting (`numerics.bands.betting`): a capital of 2 strengths / level rules a mean out, and the upper bound is the
    lower one of 1 - x. Replicates may differ in distribution (the bound is on their average mean) and the wager adapts
    to their variance. NaN is a missing label. For replicates of one mean, equally weighted, the bounds hold at every
    number of them at once (Ville's inequality), so sampling may go on until a verdict falls.
    """
    samples = np.asarray(samples, np.float64)
    least, most = (np.nan_to_num(samples, nan=end) for end in (0.0, 1.0))
    return enclosed_mean_band(least, most, level=level, weights=weights)


def enclosed_mean_band(
    least: Float[np.ndarray, " replicates strengths *curves"],
    most: Float[np.ndarray, " replicates strengths *curves"],
    *,
    level: float,
    weights: Float[np.ndarray, " replicates"] | None = None,
) -> Bounds:
    """As `bounded_mean_band`, of replicates that are known to lie from `least` to `most`, within [0, 1]."""
    check_level(level)
    if not (least.min() >= 0 and most.max() <= 1):
        raise ValueError(f"values must lie between 0 and 1, got {least.min():g} to {most.max():g}")
    stakes = _shares(weights, least)
    enough = np.log(2 * least.shape[1] / level)
    return _betting_lower(least, stakes, enough), 1 - _betting_lower(1 - most, stakes, enough)


def clustered_proportion_band(
    successes: Int[np.ndarray, " replicates strengths *curves"],
    trials: Any,
    *,
    level: float = 0.05,
    unlabelled: Any = 0,
    weights: Float[np.ndarray, " replicates"] | None = None,
) -> Bounds:
    """Simultaneous bounds for the mean over contexts of the proportion in each, whatever goes on within a context.

    `successes` of `trials` completions of each context at each strength, `unlabelled` of them unknown. More completions
    sharpen a context's own proportion; only more contexts say what other contexts would do.
    """
    successes, trials, unlabelled = (np.asarray(count) for count in (successes, trials, unlabelled))
    _check_counts(successes, trials, unlabelled)
    return enclosed_mean_band(successes / trials, (successes + unlabelled) / trials, level=level, weights=weights)


def check_level(level: float) -> None:
    """`ValueError` unless the level is an error rate."""
    if not 0 < level < 1:
        raise ValueError(f"the level is an error rate between 0 and 1, such as 0.05; got {level}")


def _betting_lower(samples: np.ndarray, shares: np.ndarray, enough: float) -> np.ndarray:
    """The largest mean that a log-capital of `enough` rules out, replicates having these shares of it."""
    largest = shares.max()
    scaled = (samples * (shares / largest)).reshape(len(samples), -1)
    return (least_mean(scaled, enough) * largest * len(samples)).reshape(samples.shape[1:])


def _shares(weights: Any, samples: np.ndarray) -> np.ndarray:
    """Weights that sum to 1, one a replicate, shaped to multiply the samples."""
    n = len(samples)
    w = np.ones(n) if weights is None else np.asarray(weights, np.float64)
    if w.shape != (n,) or not (w > 0).all():
        raise ValueError(f"weights: expected {n} positive numbers, one a replicate, got {weights}")
    return (w / w.sum()).reshape(-1, *[1] * (samples.ndim - 1))


def _check_counts(successes: np.ndarray, trials: np.ndarray, unlabelled: np.ndarray) -> None:
    if np.any(trials < 1) or np.any(successes < 0) or np.any(unlabelled < 0) or np.any(successes + unlabelled > trials):
        raise ValueError(
            "successes must lie between 0 and the number of trials, unlabelled draws included, and trials be at least 1"
        )
