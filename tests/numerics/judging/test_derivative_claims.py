"""Claims about a derivative, of any order and any form, against curves whose derivatives are known."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.judging.antiderivatives import antiderivative
from numerics.judging.one_curve import compare
from theory.claims import MOST_DERIVATIVES, Bounded, Close
from theory.quantities import CROSS_ENTROPY_CHANGE as CURVE
from theory.tilted import ContextMean, alpha, tilted_mean

pytestmark = pytest.mark.slow

TOLERANCE = 1e-3
LOG_PROBS, LOG_ODDS = np.log([0.2, 0.5, 0.3]), np.array([-1.0, 0.25, 2.0])
orders = pytest.mark.parametrize("order", range(1, MOST_DERIVATIVES + 1))


@st.composite
def curves(draw: st.DrawFn):
    """A smooth curve as an expression, and strengths that are as uneven as a refined grid."""
    coefficients = draw(st.lists(st.integers(-3, 3), min_size=3, max_size=5))
    waves = draw(st.tuples(st.integers(-2, 2), st.sampled_from([sp.Rational(1, 2), 1, 3])))
    curve = sum(c * alpha**n for n, c in enumerate(coefficients)) + waves[0] * sp.sin(waves[1] * alpha)
    gaps = draw(st.lists(st.sampled_from([0.01, 0.1, 0.5, 1.0]), min_size=4, max_size=12))
    return sp.sympify(curve), np.cumsum([draw(st.integers(-4, 0)), *gaps]).astype(float)


def judged(claim, strengths, values):
    return compare(claim, strengths, values, log_probs=LOG_PROBS, log_odds=LOG_ODDS, tolerance=TOLERANCE)


def evaluated(curve, strengths):
    return np.broadcast_to(np.asarray(sp.lambdify(alpha, curve)(strengths), float), strengths.shape)


def away(strengths, order):
    """The least sup-distance of the curve x^(order + 1) from those whose derivative of that order is 0.

    For a line, half of how far it goes; for x^3 from lines, at least what four of its points say.
    """
    values, powers = strengths ** (order + 1), np.vander(strengths, order)
    from scipy.optimize import linprog

    ones = np.ones((len(values), 1))
    above, below = np.hstack([powers, -ones]), np.hstack([-powers, -ones])
    bounds = [(None, None)] * order + [(0, None)]
    found = linprog(
        np.append(np.zeros(order), 1.0), np.vstack([above, below]), np.append(values, -values), bounds=bounds
    )
    return found.fun


@orders
@settings(max_examples=20, deadline=None)
@given(drawn=curves())
def test_a_curve_has_its_own_derivative_and_no_other(order, drawn):
    curve, strengths = drawn
    claim = Close(says="moves so", quantity=CURVE, value=curve.diff(alpha, order), derivative=order)
    values = evaluated(curve, strengths)
    assert judged(claim, strengths, values).verdict == "holds"
    assert judged(claim, strengths, values + 7).verdict == "holds"  # constants are nothing to a derivative
    scale = 10 * TOLERANCE / away(strengths, order)
    bent = judged(claim, strengths, values + scale * strengths ** (order + 1))
    assert bent.verdict == "departs"
    integrated = replace(claim, integral=curve - 3)  # by closed form as by quadrature
    assert judged(integrated, strengths, values).verdict == "holds"
    assert judged(integrated, strengths, values + scale * strengths ** (order + 1)).departure == pytest.approx(
        bent.departure, rel=1e-6
    )
    if order == 1:  # the distance from lines is the comparator's own; of second derivatives it judges each side
        assert bent.departure == pytest.approx(10 * TOLERANCE, rel=1e-3)


@orders
@settings(max_examples=20, deadline=None)
@given(drawn=curves(), sides=st.sampled_from([(-1, None), (None, 1), (-1, 1)]))
def test_bounds_may_vary_with_the_strength(order, drawn, sides):
    curve, strengths = drawn
    derivative, values = curve.diff(alpha, order), evaluated(curve, strengths)
    lower, upper = (None if side is None else derivative + side * (1 + alpha**2) / 10 for side in sides)
    claim = Bounded(says="stays between", quantity=CURVE, derivative=order, lower=lower, upper=upper)
    assert judged(claim, strengths, values).verdict == "holds"
    for side in filter(None, sides):
        push = side * 100 / np.ptp(strengths) ** order
        moved = values + push * strengths**order
        assert judged(claim, strengths, moved).verdict == "departs"


@orders
def test_a_remainder_is_how_far_a_derivative_may_be_off(order):
    strengths = np.linspace(-2.0, 2.0, 33)
    claim = Close(says="moves so", quantity=CURVE, value=sp.S.Zero, remainder=sp.S.One, derivative=order)
    moves = alpha**order / order  # its derivative is 1
    integrated = replace(claim, value=sp.S.One, integral=moves)
    for slope, verdict in ((0.9, "holds"), (1.1, "departs")):
        assert judged(claim, strengths, slope * strengths**order / order).verdict == verdict
        for side in (1 + slope, 1 - slope):
            assert judged(integrated, strengths, side * strengths**order / order).verdict == verdict


def test_atoms_are_integrated_across_a_sharp_turn():
    """K' from -1 to 2 within a small part of one gap: the integral is K, however coarse the strengths are."""
    strengths = np.array([-300.0, -200.0, 150.0, 300.0])
    weights = LOG_PROBS + strengths[:, None] * LOG_ODDS
    top = weights.max(axis=1)
    cgf = top + np.log(np.exp(weights - top[:, None]).sum(axis=1))
    claim = Close(says="K' is the mean", quantity=CURVE, value=ContextMean(tilted_mean()), derivative=1)
    assert judged(claim, strengths, cgf).verdict == "holds"
    assert judged(replace(claim, value=claim.value + alpha / 1000), strengths, cgf).verdict == "departs"


def test_an_integral_that_cannot_be_had_is_said_to_be_off():
    def jagged(at):
        return np.sin(1e7 * at)[:, None], 0.0

    strengths = np.linspace(0.0, 1.0, 3)
    values, error = antiderivative(jagged, strengths, 1, varies=True)
    exact = (1 - np.cos(1e7 * strengths)) / 1e7
    assert (np.abs(values[:, 0] - exact) <= error[:, 0]).all()
    assert error[-1, 0] > 1e-6


def test_a_derivative_without_a_value_is_not_judged():
    claim = Close(says="blows up", quantity=CURVE, value=sp.log(alpha), derivative=1)
    strengths = np.linspace(-1.0, 1.0, 9)
    assert judged(claim, strengths, strengths).verdict == "not_applicable"


@pytest.mark.parametrize("kind", [Close, Bounded])
def test_what_cannot_be_judged_is_refused(kind):
    parts = {"says": "s", "quantity": CURVE, **({"value": alpha} if kind is Close else {"lower": alpha})}
    for order in (-1, MOST_DERIVATIVES + 1):
        with pytest.raises(ValueError, match="derivative: expected 0 to 2"):
            kind(**parts, derivative=order)
    with pytest.raises(ValueError, match="one interval"):
        kind(**parts, derivative=1, domain=sp.S.Reals - sp.FiniteSet(0))
