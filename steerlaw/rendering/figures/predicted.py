"""Predicted curves: the tilted distribution of a baseline, evaluated at the strengths of a sweep."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from numerics.baseline import Baseline
from numerics.closed_forms.cross_entropy import cross_entropy_change
from numerics.closed_forms.cumulants import cumulants
from numerics.closed_forms.peaks import peak_strengths
from numerics.exponential_sums.tilted import tilted_log_mass

Strengths = Float[np.ndarray, " strengths"]
T = TypeVar("T")


def known(value: T | None, name: str) -> T:
    """What a figure needs to know of the unsteered model, or a `ValueError` that names it where it is missing."""
    if value is None:
        raise ValueError(f"figure: expected the {name} of the unsteered model, got none; measure it before steering")
    return value


def token_probabilities(
    baseline: Baseline, context: int, tokens: Sequence[int], strengths: Strengths
) -> Float[np.ndarray, "tokens strengths"]:
    """p(z) exp(alpha M(z) - K(alpha)) of the given tokens after one context."""
    log_probs, log_odds = baseline.log_probs[context], known(baseline.log_odds, "log-odds")
    K = np.asarray(cumulants(log_probs, log_odds, strengths, order=0))[0]
    chosen = list(tokens)
    return np.exp(log_probs[chosen, None] + log_odds[chosen, None] * strengths - K)


def token_peaks(baseline: Baseline, context: int) -> list[tuple[int, float, float]]:
    """(token, strength, probability) of every token's finite peak after one context."""
    peaks = np.asarray(peak_strengths(baseline.log_probs[context], known(baseline.log_odds, "log-odds")))
    tokens = np.flatnonzero(np.isfinite(peaks))
    heights = token_probabilities(baseline, context, tokens.tolist(), peaks[tokens])
    return list(zip(tokens.tolist(), peaks[tokens].tolist(), np.diag(heights).tolist(), strict=True))


def concept_probability(baseline: Baseline, concept: int, strengths: Strengths) -> Float[np.ndarray, " strengths"]:
    """Probability of the concept under the tilted distribution, the mean over contexts."""
    sets = known(baseline.concepts, "concepts")[[concept]]
    inside, _ = tilted_log_mass(baseline.log_probs, known(baseline.log_odds, "log-odds"), sets, strengths)
    return np.exp(np.asarray(inside))[:, 0].mean(axis=0)


def cross_entropy_laws(baseline: Baseline, strengths: Strengths) -> tuple[np.ndarray, np.ndarray]:
    """The exact change of cross-entropy, and the published quadratic (alpha^2/2) sum_j pi_j Var_j(M); nats."""
    log_odds = known(baseline.log_odds, "log-odds")
    exact = cross_entropy_change(baseline.log_probs, log_odds, strengths, weights=baseline.weights, data=baseline.data)
    variances = np.asarray(cumulants(baseline.log_probs, log_odds, np.zeros(1)))[2, :, 0]
    return np.asarray(exact), np.average(variances, weights=baseline.weights) / 2 * strengths**2
