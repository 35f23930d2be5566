"""The peak's series and bound against the root itself, found by mpmath from sums written out here."""

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.catalogue import find_law
from theory.checker.instances import DIGITS, Instance, evaluate
from theory.tilted import Expr, M, definition, j, level, p

SERIES, BOUND = find_law("peak_series").claims
VALUE, REMAINDER = definition(SERIES.value), definition(SERIES.remainder)  # pyright: ignore[reportAttributeAccessIssue]
LOWER, UPPER = definition(BOUND.lower), definition(BOUND.upper)  # pyright: ignore[reportAttributeAccessIssue]
SLACK = mpmath.mpf(10) ** -30
"""Expressions are evaluated, and roots found, to more than 40 digits."""


def instance(weights, log_odds, m) -> Instance:
    base = {(p, (1, n)): Fraction(w, sum(weights)) for n, w in enumerate(weights, 1)}
    odds = {(M, (n,)): Fraction(x) for n, x in enumerate(log_odds, 1)}
    return Instance(seed=0, size=len(weights), given={**base, **odds, j: Fraction(1), level: Fraction(m)})


def value(expr: Expr, weights, log_odds, m):
    return evaluate(expr, instance(weights, log_odds, m))


def peak(weights, log_odds, m):
    """The root of sum_z w_z (M_z - m) exp(alpha (M_z - m)) = 0, which increases in alpha: by bisection."""
    with mpmath.workdps(DIGITS):
        gaps = [mpmath.mpf(x.numerator) / x.denominator for x in (Fraction(x) - Fraction(m) for x in log_odds)]

        def pull(alpha):
            return mpmath.fsum(w * g * mpmath.exp(alpha * g) for w, g in zip(weights, gaps, strict=True))

        reach = mpmath.mpf(1)
        while pull(reach) < 0 or pull(-reach) > 0:
            reach *= 2
        low, high = -reach, reach
        for _ in range(170):
            middle = (low + high) / 2
            low, high = (middle, high) if pull(middle) < 0 else (low, middle)
        return (low + high) / 2


@st.composite
def laws_and_levels(draw):
    """Four tokens, and log-odds m strictly between the extremes, often near the mean."""
    weights = draw(st.lists(st.integers(1, 1000), min_size=4, max_size=4))
    log_odds = draw(st.lists(st.integers(-20, 20), min_size=4, max_size=4).filter(lambda x: len(set(x)) > 1))
    mean = Fraction(sum(w * x for w, x in zip(weights, log_odds, strict=True)), sum(weights))
    share = Fraction(draw(st.integers(1, 99)), 100) ** draw(st.integers(1, 4))
    towards = draw(st.sampled_from([min(log_odds), max(log_odds)]))
    return weights, log_odds, mean + share * (towards - mean)


@settings(max_examples=60, deadline=None)
@given(laws_and_levels())
def test_the_root_obeys_both_claims(drawn):
    with mpmath.workdps(DIGITS):
        root = peak(*drawn)
        assert abs(root - value(VALUE, *drawn)) <= value(REMAINDER, *drawn) + SLACK
        assert value(LOWER, *drawn) - SLACK <= root <= value(UPPER, *drawn) + SLACK


@pytest.mark.parametrize("m", [Fraction(1, 2), Fraction(17, 10)])
def test_the_bound_is_attained_where_only_the_extremes_have_mass(m):
    """So no better one holds in general; with mass in between the peak lies farther out."""
    two_levels = ([2, 1], [-1, 2], m)
    assert abs(peak(*two_levels) - value(LOWER, *two_levels)) < SLACK
    assert peak([2, 1, 9], [-1, 2, 0], m) > value(LOWER, [2, 1, 9], [-1, 2, 0], m) + mpmath.mpf("0.1")


def test_the_remainder_is_nearly_attained():
    """A law that leans on one end, at log-odds nearer to it: nine tenths of the remainder would be too little."""
    leaning = ([10**6, 10**3], [0, 1], Fraction(1, 2000))
    missed = abs(peak(*leaning) - value(VALUE, *leaning))
    assert value(REMAINDER, *leaning) * Fraction(9, 10) < missed <= value(REMAINDER, *leaning)


def test_the_series_is_of_second_order():
    """Halving the distance from the mean divides the error by 8; the first order alone would divide it by 4."""
    weights, log_odds = [5, 3, 1, 1], [-2, 0, 1, 4]
    mean = Fraction(-5, 10)
    missed = [
        peak(weights, log_odds, mean + h) - value(VALUE, weights, log_odds, mean + h)
        for h in (Fraction(1, 500), Fraction(1, 1000))
    ]
    assert abs(missed[0] / missed[1] - 8) < 0.1


def test_far_from_the_mean_the_series_claims_nothing():
    assert value(REMAINDER, [1, 1, 1], [-1, 0, 1], Fraction(9, 10)) == mpmath.inf
