"""The errata's arithmetic: exact signs, certified rounding, and the zeros of exponential sums."""

from fractions import Fraction
from itertools import pairwise

import mpmath
import pytest
import sympy as sp
from flint import ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.errata._concepts import ConceptData, ladder, rationals, smoothing, tilted_weights, weighted
from theory.errata._exact import (
    ExponentialSum,
    ball,
    concept_slope,
    digits,
    exponential_sum,
    extremal,
    mean,
    rounds_to,
    sign,
    zeros,
)

pytestmark = pytest.mark.slow

positive = st.fractions(min_value="1/50", max_value=50, max_denominator=50)
coefficient = st.fractions(min_value=-5, max_value=5, max_denominator=12)
log_sums = st.lists(st.tuples(coefficient, positive), min_size=1, max_size=5)


def mp(value: Fraction):
    return mpmath.mpf(value.numerator) / value.denominator


@settings(deadline=None)
@given(terms=log_sums)
def test_sign_of_a_log_sum(terms):
    expression = sp.Add(*[sp.sympify(q) * sp.log(sp.sympify(r)) for q, r in terms])
    with mpmath.workdps(60):
        value = mpmath.fsum(mp(q) * mpmath.log(mp(r)) for q, r in terms)
        # A non-zero sum of such terms is many orders of magnitude above the 60-digit rounding.
        expected = 0 if abs(value) < mpmath.mpf(10) ** -50 else int(mpmath.sign(value))
    assert sign(expression) == expected


@settings(deadline=None)
@given(r=positive, n=st.integers(1, 9))
def test_sign_finds_an_exact_zero(r: Fraction, n: int):
    log = sp.log(sp.sympify(r))
    assert sign(n * log - sp.log(sp.sympify(r**n))) == 0
    nearly = sp.log(sp.sympify(r**n * (1 + Fraction(1, 10**30))))
    assert sign(n * log - nearly) == -1


@pytest.mark.parametrize("expression", [sp.sqrt(2), sp.log(2) * sp.log(3), sp.log(2) + 1, sp.log(sp.Symbol("x"))])
def test_sign_refuses_what_is_no_log_sum(expression: sp.Expr):
    with pytest.raises(ValueError, match="rational combination of logarithms"):
        sign(expression)


@settings(deadline=None)
@given(terms=log_sums, scale=coefficient, power=st.integers(-3, 3))
def test_ball_encloses_the_value(terms, scale: Fraction, power: int):
    log = sp.Add(*[sp.sympify(q) * sp.log(sp.sympify(r)) for q, r in terms])
    expression = sp.Pow(sp.exp(log * sp.sympify(scale)) + sp.sqrt(2), power) * sp.Rational(2, 3)
    with mpmath.workdps(80), ctx.workprec(192):
        value = mpmath.fsum(mp(q) * mpmath.log(mp(r)) for q, r in terms)
        value = (mpmath.exp(value * mp(scale)) + mpmath.sqrt(2)) ** power * 2 / 3
        enclosure = ball(expression)
        assert enclosure.contains(exact_ball(value))
        assert float(enclosure.rad()) <= 1e-40 * abs(float(value))


def exact_ball(value):
    """An mpmath number is a rational."""
    mantissa, exponent = value.man_exp
    return ball(sp.Rational(mantissa) * sp.Integer(2) ** exponent)


def test_ball_refuses_a_free_symbol():
    with pytest.raises(ValueError, match="expected rationals"):
        ball(sp.Symbol("x"))


def test_rounding_is_certified_on_both_sides():
    assert rounds_to(sp.log(2), "0.693") is True
    assert rounds_to(sp.log(2), "0.6931") is True
    assert rounds_to(sp.log(2), "0.694") is False
    assert rounds_to(-sp.log(2), "0.693") is False
    assert rounds_to(sp.Rational(1, 8), "0.13") is None, "half-way: no ball tells the sides apart"
    assert digits(sp.log(2), 12) == "0.693147180560"


@settings(deadline=None, max_examples=40)
@given(roots=st.sets(st.fractions(min_value="1/20", max_value=20, max_denominator=20), max_size=4))
def test_zeros_are_all_found_and_separated(roots: set[Fraction]):
    """With rates `k log 2` the sum is a polynomial in `X = 2^alpha`; its positive roots are known."""
    X = sp.Symbol("X")
    polynomial = sp.Poly(sp.prod([X - sp.sympify(root) for root in roots]) * (X**2 + X + 1), X)
    terms = exponential_sum([(c * sp.log(3), k * sp.log(2)) for (k,), c in polynomial.terms()])
    found = zeros(terms)
    assert len(found) == len(roots)
    for (low, high), root in zip(found, sorted(roots), strict=True):
        assert 0 <= high - low <= Fraction(1, 2**20)
        with mpmath.workdps(40):
            assert mp(low) < mpmath.log(mp(root), 2) < mp(high)
    assert all(left[1] <= right[0] for left, right in pairwise(found))


