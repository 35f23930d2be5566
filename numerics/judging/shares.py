"""What share of the curves obeys a law, with intervals that count contexts, and by how much it exceeds that of a null.

Tokens of one context sum to one and are no independent trials; the replicate is the context (or the prompt-set draw,
or the training seed). Each replicate gives one share; intervals are for the mean of these over replicates like those
seen. Controls steer the same contexts, so they are compared context by context.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import false_discovery_control

from numerics.arrays import ArrayLike
from numerics.bands.intervals import bounded_mean_band, check_level, mean_band

Assumption = Literal["bounded", "gaussian"]
ErrorRate = Literal["family", "discoveries"]

ENUMERATED = 12
"""Contexts up to which all 2^n exchanges of labels are gone through; beyond, a sample of that many."""


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
            return np.where(self.judged > 0, np.minimum(self.obeying / self.judged, 1.0), np.nan)


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
    return Tally(obeying=obeying, judged=total)


def share_of(shares: Float[np.ndarray, " contexts"], *, level: float = 0.05, assuming: Assumption = "bounded") -> Share:
    """The mean share over contexts. Contexts with nothing judged (NaN) are left out.

    `bounded` assumes only that contexts are independent; `gaussian` (t) also that their shares are Gaussian, which is
    narrower for few contexts and wrong near 0 and 1.
    """
    seen = _seen(shares)
    lower, upper = _mean_interval(seen, level, assuming)
    return Share(share=float(seen.mean()), lower=max(lower, 0.0), upper=min(upper, 1.0), replicates=seen.size)


def excess_over(
    shares: Float[np.ndarray, " contexts"],
    null: Float[np.ndarray, "*draws contexts"],
    *,
    level: float = 0.05,
    assuming: Assumption = "bounded",
) -> Share:
    """By how much the shares exceed those of a control on the same contexts: the mean difference, context by context.

    With several draws of the control (random directions), their mean in each context. The interval is about other
    contexts, the draws being given.
    """
    null = np.asarray(null, np.float64)
    differences = _seen(np.asarray(shares) - null.reshape(-1, null.shape[-1]).mean(axis=0))
    lower, upper = _mean_interval((differences + 1) / 2, level, assuming)
    return Share(
        share=float(differences.mean()),
        lower=max(2 * lower - 1, -1.0),
        upper=min(2 * upper - 1, 1.0),
        replicates=differences.size,
    )


def exchange_level(
    shares: Float[np.ndarray, " contexts"], null: Float[np.ndarray, " contexts"], seed: int = 0
) -> float:
    """p-value of no excess over one control: the share of exchanges of the two labels that give as large an excess.

    Exact if, were there nothing in the steering vector, a context's two shares could as well have been each other's.
    At least 2^-n for n contexts. Beyond `ENUMERATED` contexts, a Monte Carlo test, exact too (Phipson & Smyth 2010).
    """
    differences = _seen(np.asarray(shares) - np.asarray(null))
    sums = _exchanges(differences.size, seed) @ differences
    return float((sums >= differences.sum() - 1e-12 * np.abs(differences).sum()).mean())


@lru_cache(maxsize=4)
def _exchanges(n: int, seed: int) -> Float[np.ndarray, "exchanges contexts"]:
    """Signs of the differences after an exchange of labels, the labels as they are first."""
    if n <= ENUMERATED:
        return 1.0 - 2.0 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(2**ENUMERATED, n))
    signs[0] = 1
    return signs


def adjusted(levels: Float[ArrayLike, " laws"], *, controlling: ErrorRate = "family") -> Float[np.ndarray, " laws"]:
    """p-values of a family of questions, adjusted: compare them with the level as if each were asked alone.

    `family` (Holm 1979): the chance of any false alarm in the family is at most the level. `discoveries` (Benjamini &
    Yekutieli 2001): the expected share of false ones among those found is. Both whatever the dependence between them.
    """
    levels = np.asarray(levels, np.float64)
    if levels.ndim != 1 or not ((levels >= 0) & (levels <= 1)).all():
        raise ValueError(f"levels: expected a list of numbers between 0 and 1, got {levels.tolist()}")
    if levels.size == 0:
        return levels
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


def _mean_interval(values: Float[np.ndarray, " contexts"], level: float, assuming: Assumption) -> tuple[float, float]:
    check_level(level)
    if assuming not in ("bounded", "gaussian"):
        raise ValueError(f"assuming: expected 'bounded' or 'gaussian', got {assuming!r}")
    band = bounded_mean_band if assuming == "bounded" else mean_band
    lower, upper = band(values[:, None], level=level)
    return float(lower[0]), float(upper[0])
