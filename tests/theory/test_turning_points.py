"""The number of turning points, counted exactly: with whole log-odds, F' is a polynomial in X = exp(alpha) over Z^2.

Its numerator is `sum_{m < n} q_m q_n (n - m) (g_n - g_m) X^(m + n)`, q the base mass of a level and g the concept's
share of it; its positive roots are counted with multiplicity by Sturm sequences.
"""

import itertools
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.checker.instances import Instance
from theory.facts import DERIVED, first_sign, sign_changes
from theory.tilted import C, M, j, p

X = sp.Symbol("X")
MAX_LEVELS = 6


def slope_numerator(mass, odds, concept) -> sp.Poly:
    """Numerator of F' for tokens of given base mass and log-odds (ties allowed), without its factors X."""
    poly = sp.Poly(0, X)
    for a, b in itertools.permutations(range(len(odds)), 2):
        if concept[a] and not concept[b]:
            weight = sp.Rational(mass[a]) * sp.Rational(mass[b]) * (odds[a] - odds[b])
            poly += sp.Poly(weight * X ** (odds[a] + odds[b]), X)
    return sp.Poly(sp.cancel(poly.as_expr() / X ** min(poly.monoms())[0]), X) if poly else poly


def zeros(poly: sp.Poly) -> int:
    """Positive roots, with multiplicity."""
    return sum(times * factor.count_roots(0, None) for factor, times in poly.sqf_list()[1])


def predicted(mass, odds, concept) -> tuple[int, int]:
    """The bound on turning points and the first direction, from the facts that the law's claim uses."""
    total = sum(mass)
    given_values = {j: Fraction(1)}
    for n in range(len(odds)):
        given_values[p, (1, n + 1)] = Fraction(mass[n]) / total
        given_values[M, (n + 1,)] = Fraction(odds[n])
        given_values[C, (n + 1,)] = Fraction(concept[n])
    instance = Instance(seed=0, size=len(odds), given=given_values)
    return DERIVED[sign_changes](instance), DERIVED[first_sign](instance)


@st.composite
def instances(draw: st.DrawFn):
    """Base masses, whole log-odds with ties, and a concept."""
    size = draw(st.integers(2, MAX_LEVELS + 2))
    odds = draw(st.lists(st.integers(0, MAX_LEVELS - 1), min_size=size, max_size=size))
    mass = draw(st.lists(st.integers(1, 400), min_size=size, max_size=size))
    concept = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    return [Fraction(m) for m in mass], odds, concept


@settings(max_examples=150, deadline=None)
@given(instances())
def test_at_most_one_zero_per_sign_change_and_of_equal_parity(instance):
    slope = slope_numerator(*instance)
    bound, first = predicted(*instance)
    assert (first == 0) == slope.is_zero
    if first:
        assert zeros(slope) <= bound
        assert (bound - zeros(slope)) % 2 == 0
        assert sp.sign(slope.eval(0)) == first
        assert sp.sign(slope.LC()) == first * (-1) ** bound


def levels_in_turn(size: int) -> list[Fraction]:
    """A base law under which each of the levels 0, 1, .. dominates in turn as the strength grows."""
    return [Fraction(1, 100 ** (n * n)) for n in range(size)]


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_the_bound_is_attained_by_every_pattern(size):
    """So a whole-level concept that alternates S times is monotone for every base law exactly if S = 1."""
    for concept in itertools.product((0, 1), repeat=size):
        alternations = sum(a != b for a, b in itertools.pairwise(concept))
        case = levels_in_turn(size), list(range(size)), concept
        bound, first = predicted(*case)
        if alternations == 0:
            assert (bound, first) == (0, 0)
            continue
        assert bound == alternations - 1
        assert zeros(slope_numerator(*case)) == bound


@pytest.mark.parametrize("concept", [(0, 1, 1, 0), (1, 0, 0, 1)])
@settings(max_examples=25, deadline=None)
@given(mass=st.lists(st.integers(1, 1000), min_size=4, max_size=4))
def test_two_alternations_turn_exactly_once(concept, mass):
    """A middle interval is a bump and its outside a dip, whatever the base law: 1 is odd, so never 0."""
    case = [Fraction(m) for m in mass], [0, 1, 3, 4], concept
    slope = slope_numerator(*case)
    assert predicted(*case) == (1, concept[1] - concept[0])
    assert zeros(slope) == 1
    assert sp.sign(slope.eval(0)) == concept[1] - concept[0]


def test_a_bound_is_not_a_count():
    """Uniform p on log-odds 0, 1, 2, 3 and the concept {0, 2}: three alternations, and yet strictly decreasing."""
    case = [Fraction(1)] * 4, [0, 1, 2, 3], (1, 0, 1, 0)
    slope = slope_numerator(*case)
    assert predicted(*case) == (2, -1)
    assert zeros(slope) == 0
    assert sp.sign(slope.eval(1)) == -1


@pytest.mark.parametrize(("middle", "distinct"), [(2, 0), (3, 1), (4, 2)])
def test_a_touching_zero_counts_twice(middle, distinct):
    """Masses 1, 3, 3, 1: F' touches 0 at alpha = 0, where two turning points are about to appear."""
    case = [Fraction(m) for m in (1, middle, middle, 1)], [0, 1, 2, 3], (1, 0, 1, 0)
    slope = slope_numerator(*case)
    assert predicted(*case) == (2, -1)
    assert zeros(slope) == (2 if distinct else 0)
    assert slope.count_roots(0, None) == distinct
    if middle == 3:
        assert sp.expand(slope.as_expr() / slope.LC() - (X**2 - 1) ** 2) == 0


def test_the_wronskians_of_the_cumulative_sums_have_positive_coefficients():
    """For four levels, any gaps h and masses q: what makes Descartes' rule hold, written out."""
    h = sp.symbols("h1:4", positive=True)
    q = sp.symbols("q1:5", positive=True)
    alpha = sp.Symbol("alpha")
    odds = [sum(h[:n]) for n in range(4)]
    weight = [q[n] * sp.exp(alpha * odds[n]) for n in range(4)]
    cumulative = [sum(weight[: n + 1]) for n in range(4)]
    for s in (1, 2, 3):
        for chosen in itertools.combinations(cumulative[:3], s):
            functions = [*chosen, cumulative[3]]
            matrix = sp.Matrix(s + 1, s + 1, lambda n, m, f=functions: f[m].diff(alpha, n).subs(alpha, 0))
            coefficients = sp.Poly(matrix.det(method="berkowitz"), *h, *q).coeffs()
            assert coefficients
            assert all(c > 0 for c in coefficients)