def test_zeros_refuse_a_double_zero():
    double = ExponentialSum(
        coefficients=(sp.log(3), -2 * sp.log(3), sp.log(3)), rates=(sp.S.Zero, sp.log(2), 2 * sp.log(2))
    )
    with pytest.raises(ArithmeticError, match="cannot separate"):
        zeros(double)


def test_zeros_refuse_the_zero_sum():
    with pytest.raises(ValueError, match="identically zero"):
        zeros(exponential_sum([(sp.log(4), sp.log(2)), (-2 * sp.log(2), sp.log(2))]))


def test_equal_rates_merge_exactly():
    merged = exponential_sum([(sp.log(2), sp.log(9)), (sp.log(3), 2 * sp.log(3)), (sp.log(5), sp.log(2))])
    assert len(merged.rates) == 2
    assert sign(merged.coefficients[1] - sp.log(6)) == 0


@settings(deadline=None, max_examples=30)
@given(
    shares=st.lists(st.lists(st.integers(1, 9), min_size=2, max_size=2), min_size=6, max_size=6),
    context=st.integers(0, 2),
    negatives=st.lists(st.integers(1, 2), min_size=1, max_size=3),
)
def test_concept_slope_is_the_derivative(shares, context: int, negatives: list[int]):
    rows = [tuple(Fraction(n, sum(row)) for n in row) for row in shares]
    data = weighted(
        gammas=tuple(rows[:3]), omegas=tuple(rows[3:]), eps=Fraction(1, 20), context=context, negatives=tuple(negatives)
    )
    slope = concept_slope(data.base, data.log_odds, data.tokens(1))
    with mpmath.workdps(40):
        base = [mp(p) for p in data.base]
        log_odds = [mpmath.mpf(str(sp.N(m, 40))) for m in data.log_odds]
        terms = [
            (mpmath.mpf(str(sp.N(c, 40))), mpmath.mpf(str(sp.N(m, 40))))
            for c, m in zip(slope.coefficients, slope.rates, strict=True)
        ]

        def concept(alpha):
            weights = [p * mpmath.exp(alpha * m) for p, m in zip(base, log_odds, strict=True)]
            return mpmath.fsum(weights[z] for z in data.tokens(1)) / mpmath.fsum(weights)

        for alpha in (-1, 0, mpmath.mpf(2) / 3):
            total = mpmath.fsum(p * mpmath.exp(alpha * m) for p, m in zip(base, log_odds, strict=True))
            claimed = mpmath.fsum(c * mpmath.exp(alpha * m) for c, m in terms) / total**2
            # mpmath's numerical derivative keeps about half of the 40 digits.
            assert abs(mpmath.diff(concept, alpha) - claimed) < mpmath.mpf(10) ** -15


def test_extremal_tokens_with_ties():
    log_odds = [sp.log(4), 2 * sp.log(2), sp.log(3), -sp.log(3), sp.log(sp.Rational(1, 3))]
    assert extremal(log_odds, 1) == (0, 1)
    assert extremal(log_odds, -1) == (3, 4)


def test_the_smoothed_ladder():
    data = smoothing(groups=3, size=1, eps=Fraction(1, 20), context=0, negatives=(1, 1, 2))
    unit, rungs = ladder(data)
    assert unit == sp.log(38) / 3
    assert rungs == (3, -2, -1)
    X = sp.Symbol("X", positive=True)
    assert sp.Add(*tilted_weights(data, X)).subs(X, 1) == 1
    assert mean(data.base, data.log_odds) == sp.expand((3 * data.base[0] - 2 * data.base[1] - data.base[2]) * unit)


def test_a_ladder_needs_equal_ratios():
    data = weighted(
        gammas=rationals("1/4 3/4 | 1/2 1/2"),
        omegas=rationals("1/2 1/2 | 1/2 1/2"),
        eps=Fraction(1, 20),
        context=0,
        negatives=(1,),
    )
    with pytest.raises(ValueError, match="same a_z/b_z"):
        ladder(data)


@pytest.mark.parametrize(
    ("inside", "outside", "negatives", "message"),
    [
        ("1/4 | 1/4", "3/4 | 3/4", (1,), "a_z > b_z"),
        ("3/4 | 3/4", "0 | 1/4", (1,), "a_z > b_z"),
        ("3/4 | 3/4", "1/4 | 1/5", (1,), "must sum to 1"),
        ("3/4 | 3/4", "1/4 | 1/4", (0,), "outside concept 0"),
        ("3/4 | 3/4", "1/4 | 1/4", (), "outside concept 0"),
    ],
)
def test_data_off_assumption_1_are_refused(inside: str, outside: str, negatives: tuple[int, ...], message: str):
    with pytest.raises(ValueError, match=message):
        ConceptData(inside=rationals(inside), outside=rationals(outside), context=0, negatives=negatives)
