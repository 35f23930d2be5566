"""Curves observed from models are what a softmax of their logits says, whichever the quantity."""

import numpy as np
import pytest
from scipy.special import log_softmax

from numerics.observing.next_token import observe_next_token
from numerics.observing.sweep import NotObservedError
from numerics.observing.watched import Watched
from theory.quantities import (
    CENTRED_LOGIT,
    CONCEPT_LOGIT,
    EFFICIENCY,
    GREEDY_LOG_ODDS,
    INTERPLAY,
    KL_FORWARD,
    KL_REVERSE,
    LOG_ODDS,
    LOG_PROBABILITY,
    LOG_PROBABILITY_SLOPE,
    LOG_RATIO,
    MEAN_LOG_ODDS,
    PEAK,
    SINGULAR_VALUES,
    TOP_LOG_PROBABILITY,
)
from waves import CONCEPTS, CONTEXTS, GRID, ODDS, STEERING, VOCAB, Wave, observed


def test_curves_are_what_softmax_says():
    sweep = observed()
    for n, context in enumerate(CONTEXTS):
        table = log_softmax(Wave().logits(context, GRID, layer=2, vector=np.ones(1)), axis=1)
        for quantity, expected in (
            (LOG_PROBABILITY, table[:, [3, 5, 8]].T),
            (CENTRED_LOGIT, (table - table.mean(axis=1, keepdims=True))[:, [3, 5, 8]].T),
            (MEAN_LOG_ODDS, np.exp(table) @ ODDS),
            (
                CONCEPT_LOGIT,
                np.stack(
                    [
                        np.logaddexp.reduce(table[:, c], axis=1) - np.logaddexp.reduce(table[:, ~c], axis=1)
                        for c in CONCEPTS
                    ]
                ),
            ),
        ):
            curves = sweep.curves(quantity)
            assert (curves.lower[n] <= expected).all()
            assert (expected <= curves.upper[n]).all()
            assert np.ptp([curves.lower[n], curves.upper[n]], axis=0).max() < 1e-11
    assert sweep.attributes["model"] == "wave"
    assert sweep.attributes["layer"] == 2


def inside(curves, index, expected, width) -> None:
    """The band holds the exact curve, and is narrow."""
    low, high = curves.lower[index], curves.upper[index]
    assert (low <= expected).all()
    assert (expected <= high).all()
    assert (high - low).max() < width


@pytest.mark.parametrize(("dtype", "width"), [("float64", 1e-9), ("float32", 0.05)])
def test_pushes_and_what_they_buy(dtype, width):
    sweep = observed(Wave(dtype=dtype))
    for n, context in enumerate(CONTEXTS):
        table = log_softmax(Wave().logits(context, GRID, layer=2, vector=np.ones(1)), axis=1)
        base = table[GRID == 0]
        forward = (np.exp(table) * (table - base)).sum(axis=1)
        reverse = (np.exp(base) * (base - table)).sum(axis=1)
        inside(sweep.curves(KL_FORWARD), n, forward, width)
        inside(sweep.curves(KL_REVERSE), n, reverse, width)
        steered = GRID != 0
        curves = sweep.curves(EFFICIENCY)
        for c, members in enumerate(CONCEPTS):
            after, before = np.exp(table[:, members]).sum(axis=1), np.exp(base[:, members]).sum(axis=1)
            bought = after * np.log(after / before) + (1 - after) * np.log((1 - after) / (1 - before))
            share = (bought / np.where(steered, forward, 1.0))[steered]
            assert (curves.lower[n, c][steered] <= share + 1e-12).all()
            assert (share - 1e-12 <= curves.upper[n, c][steered]).all()
            assert (curves.upper - curves.lower)[n, c][steered].max() < width
            assert curves.lower[n, c][~steered] == 0
            assert curves.upper[n, c][~steered] == 1


def test_tiny_pushes_keep_their_digits():
    """KL is about alpha^2/2 Var(M): far below the rounding of log-probabilities."""
    grid = np.array([-1e-7, 0.0, 1e-7])
    sweep = observe_next_token(Wave(wave=0.0), [0], grid, STEERING, Watched(log_odds=ODDS))
    base, rate, _ = Wave().parts(0)
    law = np.exp(log_softmax(base))
    expected = grid**2 / 2 * (law @ rate**2 - (law @ rate) ** 2)
    for quantity in (KL_FORWARD, KL_REVERSE):
        curves = sweep.curves(quantity)
        assert (curves.lower[0] <= expected * (1 + 1e-6)).all()
        assert (expected * (1 - 1e-6) <= curves.upper[0]).all()
        assert ((curves.upper - curves.lower)[0] <= 1e-4 * expected + 0).all()


def test_greedy_tokens_and_ratios():
    sweep = observed()
    for n, context in enumerate(CONTEXTS):
        table = log_softmax(Wave().logits(context, GRID, layer=2, vector=np.ones(1)), axis=1)
        inside(sweep.curves(TOP_LOG_PROBABILITY), n, table.max(axis=1), 1e-11)
        inside(sweep.curves(GREEDY_LOG_ODDS), n, ODDS[table.argmax(axis=1)], 1e-12)
        reference = table[GRID == 0][0].argmax()
        inside(sweep.curves(LOG_RATIO), n, (table[:, [3, 5, 8]] - table[:, [reference]]).T, 1e-11)
    inside(sweep.curves(LOG_ODDS), slice(None), np.broadcast_to(ODDS[[3, 5, 8], None], (3, GRID.size)), 1e-13)


