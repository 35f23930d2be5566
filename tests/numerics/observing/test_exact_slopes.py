"""Exact slopes, and peaks found as their roots, against closed forms and brentq."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import softmax

from numerics.observing.exact_slopes import SlopeObserver, peaks_by_slopes
from numerics.observing.model import Steering

GRID = np.linspace(-6, 6, 25)


class Tilted:
    """Logits law + alpha M + bend alpha^2, with their derivative; it counts what it is asked."""

    def __init__(self, law, odds, bend: Any = 0.0):
        self.law, self.odds, self.bend, self.asked = law, odds, bend, 0

    def logits(self, context, strengths, *, layer, vector):
        alpha = np.asarray(strengths)[:, None]
        return self.law + alpha * self.odds + alpha**2 * self.bend

    def derivative(self, context, strengths, *, layer, vector):
        self.asked += len(strengths)
        return self.odds + 2 * np.asarray(strengths)[:, None] * self.bend


def observer(model, tokens):
    return SlopeObserver(
        model=model, steering=Steering(layer=0, vector=np.zeros(1)), tokens=np.asarray(tokens), rounding=16.0
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 30))
def test_peaks_are_bracketed_as_closely_as_promised(seed, vocab):
    rng = np.random.default_rng(seed)
    law, odds = rng.normal(0, 2, vocab), rng.normal(size=vocab)
    model, tokens = Tilted(law, odds), np.arange(min(vocab, 12))
    seen = observer(model, tokens)
    found = peaks_by_slopes(lambda x: seen.slopes(0, x), GRID, seen.slopes(0, GRID), np.zeros(tokens.size))
    for z, (low, high) in enumerate(found):

        def slope(alpha, z=z):
            return odds[z] - softmax(law + alpha * odds) @ odds

        if slope(-6) > 1e-9 and slope(6) < -1e-9:
            assert low <= brentq(slope, -6, 6, xtol=1e-13) <= high
            assert high - low < 0.05
        else:
            assert np.isnan([low, high]).all()
    assert model.asked <= 4 * GRID.size


def test_a_root_on_the_grid_and_at_a_guess_is_bracketed_too():
    """Where the slope is exactly 0 its sign says nothing; the strengths on either side do."""
    found = peaks_by_slopes(
        lambda x: (-np.stack([x, x - 0.5], axis=1), np.full(len(x), 1e-12)),
        GRID,
        (-np.stack([GRID, GRID - 0.5], axis=1), np.full(25, 1e-12)),
        np.zeros(2),
    )
    assert (found[:, 0] < [0, 0.5]).all()
    assert (found[:, 1] > [0, 0.5]).all()
    assert (found[:, 1] - found[:, 0] < 0.01).all()


def test_of_several_peaks_the_nearest_is_taken_and_a_minimum_never():
    def at(x):
        return np.cos(x)[:, None], np.full(len(x), 1e-12)

    for near, peak in ((-4.0, -1.5 * np.pi), (2.0, np.pi / 2)):
        ((low, high),) = peaks_by_slopes(at, GRID, at(GRID), np.array([near]))
        assert low < peak < high
        assert high - low < 1e-3
    rising = peaks_by_slopes(lambda x: (x[:, None], 0 * x), GRID, (GRID[:, None], 0 * GRID), np.zeros(1))
    assert np.isnan(rising).all()


def test_slopes_below_their_rounding_have_no_sign():
    wide = (-GRID[:, None], np.full(25, 10.0))
    assert np.isnan(peaks_by_slopes(lambda x: wide, GRID, wide, np.zeros(1))).all()


def test_slopes_are_those_of_log_probabilities():
    rng = np.random.default_rng(0)
    law, odds, bend, h = rng.normal(size=9), rng.normal(size=9), rng.normal(size=9), 1e-5
    model = Tilted(law, odds, bend)
    found, width = observer(model, [2, 5]).slopes(0, GRID)

    def log_probs(x):
        return np.log(softmax(model.logits(0, x, layer=0, vector=None), axis=1))[:, [2, 5]]

    assert found == pytest.approx((log_probs(GRID + h) - log_probs(GRID - h)) / (2 * h), abs=1e-5)
    assert (width < 1e-10).all()
