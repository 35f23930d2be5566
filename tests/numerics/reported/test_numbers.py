"""Statistics of reported claims against SciPy, closed forms and curves whose answers are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import spearmanr

from numerics.reported.blocks import rank_correlation, spread
from numerics.reported.lines import NEAR, OFF, straightness, tangent_ratio
from numerics.reported.strengths import best_push, first_crossing, nats_at_break

PUSHES = np.linspace(-4, 4, 1601)
STEP = PUSHES[1] - PUSHES[0]
finite = st.floats(-5, 5, allow_subnormal=False)


@given(st.floats(0.1, 3.9), st.floats(0.2, 3))
def test_the_best_push_is_the_top_of_the_curve(top, width):
    curve = np.exp(-(((PUSHES - top) / width) ** 2))
    assert best_push(PUSHES, curve) == pytest.approx(top, abs=STEP / 2 + 1e-12)


def test_negative_strengths_and_useless_ones_are_no_best():
    assert best_push(PUSHES, np.exp(-((PUSHES + 2) ** 2))) == pytest.approx(STEP)
    assert np.isnan(best_push(PUSHES, np.zeros_like(PUSHES)))
    assert np.isnan(best_push(PUSHES, np.full_like(PUSHES, np.nan)))


@given(st.floats(0.2, 1.5), st.floats(0.3, 1.5), st.floats(0.1, 10))
def test_it_breaks_where_the_efficiency_has_halved(top, width, price):
    """A Gaussian halves `width sqrt(log 2)` beyond its top; nats are linear in the push here."""
    curve = np.exp(-(((PUSHES - top) / width) ** 2))
    expected = price * (top + width * np.sqrt(np.log(2)))
    # the top is read off the grid: off by half a step, so the level by its square; the crossing by less than a step
    assert nats_at_break(PUSHES, curve, price * PUSHES) == pytest.approx(expected, abs=price * STEP)


def test_what_never_breaks_has_no_break():
    assert np.isnan(nats_at_break(PUSHES, 1 + 0 * PUSHES, PUSHES))
    assert np.isnan(nats_at_break(PUSHES, np.tanh(np.maximum(PUSHES, 0)), PUSHES))


@given(st.lists(finite, min_size=2, max_size=20), finite)
def test_the_first_crossing_is_on_the_broken_line(values, level):
    x, y = np.arange(len(values), dtype=float), np.array(values)
    at = first_crossing(x, y, level)
    if np.isinf(at):
        assert y.max() < level
    else:
        assert np.interp(at, x, y) == pytest.approx(max(level, y[0]), abs=1e-9)
        assert (y[x < at] < level).all()


@given(st.lists(st.tuples(finite, finite, finite), min_size=1, max_size=7))
def test_straightness_is_the_median_of_r_squared(coefficients):
    curves = np.array([c0 + c1 * PUSHES + c2 * PUSHES**2 for c0, c1, c2 in coefficients])
    near = np.abs(PUSHES) <= NEAR
    moving = [c for c in curves if np.ptp(c[near]) > 1e-6]
    found = straightness(PUSHES, np.array(moving).reshape(-1, len(PUSHES)))
    if not moving:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(np.median([np.corrcoef(PUSHES[near], c[near])[0, 1] ** 2 for c in moving]))


def test_too_few_strengths_show_no_line():
    assert np.isnan(straightness(np.array([-0.4, 0.0, 0.4]), np.array([[0.0, 1.0, 2.0]])))


SLOPES = np.array([1.0, -1.0, 0.5, 0.0])


@given(st.floats(0.1, 2), st.floats(-2, 2))
def test_cubic_logits_leave_their_tangent_where_it_is_predicted(second, third):
    """For a cubic the expansion is exact, so that the ratio is 1; along one line in token space it is a root."""
    bend, twist = second * np.array([1.0, 1.0, -1.0, -1.0]), third * np.array([0.0, 1.0, 0.0, -1.0])
    logits = SLOPES[:, None] * PUSHES + bend[:, None] * PUSHES**2 / 2 + twist[:, None] * PUSHES**3 / 6
    derivatives = np.stack([SLOPES, bend, twist])
    centred = derivatives - derivatives.mean(axis=1, keepdims=True)

    def off(x):
        bent = np.multiply.outer(x, centred[1]) / 2 + np.multiply.outer(x**2, centred[2]) / 6
        return np.linalg.norm(bent, axis=-1) - OFF * np.linalg.norm(centred[0])

    fine = np.linspace(1e-6, 4, 4_001)
    signs = off(fine) > 0
    if signs.any():
        n = int(signs.argmax())
        radius = brentq(off, fine[n - 1], fine[n])
        # observed by a broken line through strengths one step apart
        assert tangent_ratio(PUSHES, logits, derivatives) == pytest.approx(1.0, abs=STEP / radius)


def test_affine_logits_have_no_radius():
    none = np.zeros((2, 4))
    assert np.isnan(tangent_ratio(PUSHES, SLOPES[:, None] * PUSHES, np.stack([SLOPES, *none])))


def test_a_radius_that_is_never_reached_is_infinite_and_one_beyond_the_window_is_not_asked():
    flat = SLOPES[:, None] * PUSHES
    bent = np.array([1.0, 1.0, -1.0, -1.0])
    assert tangent_ratio(PUSHES, flat, np.stack([SLOPES, bent, 0 * bent])) == np.inf
    assert np.isnan(tangent_ratio(PUSHES, flat, np.stack([SLOPES, bent / 100, 0 * bent])))


def test_an_offset_common_to_all_tokens_changes_nothing():
    bend = np.array([0.5, 0.0, -0.5, 0.0])
    logits = SLOPES[:, None] * PUSHES + bend[:, None] * PUSHES**2 / 2
    derivatives = np.stack([SLOPES, bend, 0 * bend])
    shifted = derivatives + np.array([[3.0], [-2.0], [9.0]])
    found = [tangent_ratio(PUSHES, logits, derivatives), tangent_ratio(PUSHES, logits + np.sin(PUSHES), shifted)]
    assert found[0] == pytest.approx(found[1], rel=1e-9)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=9))
def test_rank_correlation_is_spearmans(pairs):
    one, other = np.array(pairs, float).T
    if np.ptp(one) and np.ptp(other):
        assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other)[0], abs=1e-9)
    else:
        assert np.isnan(rank_correlation(one, other))


def test_unknown_blocks_are_left_out():
    one, other = np.array([1.0, 2.0, np.nan, 3.0]), np.array([1.0, 3.0, 9.0, 2.0])
    assert rank_correlation(one, other) == pytest.approx(0.5)
    assert np.isnan(rank_correlation(one[:3], other[:3]))
    assert spread(np.array([np.nan, 2.0, 5.0])) == 2.5
    assert np.isnan(spread(np.array([np.nan, 2.0])))