def test_tokens_that_tie_at_the_top_leave_their_log_odds_open():
    class Tie(Wave):
        def logits(self, tokens, strengths, *, layer, vector):
            logits = super().logits(tokens, strengths, layer=layer, vector=vector)
            logits[:, [4, 9]] = 50.0
            return logits

    curves = observed(Tie()).curves(GREEDY_LOG_ODDS)
    np.testing.assert_allclose(curves.lower, ODDS[[4, 9]].min())
    np.testing.assert_allclose(curves.upper, ODDS[[4, 9]].max())


@pytest.mark.parametrize(("dtype", "width"), [("float64", 1e-6), ("float32", 1e-3)])
def test_singular_values_are_those_of_the_centred_table(dtype, width):
    """In float64 to the root of V eps, as eigenvalues of a Gram matrix give them."""
    curves = observed(Wave(dtype=dtype)).curves(SINGULAR_VALUES)
    assert curves.strengths.tolist() == list(range(1, GRID.size + 1))
    for n, context in enumerate(CONTEXTS):
        table = Wave().logits(context, GRID, layer=2, vector=np.ones(1))
        centred = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
        inside(curves, n, np.linalg.svd(centred, compute_uv=False) / np.sqrt(centred.size) / GRID.std(), width)


def test_interplay_of_two_vectors():
    other = np.array([0.3])
    sweep = observed(other_vector=other)
    for n, context in enumerate(CONTEXTS):
        first, second, both = (
            log_softmax(Wave().logits(context, GRID, layer=2, vector=v), axis=1)[:, [3, 5, 8]]
            for v in (np.ones(1), other, np.ones(1) + other)
        )
        inside(sweep.curves(INTERPLAY), n, (both - first - second + first[GRID == 0]).T, 1e-10)
    with pytest.raises(NotObservedError, match="interplay"):
        observed().curves(INTERPLAY)


def test_peaks_along_the_log_odds():
    """Tokens of one level share their brackets; those that disagree leave all strengths between them."""

    class Bumps(Wave):
        def logits(self, tokens, strengths, *, layer, vector):
            at = np.linspace(-8, 8, VOCAB)
            return -3 * (np.asarray(strengths)[:, None] - at) ** 2 + 40.0 * (np.abs(at) < 7)

    odds = np.floor(np.arange(VOCAB) / 2.0)
    odds[59] = 0.0
    sweep = observe_next_token(Bumps(), [0], GRID, STEERING, Watched(log_odds=odds))
    curves = sweep.curves(PEAK)
    assert curves.strengths.tolist() == sorted(set(odds))
    table = log_softmax(Bumps().logits(0, np.linspace(-6, 6, 9601), layer=0, vector=np.ones(1)), axis=1)
    fine = np.linspace(-6, 6, 9601)[table.argmax(axis=0)]
    for k, m in enumerate(curves.strengths):
        peaks = fine[odds == m]
        assert curves.lower[0, k] <= peaks.max()
        assert peaks.min() <= curves.upper[0, k]
    assert curves.lower[0, 0] == -np.inf
    assert curves.upper[0, 0] == np.inf
    within = np.isfinite(curves.lower[0]) & np.isfinite(curves.upper[0])
    assert within.sum() > 10
    assert (curves.upper - curves.lower)[0, within].max() <= curves.resolution + 1e-12
    assert curves.reach == (-6.0, 6.0)


def test_slopes_are_finite_differences_of_the_curves():
    curves, step = observed().curves(LOG_PROBABILITY_SLOPE), 1e-5
    assert curves.strengths.tolist() == GRID.tolist()
    ends = [
        log_softmax(Wave().logits(1, curves.strengths + h, layer=2, vector=np.ones(1)), axis=1)[:, 5]
        for h in (-step, step)
    ]
    assert np.allclose((curves.lower + curves.upper)[1, 1] / 2, (ends[1] - ends[0]) / (2 * step), atol=1e-8)


def test_concepts_far_below_underflow_keep_their_logit():
    class Steep(Wave):
        def logits(self, tokens, strengths, *, layer, vector):
            return np.asarray(strengths)[:, None] * np.linspace(-300, 300, VOCAB)

    low, rest = np.arange(VOCAB) < 3, np.arange(VOCAB) >= 3
    sweep = observe_next_token(Steep(), [0], GRID, STEERING, Watched(concepts=low))
    logits = Steep().logits(0, GRID, layer=0, vector=np.ones(1))
    expected = np.logaddexp.reduce(logits[:, low], axis=1) - np.logaddexp.reduce(logits[:, rest], axis=1)
    curves = sweep.curves(CONCEPT_LOGIT)
    assert np.allclose(curves.lower[0, 0], expected, rtol=1e-9)
    assert expected.min() < -3000
