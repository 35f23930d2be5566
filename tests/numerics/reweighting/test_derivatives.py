"""Slopes and curvatures against chains that are enumerated exactly."""

# pyright: reportOptionalMemberAccess=false

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from numerics.reweighting.curve import reweighted_curve
from numerics.reweighting.derivatives import observed_change, observed_derivatives, predicted_derivatives

VOCAB, TOKENS, H = 3, 3, 1e-4
TEXTS = np.array(list(itertools.product(range(VOCAB), repeat=TOKENS)))


class Chain:
    """Logits that bend with the strength; of every text after each context the log-probability, S and S'."""

    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.base, self.push, self.bend = (random.normal(size=(VOCAB, VOCAB)) for _ in range(3))

    def log_probs(self, strengths, start=0):
        a = np.asarray(strengths, float)[:, None, None]
        step = log_softmax(self.base + a * self.push + a * a * self.bend, axis=2)
        before = np.column_stack([np.full(len(TEXTS), start), TEXTS[:, :-1]])
        return step[:, before, TEXTS].sum(axis=2).T

    def moving(self, start=0):
        """log P, S and S' at 0, from moments of the next token."""
        p = np.exp(log_softmax(self.base, axis=1))
        mean = (p * self.push).sum(axis=1, keepdims=True)
        first = self.push - mean
        second = 2 * self.bend - (p * (2 * self.bend)).sum(axis=1, keepdims=True)
        second = second - (p * first**2).sum(axis=1, keepdims=True)
        before = np.column_stack([np.full(len(TEXTS), start), TEXTS[:, :-1]])
        log_p = np.log(p)[before, TEXTS].sum(axis=1)
        return log_p, first[before, TEXTS].sum(axis=1), second[before, TEXTS].sum(axis=1)

    def exact(self, score, start=0):
        """Slope and curvature of the mean score, by differences of the enumerated curve."""
        below, base, above = np.exp(self.log_probs([-H, 0.0, H], start)).T
        return score @ (above - below) / (2 * H), score @ (above - 2 * base + below) / H**2


@settings(max_examples=4)
@given(seed=st.integers(0, 10**6))
def test_predictions_are_unbiased_for_any_score(seed):
    """The expectation of the estimate over all pairs of texts, exactly, is the derivative of the enumerated curve."""
    chain, score = Chain(seed), np.random.default_rng(seed).normal(size=len(TEXTS))
    log_p, first, second = chain.moving()
    slope = bend = 0.0
    for i, j in itertools.product(range(len(TEXTS)), repeat=2):
        pair, chance = [i, j], np.exp(log_p[i] + log_p[j])
        found = predicted_derivatives(score[pair], first[pair], second[pair], np.zeros(2, int))
        slope, bend = slope + chance * found.slope.value, bend + chance * found.curvature.value
    np.testing.assert_allclose((slope, bend), chain.exact(score), rtol=1e-5, atol=1e-5)


def drawn(chain, starts, strengths, each, random):
    """Numbers of texts, their log-probabilities, where they were drawn, and a cluster a start."""
    which, tables, at = [], [], []
    for start in starts:
        table = chain.log_probs(strengths, start)
        for k in range(len(strengths)):
            chosen = random.choice(len(TEXTS), each, p=np.exp(table[:, k]))
            which.append(chosen)
            tables.append(table[chosen])
            at += [k] * each
    return np.concatenate(which), np.concatenate(tables), np.array(at), np.repeat(starts, each * len(strengths))


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), below=st.floats(0.05, 1), above=st.floats(0.05, 1), missing=st.booleans())
def test_observed_are_those_of_the_parabola(seed, below, above, missing):
    """Through three values of the reweighted curve, whatever the distances and whatever is missing."""
    grid, random = np.array([1.5, 0.0, -below, above * 1.2]), np.random.default_rng(seed)
    which, tables, at, clusters = drawn(Chain(seed), [0, 1, 2], grid, 3, random)
    scores = (TEXTS[which] == 1).mean(axis=1)
    scores[0] = np.nan if missing else scores[0]
    curve = reweighted_curve(grid, tables, at, scores, clusters)
    near = [1, 2, 3]
    bend, slope, _ = np.polyfit(grid[near], curve.values[near], 2)
    found = observed_derivatives(grid, tables, at, scores, clusters)
    assert found is not None
    assert found.over == pytest.approx((-below, above * 1.2))
    np.testing.assert_allclose((found.slope.value, found.curvature.value), (slope, 2 * bend), rtol=1e-6, atol=1e-7)
    change = observed_change(tables, at, scores, clusters, (0, 3))
    assert change is not None
    assert change.value == pytest.approx(curve.values[3] - curve.values[0], abs=1e-12)
    assert change.lower <= change.value <= change.upper


