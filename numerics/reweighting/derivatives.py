"""Slope and curvature of a score's curve at strength 0: predicted by unsteered texts alone, observed on steered ones.

    dq/dalpha = Cov(g, S),    d2q/dalpha2 = Cov(g, S^2 + S')        (law `text_score`; S and S^2 + S' have mean 0)

A score that some texts lack is the mean over those that have one, a ratio m/a: its derivatives are those of a quotient.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import t

from numerics.bands.intervals import check_level, mean_band
from numerics.reweighting.curve import sums_by_cluster
from numerics.reweighting.weights import balance_weights

Texts = Float[np.ndarray, " texts"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number and its interval at a level."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class Derivatives:
    """Slope (per strength) and curvature (per strength squared) of a mean score at strength 0.

    `over` are the strengths between which it was observed; of a prediction both are 0.
    """

    slope: Estimate
    curvature: Estimate
    over: tuple[float, float] = (0.0, 0.0)


def predicted_derivatives(
    scores: Texts, first: Texts, second: Texts, prompts: Int[np.ndarray, " texts"], *, level: float = 0.05
) -> Derivatives:
    """From unsteered texts, their S (`first`) and S' (`second`): covariances within each prompt, averaged over prompts.

    A sample covariance is unbiased, as what is left out of its mean is the text itself. With one prompt its texts are
    the replicates, else prompts are, of which each has 2 texts or more. A NaN score is missing.
    """
    check_level(level)
    g, prompt = np.asarray(scores, np.float64), np.unique(prompts, return_inverse=True)[1].reshape(-1)
    has = ~np.isnan(g)
    if np.bincount(prompt).min() < 2 or not has.any():
        raise ValueError("expected 2 unsteered texts of each prompt or more, and a score of one; draw more texts")
    q, share = g[has].mean(), has.mean()
    centred = np.where(has, g - q, 0.0) / share
    slopes, lost = _covariances(centred, first, prompt), _covariances(has / share, first, prompt)
    bends = _covariances(centred, first * first + second, prompt) - 2 * slopes.mean() * lost
    return Derivatives(slope=_mean(slopes, level), curvature=_mean(bends, level))


def observed_derivatives(
    strengths: Float[np.ndarray, " strengths"],
    log_probs: Float[np.ndarray, "texts strengths"],
    drawn_at: Int[np.ndarray, " texts"],
    scores: Texts,
    clusters: Int[np.ndarray, " texts"],
    *,
    level: float = 0.05,
) -> Derivatives | None:
    """Of a reweighted curve (`reweighted_curve` has the arguments): a parabola through 0 and its two neighbours.

    The three values are of the same texts, so that their errors all but cancel in differences; the interval is t over
    clusters. What the parabola leaves out is of the order of the neighbours' distance squared. None where 0 is not
    among the strengths, or is the first or last of them.
    """
    check_level(level)
    order = np.argsort(strengths, kind="stable")
    place = int(np.argmin(np.abs(strengths[order])))
    if strengths[order[place]] != 0 or not 0 < place < len(order) - 1:
        return None
    near = order[place - 1 : place + 2]
    below, above = -float(strengths[near[0]]), float(strengths[near[2]])
    if (seen := _values(log_probs, drawn_at, scores, clusters, near)) is None:
        return None
    width = below + above
    slope = np.array([-above / (below * width), (above - below) / (below * above), below / (above * width)])
    bend = np.array([2 / (below * width), -2 / (below * above), 2 / (above * width)])
    return Derivatives(slope=_linear(*seen, slope, level), curvature=_linear(*seen, bend, level), over=(-below, above))


def observed_change(
    log_probs: Float[np.ndarray, "texts strengths"],
    drawn_at: Int[np.ndarray, " texts"],
    scores: Texts,
    clusters: Int[np.ndarray, " texts"],
    between: tuple[int, int],
    *,
    level: float = 0.05,
) -> Estimate | None:
    """How much a reweighted curve moves from one of its strengths to another, both told by number.

    As in `observed_derivatives`, what clusters differ by at all strengths cancels; None where no text has a score.
    """
    check_level(level)
    seen = _values(log_probs, drawn_at, scores, clusters, np.array(between))
    return None if seen is None else _linear(*seen, np.array([-1.0, 1.0]), level)


def _values(
    log_probs: np.ndarray, drawn_at: np.ndarray, scores: Texts, clusters: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Values of the curve at some strengths, and each cluster's influence on them; None where they are not known."""
    g, weights = np.asarray(scores, np.float64), balance_weights(log_probs, drawn_at)[:, places]
    cluster = np.unique(clusters, return_inverse=True)[1].reshape(-1)
    has = ~np.isnan(g)
    total = (weights * has[:, None]).sum(axis=0)
    if (total == 0).any() or cluster.max() < 1:
        return None
    known = np.where(has, g, 0.0)
    q = known @ weights / total
    return q, sums_by_cluster(weights * has[:, None] * (known[:, None] - q), cluster) / total


def _linear(q: np.ndarray, influence: np.ndarray, coefficients: np.ndarray, level: float) -> Estimate:
    """A linear function of values of a curve, whose error follows from the clusters' influences."""
    count, value = len(influence), float(coefficients @ q)
    moved = influence @ coefficients
    half = float(t.ppf(1 - level / 2, count - 1) * np.sqrt(count / (count - 1) * (moved @ moved)))
    return Estimate(value=value, lower=value - half, upper=value + half)


def _covariances(g: Texts, x: Texts, prompt: Int[np.ndarray, " texts"]) -> Float[np.ndarray, " replicates"]:
    """Covariance of g and x in each prompt; of a lone prompt each text's share in it."""
    counts = np.bincount(prompt)
    means = np.bincount(prompt, g) / counts
    terms = (counts / (counts - 1))[prompt] * (g - means[prompt]) * x
    return terms if len(counts) == 1 else np.bincount(prompt, terms) / counts


def _mean(replicates: Float[np.ndarray, " replicates"], level: float) -> Estimate:
    lower, upper = mean_band(replicates[:, None], level=level)
    return Estimate(value=float(replicates.mean()), lower=float(lower[0]), upper=float(upper[0]))
