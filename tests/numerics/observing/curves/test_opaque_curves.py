"""Curves of models of which only logits are known: formulas whose every value, slope and peak can be had directly."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import log_softmax

import steerlaw
from numerics.observing.curves.build import steered_curve

VOCAB = 9


def formula(seed, notch=0.0, width=0.05):
    """Logits of a tilt with a bend, `[strengths, vocab]`, and a notch in one token's at strength 0.37."""
    base, shift, bend = np.random.default_rng(seed).normal(size=(3, VOCAB))

    def logits(strengths):
        alpha = np.asarray(strengths, np.float64)[:, None]
        values = base + alpha * shift + bend * np.tanh(alpha)
        values[:, 0] -= notch * np.exp(-(((alpha[:, 0] - 0.37) / width) ** 2))
        return values

    return logits


def curve_of(function, window: Any = 4.0, **options):
    return steered_curve(steerlaw.wrap(function, VOCAB), None, layer=None, vector=[0.0], window=window, **options)


@settings(max_examples=20)
@given(st.integers(0, 999), st.integers(0, VOCAB - 1))
def test_everything_that_is_read_off(seed, token):
    function = formula(seed)
    curve = curve_of(function)
    assert not curve.notes
    alpha = np.random.default_rng(seed).uniform(-4, 4, 50)

    def law(strengths):
        return log_softmax(function(np.atleast_1d(strengths)), axis=1)

    step = 1e-6
    direct, slopes = law(alpha), (law(alpha + step) - law(alpha - step)) / (2 * step)
    p, base = np.exp(direct), law(0.0)
    assert np.abs(curve.log_probs(alpha) - direct).max() <= curve.error <= 1e-12
    assert (np.abs(curve.slopes(alpha) - slopes).max(axis=1) <= curve.slope_error(alpha) + 1e-8).all()
    assert np.abs(curve.divergence(alpha) - (p * (direct - base)).sum(axis=1)).max() <= 1e-12
    assert np.abs(curve.entropy(alpha) + (p * direct).sum(axis=1)).max() <= 1e-12
    np.testing.assert_allclose(curve.log_probs(alpha, [token])[:, 0], curve.log_probs(alpha)[:, token], rtol=1e-14)
    assert np.array_equal(curve.logits(alpha, slice(2, 5)), curve.logits(alpha)[:, 2:5])

    def slope(at):
        return float((law(at + step) - law(at - step))[0, token] / (2 * step))

    turns = curve.turning_points([token])
    grid = np.linspace(-4, 4, 801)
    steepness = np.array([slope(at) for at in grid])
    changes = np.flatnonzero(np.sign(steepness[:-1]) != np.sign(steepness[1:]))
    roots = np.array([brentq(slope, grid[i], grid[i + 1], xtol=1e-12) for i in changes], float)
    np.testing.assert_allclose(turns.at, roots, atol=1e-6)
    assert np.array_equal(turns.kind, [1 if steepness[i] > 0 else -1 for i in changes])
    np.testing.assert_allclose(turns.value, [law(at)[0, token] for at in turns.at], atol=1e-12)
    tops = np.concatenate([[-4.0, 4.0], turns.at])
    best = tops[np.argmax([law(at)[0, token] for at in tops])]
    np.testing.assert_allclose(curve.peaks(token), best if abs(best) < 4 else np.copysign(np.inf, best), rtol=1e-12)
    np.testing.assert_allclose(curve.peaks([0, token, token])[1:], curve.peaks(token), rtol=1e-12)
    assert curve.peaks()[token] == pytest.approx(curve.peaks(token), rel=1e-12)


@pytest.mark.parametrize("width", [0.3, 0.08, 0.03])
def test_a_notch_between_the_points_of_a_grid_is_seen(width):
    """Three nats deep, and so narrow that a grid of 97 strengths in steps of 1/12 may hardly meet it."""
    function = formula(0, notch=3.0, width=width)
    curve = curve_of(function, tolerance=1e-6)
    alpha = np.linspace(-4, 4, 4001)
    assert np.abs(curve.log_probs(alpha) - log_softmax(function(alpha), axis=1)).max() <= curve.error
    assert curve.error < 2e-6
    assert abs(min(curve.turning_points(0).at, key=lambda at: abs(at - 0.37)) - 0.37) < width


def test_what_a_budget_does_not_resolve_is_said_and_is_no_worse_than_a_grid():
    function = formula(0, notch=3.0, width=1e-3)
    curve = curve_of(function, budget=400)
    assert curve.evaluations <= 400
    alpha = np.linspace(0.2, 0.6, 4001)
    assert np.abs(curve.log_probs(alpha) - log_softmax(function(alpha), axis=1)).max() > 0.1
    nodes = curve.nodes
    assert np.abs(curve.log_probs(nodes) - log_softmax(function(nodes), axis=1)).max() < 1e-12
    steps = curve_of(lambda a: np.where(np.asarray(a)[:, None] > 0.3, 1.0, -1.0) * np.arange(VOCAB))
    (note, *_) = steps.notes
    assert "larger budget" in note
    assert note in steps.explain()
    assert steps.error > 1
    low, high = (float(word) for word in note.split(" the curve")[0].removeprefix("between strengths ").split(" and "))
    assert low <= 0.3 <= high
    assert steps.error_at([-3.0])[0] < 1e-9 < steps.error_at([0.3])[0]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_narrow_dtypes_know_their_rounding(dtype):
    function = formula(1)
    curve = curve_of(lambda alpha: function(alpha).astype(dtype))
    alpha = np.linspace(-4, 4, 333)
    error = np.abs(curve.log_probs(alpha) - log_softmax(function(alpha), axis=1)).max()
    assert error <= curve.error <= 100 * 16 * float(np.finfo(dtype).eps)


def test_bad_input_is_one_line():
    function = formula(0)
    curve = curve_of(function, window=(-1.0, 2.0))
    for wrong, says in (
        (lambda: curve.logits([2.5]), "outside the curve's window, -1 to 2"),
        (lambda: curve.logits([np.nan]), "finite"),
        (lambda: curve.log_probs([0.0], [VOCAB]), "out of range"),
        (lambda: curve.peaks(0.5), "expected ids"),
        (lambda: curve_of(function, window=None), "give a window"),
        (lambda: curve_of(function, window=-1.0), "expected a positive push"),
        (lambda: curve_of(function, window=(1.0, 2.0)), "around 0"),
        (lambda: curve_of(function, tolerance=0.0), "tolerance"),
        (lambda: curve_of(lambda a: function(a) / np.where(np.asarray(a) > 3, 0.0, 1.0)[:, None]), "NaN or infinite"),
    ):
        with pytest.raises(ValueError, match=says) as caught, np.errstate(divide="ignore"):
            wrong()
        assert "\n" not in str(caught.value)


def test_a_file_gives_the_same_curve(tmp_path):
    curve = curve_of(formula(3))
    curve.save(tmp_path / "curve.nc")
    again = steerlaw.load_curve(tmp_path / "curve.nc")
    assert np.array_equal(again.log_probs([0.3, 1.0]), curve.log_probs([0.3, 1.0]))
    assert again.explain() == curve.explain()
    assert again.attributes == curve.attributes
    with pytest.raises(FileNotFoundError, match="no such file"):
        steerlaw.load_curve(tmp_path / "none.nc")
    (tmp_path / "text.nc").write_text("strength,value")
    with pytest.raises(ValueError, match="not a netCDF file"):
        steerlaw.load_curve(tmp_path / "text.nc")
