"""A reweighted curve with a simultaneous band, by clusters of texts, and where it is not to be trusted.

The estimate is `q = sum w g / sum w`. A cluster's influence on it is `sum_i in c w_i (g_i - q) / sum w`; clusters are
independent, texts of one are not. With the band's factor from the largest of the studentised influences, simulated with
Gaussian multipliers and the t distribution of as many clusters, it holds at all strengths at once.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.arrays import ArrayLike
from numerics.bands.intervals import check_level
from numerics.reweighting.weights import balance_weights, effective_samples

DRAWS = 4000
"""Simulated maxima: the factor is then within some 2% of exact."""
LEAST_EFFECTIVE = 20.0
"""Effective samples below which weights are led by a few texts, and say nothing about what they miss."""
FAR_FROM_ONE = 4.0
"""Standard errors by which the sum of weights may differ from 1."""

Curve = Float[np.ndarray, " strengths"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ReweightedCurve:
    """`values` between `lower` and `upper` at every strength, at the level; where not `reliable`, bounds say nothing.

    `effective` samples and `mean_weight` (1, but for sampling) tell why: too few texts resemble those of that strength.
    """

    strengths: Curve
    values: Curve
    lower: Curve
    upper: Curve
    effective: Curve
    mean_weight: Curve
    reliable: Bool[np.ndarray, " strengths"]
    level: float

    @property
    def sample_next(self) -> float | None:
        """Where to sample next: the unreliable strength beside a reliable one, nearest 0; None if all are."""
        if self.reliable.all():
            return None
        beside = np.convolve(self.reliable, [1, 1, 1], "same") > 0
        first = ~self.reliable & (beside if beside.any() else True)
        return float(min(self.strengths[first], key=abs))


def reweighted_curve(
    strengths: Float[ArrayLike, " strengths"],
    log_probs: Float[ArrayLike, "texts strengths"],
    drawn_at: Int[ArrayLike, " texts"],
    scores: Float[ArrayLike, " texts"],
    clusters: Int[ArrayLike, " texts"],
    *,
    level: float = 0.05,
    shares: bool | None = None,
    seed: int = 0,
) -> ReweightedCurve:
    """E_alpha of the scores at every strength, from texts drawn at some of them.

    `log_probs` are those of each text at each strength, `drawn_at` the number of the strength it was drawn at,
    `clusters` what is independent: the prompts, or, of one prompt, draws of one text at every sampled strength.
    `shares` says that scores lie between 0 and 1 (None: if all do); their bounds do then, too. A NaN score is missing:
    it counts as 0 for the lower bound and as 1 for the upper one, which only shares allow.
    """
    check_level(level)
    g, cluster = np.asarray(scores, np.float64), np.asarray(clusters)
    weights = balance_weights(log_probs, drawn_at)
    if g.shape != cluster.shape or g.shape != weights.shape[:1] or np.isinf(g).any():
        raise ValueError(f"scores have shape {g.shape}, expected one finite score a text, {weights.shape[0]} of them")
    missing = np.isnan(g)
    known = g[~missing]
    within = bool(not known.size or (known.min() >= 0 and known.max() <= 1))
    shares = within if shares is None else shares
    if (missing.any() or shares) and not (shares and within):
        raise ValueError(f"{missing.sum()} scores are missing, or some lie outside 0 to 1: expected shares alone")
    cluster = np.unique(cluster, return_inverse=True)[1].reshape(-1)
    if (count := int(cluster.max()) + 1) < 2:
        raise ValueError("the texts form 1 cluster, expected 2 or more: give more prompts, or more samples of one")
    effective, mean_weight = effective_samples(weights), weights.sum(axis=0)
    spread = np.sqrt(count / (count - 1)) * np.linalg.norm(
        sums_by_cluster(weights, cluster) - mean_weight / count, axis=0
    )
    near_one = np.abs(mean_weight - 1) <= FAR_FROM_ONE * spread + 1e-6
    reliable = (effective >= min(LEAST_EFFECTIVE, len(g) / 2)) & near_one
    fills = (0.0, 1.0) if missing.any() else (0.0,)
    ends = [_band(weights, np.where(missing, fill, g), cluster, effective, shares, level, seed) for fill in fills]
    nothing = (0.0, 1.0) if shares else (-np.inf, np.inf)
    answered = weights * ~missing[:, None]
    return ReweightedCurve(
        strengths=np.asarray(strengths, np.float64),
        values=np.where(missing, 0.0, g) @ answered / np.maximum(answered.sum(axis=0), np.finfo(float).tiny),
        lower=np.where(reliable, ends[0][0], nothing[0]),
        upper=np.where(reliable, ends[-1][1], nothing[1]),
        effective=effective,
        mean_weight=mean_weight,
        reliable=reliable,
        level=level,
    )


def _band(weights, g, cluster, effective, shares: bool, level: float, seed: int) -> tuple[Curve, Curve]:
    """Bounds at all strengths: by Wilson's score for shares, whose errors are lopsided, else symmetric."""
    count, total = int(cluster.max()) + 1, weights.sum(axis=0)
    q = g @ weights / total
    influence = sums_by_cluster(weights * (g[:, None] - q), cluster) / total
    error = np.sqrt(count / (count - 1) * (influence * influence).sum(axis=0))
    factor = simultaneous_factor(influence, level, seed)
    if not shares:
        return q - factor * error, q + factor * error
    q = np.clip(q, 0.0, 1.0)
    simple = q * (1 - q)
    moves = (error > 0) & (simple > 1e-12)  # beyond rounding; where all say the same, each cluster counts as one text
    by_clusters = np.divide(simple, error * error, out=np.full_like(q, float(count)), where=moves)
    n = np.clip(by_clusters, 1e-9, np.maximum(effective, 1e-9))
    shrunk, z2 = 1 + factor**2 / n, factor**2
    middle = (q + z2 / (2 * n)) / shrunk
    half = factor / shrunk * np.sqrt(simple / n + z2 / (4 * n * n))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def simultaneous_factor(influence: Float[np.ndarray, "clusters strengths"], level: float, seed: int) -> float:
    """How many standard errors hold all strengths at once: a quantile of `max |sum_c e_c influence_c| / error`.

    `e_c` are Gaussian, and the errors themselves are known to as many degrees of freedom as there are clusters, less 1.
    """
    count = len(influence)
    error = np.linalg.norm(influence, axis=0)
    scaled = influence[:, error > 0] / error[error > 0]
    if not scaled.size:
        scaled = np.full((count, 1), count**-0.5)
    multipliers, known = _multipliers(count, seed)
    return float(np.quantile(np.abs(multipliers @ scaled).max(axis=1) / known, 1 - level))


@lru_cache(maxsize=2)
def _multipliers(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian multipliers of the clusters, and how far off a standard error of so many may be."""
    random = np.random.default_rng(seed)
    return random.normal(size=(DRAWS, count)), np.sqrt(random.chisquare(count - 1, DRAWS) / (count - 1))


def sums_by_cluster(table: Float[np.ndarray, "texts strengths"], cluster: Int[np.ndarray, " texts"]):
    """Sums over the texts of each cluster."""
    sums = np.zeros((int(cluster.max()) + 1, table.shape[1]))
    np.add.at(sums, cluster, table)
    return sums