@pytest.mark.slow
def test_both_intervals_hold_at_their_level():
    """Of 1,000 of each at 95%, 93% or more hold the exact slope; and curvature, of prediction; 16 prompts each."""
    chain, random, rounds = Chain(3), np.random.default_rng(0), 1000
    score = (TEXTS == 1).any(axis=1).astype(float)
    exact = np.mean([chain.exact(score, start) for start in range(VOCAB)], axis=0)
    moving = [chain.moving(start) for start in range(VOCAB)]
    grid, held = np.array([-1.0, -0.02, 0.0, 0.02, 1.0]), np.zeros(3)
    for _ in range(rounds):
        starts = random.integers(0, VOCAB, 16)
        texts = [random.choice(len(TEXTS), 8, p=np.exp(moving[s][0])) for s in starts]
        first, second = (np.concatenate([moving[s][n][t] for s, t in zip(starts, texts, strict=True)]) for n in (1, 2))
        prompts = np.repeat(np.arange(16), 8)
        predicted = predicted_derivatives(score[np.concatenate(texts)], first, second, prompts)
        which, tables, at, _ = drawn(chain, starts, grid, 2, random)
        clusters = np.repeat(np.arange(16), 2 * len(grid))
        observed = observed_derivatives(grid, tables, at, score[which], clusters)
        for n, (one, truth) in enumerate(
            [(predicted.slope, exact[0]), (predicted.curvature, exact[1]), (observed.slope, exact[0])]
        ):
            held[n] += one.lower <= truth <= one.upper
    assert (held >= 0.93 * rounds).all(), held
    assert (held < rounds).all()


def test_missing_scores_leave_the_slope_of_those_that_are_there():
    """Where which texts have a score moves with the strength, too: the derivative of a quotient."""
    chain, random = Chain(5), np.random.default_rng(1)
    has, score = TEXTS[:, 0] != 2, (TEXTS == 1).mean(axis=1)
    log_p, first, second = chain.moving()
    chosen = random.choice(len(TEXTS), 4000, p=np.exp(log_p))
    scores = np.where(has, score, np.nan)[chosen]
    found = predicted_derivatives(scores, first[chosen], second[chosen], np.zeros(4000, int), level=1e-3)
    means = (score * has) @ np.exp(chain.log_probs([-H, 0.0, H])) / (has @ np.exp(chain.log_probs([-H, 0.0, H])))
    exact = (means[2] - means[0]) / (2 * H), (means[2] - 2 * means[1] + means[0]) / H**2
    assert found.slope.lower <= exact[0] <= found.slope.upper
    assert found.curvature.lower <= exact[1] <= found.curvature.upper
    naive, _ = chain.exact(score * has)
    assert abs(naive - exact[0]) > 3 * (found.slope.upper - found.slope.value)


def test_what_cannot_be_known_is_refused_or_none():
    with pytest.raises(ValueError, match="2 unsteered texts of each prompt"):
        predicted_derivatives(np.ones(3), np.ones(3), np.ones(3), np.array([0, 0, 1]))
    with pytest.raises(ValueError, match="a score of one"):
        predicted_derivatives(np.full(2, np.nan), np.ones(2), np.ones(2), np.zeros(2, int))
    table, clusters = np.zeros((4, 3)), np.arange(4)
    for grid in ([0.0, 1.0, 2.0], [-1.0, 0.5, 1.0]):
        assert observed_derivatives(np.array(grid), table, np.zeros(4, int), np.ones(4), clusters) is None
