"""The distribution of saved tokens: exact by enumeration of the vocabulary, and its error bounds hold."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax

from steerlaw.inputs.saved_tokens import TokenCurves, saved_distributions

STRENGTHS = np.linspace(-4, 4, 17)
VOCAB = 12


def worlds(seed, contexts=2, scale=1.0):
    """log p_alpha of a whole vocabulary in each context, the log-odds that tilt it, and some of its tokens."""
    rng = np.random.default_rng(seed)
    logits, odds = rng.normal(size=(contexts, 1, VOCAB)), rng.normal(size=VOCAB)
    logs = log_softmax(logits + scale * STRENGTHS[:, None] * odds, axis=-1)
    return logs, odds, np.sort(rng.permutation(VOCAB)[:5])


def curves_of(logs, tokens, low=0.0, high=0.0):
    return [TokenCurves(tokens=tokens, lower=each[:, tokens] - low, upper=each[:, tokens] + high) for each in logs]


@given(seed=st.integers(0, 2**32 - 1))
def test_a_tilt_given_some_of_its_tokens_is_a_tilt_by_the_same_log_odds(seed):
    """Against mpmath, which knows the whole vocabulary."""
    logs, odds, tokens = worlds(seed)
    distributions, says = saved_distributions(STRENGTHS, curves_of(logs, tokens), np.arange(VOCAB), odds, 1e-9)
    assert says == "log-odds taken as they are"
    for saved, each in zip(distributions, logs, strict=True):
        assert saved is not None
        assert saved.tokens.tolist() == tokens.tolist()
        assert saved.baseline.log_odds == pytest.approx(odds[tokens])
        at = 3
        exact = [mpmath.exp(mpmath.mpf(x)) for x in each[at, tokens]]
        expected = [float(mpmath.log(x / mpmath.fsum(exact))) for x in exact]
        assert saved.lower[at] == pytest.approx(expected, abs=1e-12)
        assert saved.upper[at] == pytest.approx(expected, abs=1e-12)
        predicted = log_softmax(saved.baseline.log_probs[0] + STRENGTHS[:, None] * odds[tokens], axis=1)
        assert saved.lower == pytest.approx(predicted, abs=1e-9)


@given(seed=st.integers(0, 2**32 - 1), error=st.sampled_from([1e-5, 1e-2, 0.3]))
def test_bounds_and_slack_hold_what_errors_may_do(seed, error):
    """Whatever was computed within the error, the truth lies in the band and its prediction within the slack."""
    logs, odds, tokens = worlds(seed)
    rng = np.random.default_rng(seed + 1)
    read = logs + error * rng.uniform(-1, 1, logs.shape)
    told = odds + error * rng.uniform(-1, 1, VOCAB)
    distributions, _ = saved_distributions(
        STRENGTHS, curves_of(read, tokens, error, error), np.arange(VOCAB), told, error
    )
    for saved, each in zip(distributions, logs, strict=True):
        assert saved is not None
        assert saved.baseline.log_odds is not None
        true = log_softmax(each[:, tokens], axis=1)
        assert (saved.lower <= true + 1e-12).all()
        assert (true <= saved.upper + 1e-12).all()
        predicted = log_softmax(saved.baseline.log_probs[0] + STRENGTHS[:, None] * saved.baseline.log_odds, axis=1)
        assert (np.abs(predicted - true) <= saved.slack[:, None] + 1e-9).all()
        mean, expected = np.exp(true) @ odds[tokens], np.exp(predicted) @ saved.baseline.log_odds
        assert (np.abs(mean - expected) <= saved.mean_slack() + 1e-9).all()
        measured = np.exp(true) @ saved.baseline.log_odds
        low, high = saved.mean_log_odds()
        assert (low[:, 0] <= measured + 1e-12).all()
        assert (measured <= high[:, 0] + 1e-12).all()
        low, high = saved.log_ratio()
        at = int(np.argmax(saved.baseline.log_probs[0]))
        assert (low <= true - true[:, [at]] + 1e-12).all()
        assert (true - true[:, [at]] <= high + 1e-12).all()


@pytest.mark.parametrize("length", [0.2, 3.0])
def test_log_odds_are_scaled_to_the_slopes_where_the_vector_has_another_length(length):
    logs, odds, tokens = worlds(3, scale=length)
    distributions, says = saved_distributions(
        STRENGTHS, curves_of(logs, tokens, 1e-6, 1e-6), np.arange(VOCAB), odds, 1e-6
    )
    assert says == f"log-odds scaled by {length:.4g} to the curves' slopes at strength 0"
    for saved in distributions:
        assert saved is not None
        assert saved.baseline.log_odds == pytest.approx(length * odds[tokens], rel=1e-4)


def test_tokens_without_log_odds_are_left_out_and_a_law_needs_two():
    logs, odds, tokens = worlds(5)
    known = np.delete(np.arange(VOCAB), tokens[0])
    distributions, _ = saved_distributions(STRENGTHS, curves_of(logs, tokens), known, odds[known], 1e-9)
    assert all(saved is not None and saved.tokens.tolist() == tokens[1:].tolist() for saved in distributions)
    distributions, says = saved_distributions(STRENGTHS, curves_of(logs, tokens), tokens[:1], odds[tokens[:1]], 1e-9)
    assert distributions == [None, None]
    assert "fewer than two" in says
    distributions, says = saved_distributions(
        STRENGTHS, curves_of(logs, tokens), np.arange(VOCAB), np.ones(VOCAB), 1e-9
    )
    assert distributions == [None, None]
    away = STRENGTHS + 0.1
    distributions, says = saved_distributions(away, curves_of(logs, tokens), np.arange(VOCAB), odds, 1e-9)
    assert distributions == [None, None]
    assert "strength 0" in says


def test_probabilities_that_underflow_are_bounded_from_above_only():
    logs, odds, tokens = worlds(7)
    curves = curves_of(logs, tokens)
    lower, upper = curves[0].lower.copy(), curves[0].upper.copy()
    lower[0, 0], upper[0, 0] = -np.inf, np.log(5e-324)
    distributions, _ = saved_distributions(
        STRENGTHS, [TokenCurves(tokens=tokens, lower=lower, upper=upper)], np.arange(VOCAB), odds, 1e-9
    )
    assert distributions[0] is not None
    assert distributions[0].lower[0, 0] == -np.inf
    assert np.isfinite(distributions[0].upper).all()
    assert np.isfinite(np.concatenate(distributions[0].mean_log_odds())).all()
