"""The data law against Assumption 1, Lemma B.4 and the entropy, in exact rationals."""

from fractions import Fraction
from math import log, prod
from numbers import Rational

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from strategies import contrasts, data_laws
from toy_models.data_law import DataLaw

HALF = Fraction(1, 2)


@given(data_laws())
def test_assumption_1_holds_exactly(law: DataLaw) -> None:
    for context in range(len(law.contexts)):
        assert sum(law.exact(context)) == 1
    masses = [sum(inside) - sum(outside) for inside, outside in zip(law.a, law.b, strict=True)]
    assert set(masses) == {law.delta}
    assert sum(law.weights) == 1
    assert law.concepts.sum() == law.vocab_size
    assert (law.concepts.sum(axis=0) == 1).all()


@given(st.data())
def test_log_odds_separate_the_target_and_have_the_closed_form(data: st.DataObject) -> None:
    """Lemma B.4 raised to the power |P| |N|, so that both sides are rational and the comparison is exact."""
    law = data.draw(data_laws())
    positive, negative = data.draw(contrasts(law))
    p, n = len(positive), len(negative)
    target = law.contexts[positive[0]]
    tokens = [(k, a_z, b_z) for k in range(len(law.a)) for a_z, b_z in zip(law.a[k], law.b[k], strict=True)]
    for z, (concept, a_z, b_z) in enumerate(tokens):
        likely, unlikely = (prod(Fraction(law.exact(i)[z]) for i in side) for side in (positive, negative))
        odds = likely**n / unlikely**p
        hits = sum(law.contexts[i] == concept for i in negative)
        assert odds == (Fraction(a_z) / Fraction(b_z)) ** (p * n if concept == target else -p * hits)
        assert (odds > 1) == (concept == target)


@given(data_laws())
def test_entropy_is_the_weighted_mean_over_contexts(law: DataLaw) -> None:
    rows = [float(w) * entropy([float(p) for p in law.exact(j)]) for j, w in enumerate(law.weights)]
    assert law.entropy == pytest.approx(sum(rows), rel=1e-13)


def test_entropy_of_the_papers_setting() -> None:
    law = DataLaw.smoothing(3, 3, 0.05)
    assert law.entropy == pytest.approx(1.331785, abs=5e-7)
    assert law.entropy == pytest.approx(0.95 * log(3 / 0.95) + 0.05 * log(6 / 0.05), rel=1e-15)
    assert law.delta == pytest.approx(0.925)


def test_smoothing_is_the_uniform_weighted_law_and_sympy_rationals_stay_exact() -> None:
    fifth = sp.Rational(1, 5)
    assert isinstance(fifth, Rational)
    law = DataLaw.smoothing(4, 2, fifth)
    assert law.a == ((Fraction(2, 5),) * 2,) * 4
    assert law.b == ((Fraction(1, 30),) * 2,) * 4
    assert law.exact(1) == (*[Fraction(1, 30)] * 2, *[Fraction(2, 5)] * 2, *[Fraction(1, 30)] * 4)


def test_concepts_may_differ_in_size_and_contexts_in_number() -> None:
    law = DataLaw(a=((0.7,), (0.4, 0.4)), b=((0.2,), (0.1, 0.2)), contexts=(1, 1, 0), weights=(2, 1, 1))
    np.testing.assert_allclose(law.probabilities, [[0.2, 0.4, 0.4], [0.2, 0.4, 0.4], [0.7, 0.1, 0.2]])
    assert law.weights == (Fraction(1, 2), Fraction(1, 4), Fraction(1, 4))
    np.testing.assert_array_equal(law.concept_of, [0, 1, 1])


HALVES = ((HALF, HALF), (HALF, HALF))
VIOLATIONS = {
    "eps too large": (
        lambda: DataLaw.smoothing(3, 3, 0.7),
        r"token 0 of concept 0: expected 0 < b < a < 1.*got a = 0.1,",
    ),
    "eps at the edge": (
        lambda: DataLaw.smoothing(3, 1, Fraction(2, 3)),
        "token 0 of concept 0: expected 0 < b < a < 1",
    ),
    "eps zero": (lambda: DataLaw.smoothing(3, 3, 0), "b = 0; make it likelier"),
    "not a number": (lambda: DataLaw.smoothing(3, 3, float("nan")), "got a = nan"),
    "one token reversed": (
        lambda: DataLaw.weighted(2, 2, 0.3, ((0.5, 0.5), (0.9, 0.1)), ((0.5, 0.5), (0.1, 0.9))),
        "token 1 of concept 1: .* got a = 0.07, b = 0.27",
    ),
    "one concept": (
        lambda: DataLaw.smoothing(1, 3, 0.05),
        "expected G >= 2 concepts of s >= 1 tokens, got G = 1, s = 3",
    ),
    "no tokens": (lambda: DataLaw.smoothing(3, 0, 0.05), "got G = 3, s = 0"),
    "gamma unnormalised": (
        lambda: DataLaw.weighted(2, 2, 0.3, ((0.5, 0.5), (0.5, 0.6)), HALVES),
        "gamma of concept 1: expected weights that sum to 1, got 1.1; divide",
    ),
    "omega misshapen": (
        lambda: DataLaw.weighted(2, 2, 0.3, HALVES, ((1,), (1,))),
        r"omega: expected 2 rows of 2 .*\[1, 1\]",
    ),
    "unequal delta": (
        lambda: DataLaw(a=((0.7,), (0.8,)), b=((0.2,), (0.2,))),
        "concept 1: expected the same A - B = 0.5 as concept 0 .* got 0.6; shift mass",
    ),
    "sums to more than 1": (
        lambda: DataLaw(a=((0.8,), (0.8,)), b=((0.3,), (0.3,))),
        "expected probabilities that sum to 1, got 1.1; divide",
    ),
    "off by an exact hair": (
        lambda: DataLaw(a=((Fraction(7, 10) + Fraction(1, 10**15),),) * 2, b=((Fraction(3, 10),),) * 2),
        "expected probabilities that sum to 1",
    ),
    "missing b": (
        lambda: DataLaw(a=((0.4, 0.4), (0.8,)), b=((0.2,), (0.2,))),
        r"b: expected rows as long as those of a",
    ),
    "empty concept": (lambda: DataLaw(a=((0.8,), ()), b=((0.2,), ())), r"a: expected at least two concepts"),
    "unknown concept": (lambda: DataLaw.smoothing(3, 3, 0.05, contexts=(0, 3)), "context 1: expected .* 0 to 2, got 3"),
    "weights": (
        lambda: DataLaw(a=((0.8,), (0.8,)), b=((0.2,), (0.2,)), weights=(1, 0)),
        r"weights: expected 2 positive numbers, one a context, got \[1.0, 0.0\]",
    ),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_violations_are_refused_in_one_line(name: str) -> None:
    make, message = VIOLATIONS[name]
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
