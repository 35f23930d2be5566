r"""Curves of a few tokens beside log-odds: their distribution, which a tilt predicts without knowing the others.

A tilted distribution given that the token is one of a set S is tilted too, by the same log-odds:

    p_alpha(z | S) = p_0(z | S) exp(alpha M(z)) / sum_{y in S} p_0(y | S) exp(alpha M(y)).

So of result files that hold a hundred tokens of each end of a sweep, what every law of the tilt says of a whole
vocabulary can be judged on these tokens, exactly, nothing being assumed of the rest.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.baseline import Baseline
from numerics.lowering.setting import most_probable

SMALLEST = float(np.finfo(np.float32).tiny)
"""Unsteered probabilities below this are float32's subnormal numbers, known to a few bits only."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenCurves:
    """Probabilities of the saved tokens of one context, `[strengths, tokens]`, and bounds of their logarithms."""

    tokens: Int[np.ndarray, " tokens"]
    lower: Float[np.ndarray, "strengths tokens"]
    upper: Float[np.ndarray, "strengths tokens"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SavedDistribution:
    """The distribution of one context's saved tokens: bounds of log p_alpha(z | S), and what is known before steering.

    `slack` is how far a log-probability predicted from the `baseline` may be off, since that is itself measured, and
    `odds_error` how far its log-odds may be.
    """

    tokens: Int[np.ndarray, " tokens"]
    lower: Float[np.ndarray, "strengths tokens"]
    upper: Float[np.ndarray, "strengths tokens"]
    baseline: Baseline
    slack: Float[np.ndarray, " strengths"]
    odds_error: float = 0.0

    def log_ratio(self) -> tuple[Float[np.ndarray, "strengths tokens"], Float[np.ndarray, "strengths tokens"]]:
        """Bounds of log p_alpha(z)/p_alpha(z0), z0 the most probable token of the unsteered distribution."""
        at = int(most_probable(self.baseline.log_probs[0]))
        low, high = self.lower - self.upper[:, [at]], self.upper - self.lower[:, [at]]
        low[:, at] = high[:, at] = 0.0
        return low, high

    def mean_log_odds(self) -> tuple[Float[np.ndarray, "strengths 1"], Float[np.ndarray, "strengths 1"]]:
        """Bounds of E_alpha[M]: where logits may be off by e, a mean of M is by at most e/2 of the range of M."""
        assert self.baseline.log_odds is not None
        odds, centre = self.baseline.log_odds, np.exp((np.maximum(self.lower, -700) + self.upper) / 2)
        mean = (centre / centre.sum(axis=1, keepdims=True)) @ odds
        seen = np.isfinite(self.lower)
        width = np.where(seen, self.upper - np.where(seen, self.lower, 0.0), 0.0).max(axis=1)
        lost = np.where(seen, 0.0, np.exp(self.upper)).sum(axis=1)
        reach = np.ptp(odds) * (width / 4 + lost)
        return (mean - reach)[:, None], (mean + reach)[:, None]

    def mean_slack(self) -> Float[np.ndarray, " strengths"]:
        """How far a predicted E_alpha[M] may be off."""
        assert self.baseline.log_odds is not None
        return np.ptp(self.baseline.log_odds) * self.slack / 4 + self.odds_error


def saved_distributions(
    strengths: Float[np.ndarray, " strengths"],
    curves: list[TokenCurves],
    token_ids: Int[np.ndarray, " known"],
    log_odds: Float[np.ndarray, " known"],
    error: float,
) -> tuple[list[SavedDistribution | None], str]:
    """That of the saved tokens of each context of one layer, and a note; None where it cannot be made.

    Needed are strength 0 and two tokens that have log-odds, not all alike, and a probability at 0. `error` is how far a
    log-odds may be off. Log-odds measured on prompts say nothing of how long a vector is: they are taken as they are if
    the slopes of the curves at strength 0 allow it, and else scaled to the spread of those slopes.
    """
    at = np.flatnonzero(strengths == 0)
    if at.size == 0 or at[0] in (0, len(strengths) - 1):
        return [None] * len(curves), "log-odds are of no use without strength 0 inside the sweep"
    order = np.argsort(token_ids)
    kept = [_conditioned(c, int(at[0]), token_ids[order], log_odds[order]) for c in curves]
    if not any(kept):
        return list(kept), "fewer than two of the saved tokens have different log-odds and a probability at strength 0"
    scale, doubt = _scale(strengths, int(at[0]), [saved for saved in kept if saved], error)
    says = "taken as they are" if scale == 1 else f"scaled by {scale:.4g} to the curves' slopes at strength 0"
    predicted = [saved and _predicted(saved, strengths, int(at[0]), scale, doubt, error) for saved in kept]
    return predicted, f"log-odds {says}"


def _conditioned(curves: TokenCurves, zero: int, ids: np.ndarray, odds: np.ndarray) -> SavedDistribution | None:
    place = np.clip(np.searchsorted(ids, curves.tokens), 0, len(ids) - 1)
    known: Bool[np.ndarray, " tokens"] = (ids[place] == curves.tokens) & (curves.upper[zero] > np.log(SMALLEST))
    M = odds[place[known]].astype(np.float64)
    if M.size < 2 or np.ptp(M) == 0:
        return None
    low, high = np.exp(curves.lower[:, known]), np.exp(curves.upper[:, known])
    with np.errstate(divide="ignore"):
        lower = np.log(low) - np.log(low + _others(high))
        upper = np.log(high) - np.log(high + _others(low))
    if not (np.isfinite(upper).all() and np.isfinite(lower[zero]).all()):
        return None
    base = (lower[zero] + upper[zero]) / 2
    base = base - np.log(np.exp(base).sum())
    return SavedDistribution(
        tokens=curves.tokens[known],
        lower=lower,
        upper=upper,
        baseline=Baseline(log_probs=base[None], log_odds=M),
        slack=np.zeros(len(lower)),
    )


def _others(values: Float[np.ndarray, "strengths tokens"]) -> Float[np.ndarray, "strengths tokens"]:
    """For each token the sum over all others, without cancellation."""

    def before(ordered: np.ndarray) -> np.ndarray:
        return np.concatenate([np.zeros_like(ordered[:, :1]), np.cumsum(ordered[:, :-1], axis=1)], axis=1)

    return before(values) + before(values[:, ::-1])[:, ::-1]


def _scale(
    strengths: Float[np.ndarray, " strengths"], zero: int, distributions: list[SavedDistribution], error: float
) -> tuple[float, float]:
    """By what to scale the log-odds, and by how much that may be off.

    Of a tilt, log p_b(z)/p_a(z) is (b - a) M(z) and a constant, whatever a and b: so the spread of that quotient over
    tokens, under the unsteered distribution, is the spread of the log-odds exactly.
    """
    step = strengths[zero + 1] - strengths[zero - 1]
    squares, odds, doubt = 0.0, 0.0, 0.0
    for saved in distributions:
        low, high = saved.lower[[zero - 1, zero + 1]], saved.upper[[zero - 1, zero + 1]]
        seen = np.isfinite(low).all(axis=0)
        p = np.exp(saved.baseline.log_probs[0]) * seen
        if seen.sum() < 2 or saved.baseline.log_odds is None:
            continue
        middle = np.where(seen, low + high, 0.0) / 2
        squares += _variance(p, (middle[1] - middle[0]) / step)
        odds += _variance(p, saved.baseline.log_odds)
        doubt = max(doubt, float(np.where(seen, high - low, 0.0).sum(axis=0).max()) / 2 / step)
    slope, spread = np.sqrt(squares / len(distributions)), np.sqrt(odds / len(distributions))
    if spread <= error:
        return 1.0, 0.0
    least, most = (slope - doubt) / (spread + error), (slope + doubt) / (spread - error)
    if least <= 1 <= most:
        return 1.0, 0.0
    scale = slope / spread
    return float(scale), float(max(most - scale, scale - least))


def _variance(p: Float[np.ndarray, " tokens"], x: Float[np.ndarray, " tokens"]) -> float:
    p = p / p.sum()
    return float(p @ (x - p @ x) ** 2)


def _predicted(
    saved: SavedDistribution, strengths: np.ndarray, zero: int, scale: float, doubt: float, error: float
) -> SavedDistribution:
    """The distribution with its log-odds per unit of strength, and how far what they predict may be off.

    A prediction takes the logit log p_0(z) + alpha M(z), less a mean of such logits; so twice the error of one.
    """
    odds = saved.baseline.log_odds
    assert odds is not None
    off = scale * error + doubt * np.ptp(odds) / 2
    start = float((saved.upper[zero] - saved.lower[zero]).max()) / 2
    return SavedDistribution(
        tokens=saved.tokens,
        lower=saved.lower,
        upper=saved.upper,
        baseline=Baseline(log_probs=saved.baseline.log_probs, log_odds=scale * odds),
        slack=2 * (start + np.abs(strengths) * off),
        odds_error=float(off),
    )
