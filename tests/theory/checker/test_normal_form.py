"""The normal form: what it must identify, and what it must tell apart."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.checker.instances import Instance, evaluate
from theory.checker.normal_form import normal_form
from theory.tilted import (
    C,
    Expr,
    J,
    M,
    V,
    alpha,
    d,
    definition,
    expectation,
    i,
    j,
    k,
    p,
    partition,
    pi,
    r,
    summed,
    vocabulary_sum,
    x,
    y,
    z,
)

h: Expr = sp.IndexedBase("h", real=True)
W: Expr = sp.IndexedBase("W", real=True)

EQUAL = {
    "bound names": (vocabulary_sum(p[j, y] * M[y]), summed(p[j, x] * M[x], (x, V))),
    "a law sums to one": (vocabulary_sum(p[j, y]), sp.S.One),
    "a constant": (vocabulary_sum(alpha), alpha * V),
    "independent factors": (vocabulary_sum(p[j, y] * sp.exp(alpha + M[z])), sp.exp(alpha) * sp.exp(M[z])),
    "product of sums": (
        summed(p[j, x] * p[j, y] * M[x] * M[y], (x, V), (y, V)),
        vocabulary_sum(p[j, y] * M[y]) ** 2,
    ),
    "exchanged order": (
        summed(W[z, k] * summed(pi[i] * h[i, k], (i, J)), (k, d)),
        summed(pi[i] * summed(W[z, k] * h[i, k], (k, d)), (i, J)),
    ),
    "indicators": (vocabulary_sum(C[y] ** 3 * M[y]), vocabulary_sum(C[y] * M[y])),
    "complement": (definition(expectation(1 - C[y])), 1 - definition(expectation(C[y]))),
    "log of a quotient": (sp.log(sp.exp(M[z]) / partition()), M[z] - sp.log(partition())),
    "within a sum over contexts": (
        summed(pi[j] * partition() ** 2 / partition(), (j, J)),
        summed(pi[j] * summed(p[j, x] * sp.exp(alpha * M[x]), (x, V)), (j, J)),
    ),
}

DIFFERENT = {
    "a law over its first index": (summed(p[j, y], (j, J)), sp.S.One),
    "two laws": (vocabulary_sum(p[j, y] * M[y]), vocabulary_sum(r[j, y] * M[y])),
    "square of a sum": (vocabulary_sum(p[j, y] * M[y] ** 2), vocabulary_sum(p[j, y] * M[y]) ** 2),
    "sizes": (summed(sp.S.One, (y, V)), summed(sp.S.One, (k, d))),
    "a bound index outside": (vocabulary_sum(p[j, y] * M[y]), M[z]),
    "coupled sum": (summed(h[x, y] * M[x] * p[j, y], (x, V), (y, V)), summed(h[y, x] * M[x] * p[j, y], (x, V), (y, V))),
}


@pytest.mark.parametrize("pair", EQUAL.values(), ids=list(EQUAL))
def test_equal_expressions_cancel(pair):
    left, right = pair
    assert normal_form(left - right) == 0
    assert normal_form(left - sp.Rational(101, 100) * right) != 0


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=list(DIFFERENT))
def test_different_expressions_do_not(pair):
    assert normal_form(pair[0] - pair[1]) != 0


def test_a_sum_that_does_not_start_at_one_is_refused():
    with pytest.raises(ValueError, match="sum over y from 0 to V"):
        normal_form(sp.Sum(M[y], (y, 0, V)))


TERMS = st.lists(
    st.tuples(st.integers(-3, 3), st.integers(0, 2), st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=3
)


@settings(deadline=None, max_examples=30)
@given(TERMS)
def test_the_normal_form_keeps_the_value(terms):
    """Polynomials in two bound indices: the normal form vanishes only if the value does, at a random instance."""
    term = sum(c * M[x] ** a * M[y] ** b * C[x] ** e for c, a, b, e in terms)
    expr = summed(p[j, x] * p[j, y] * term, (x, V), (y, V))
    instance = Instance(seed=3)
    assert abs(evaluate(expr, instance) - evaluate(normal_form(expr), instance)) < 1e-40
