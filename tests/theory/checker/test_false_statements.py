"""No false statement is checked: one of each kind that a checker of sums, derivatives and signs may fall for.

`tests/fuzz_steps.py` draws ten thousand more; here is a sample of those, and every kind that was ever accepted.
"""

import random

import pytest
import sympy as sp

from false_steps import distinct_steps, false_variants
from step_oracle import is_false
from step_values import INDICATORS, ROWS
from theory import tilted
from theory.checker.kinds import Identity, Inequality, Limit, Proved, Supposed
from theory.steps import check
from theory.tilted import (
    C,
    Expr,
    J,
    M,
    M_max,
    M_min,
    V,
    alpha,
    cgf,
    d,
    expectation,
    j,
    p,
    pi,
    r,
    slope,
    summed,
    tilt_weight,
    tilted_mean,
    token_a,
    vocabulary_sum,
    x,
    y,
    z,
)

g: Expr = sp.IndexedBase("g", real=True)
h: Expr = sp.IndexedBase("h", real=True)
w: Expr = sp.IndexedBase("w", nonnegative=True)
c, u = sp.symbols("c u", real=True)
t, s = sp.Symbol("t", positive=True), sp.Symbol("s", nonnegative=True)
a, b = sp.symbols("a b", nonnegative=True)


def equal(lhs: Expr, rhs: Expr, **parts) -> Identity:
    return Identity(says="", lhs=lhs, rhs=rhs, **parts)


def less(smaller: Expr, larger: Expr, certificate: Expr | None = None, **parts) -> Inequality:
    gap = larger - smaller if certificate is None else certificate
    return Inequality(says="", smaller=smaller, larger=larger, certificate=gap, **parts)


def tends(expr: Expr, value: Expr, variable: sp.Symbol = t, point: Expr = sp.oo) -> Limit:
    return Limit(says="", expr=expr, value=value, variable=variable, point=point)


TANGENT = less(1 + u, sp.exp(u), sp.exp(u), taylor=(u, 2))
LOG = less(sp.log(1 + s), s, s / (1 + s), taylor=(s, 1))
ORDERED = less(c, u + 1, given=(Supposed(u >= c),))
WRONG = less(sp.S.Zero, M[z])
mean_of_w = vocabulary_sum(w[y] * M[y]) / vocabulary_sum(w[y])

FALSE = {
    "a law summed over contexts": equal(summed(p[j, y], (y, J)), sp.S.One),
    "weights of contexts summed over tokens": equal(vocabulary_sum(pi[y]), sp.S.One),
    "a sum over features for one over tokens": equal(vocabulary_sum(M[y]), summed(M[y], (y, d))),
    "a sum that ends at an index": equal(summed(g[x], (x, y), (y, V)), V * summed(g[x], (x, V))),
    "an array over two things": equal(vocabulary_sum(g[y]) - summed(g[x], (x, J)), sp.S.Zero),
    "strict at a square": less(sp.S.Zero, M[z] ** 2, strict=True),
    "strict where a Taylor variable may be 0": less(sp.S.Zero, sp.exp(s) - 1, sp.exp(s), strict=True, taylor=(s, 1)),
    "strict by a set that may be empty": less(sp.S.Zero, vocabulary_sum((1 - w[y]) ** 2 * p[j, y]), strict=True),
    "strict by a term beyond the sum": less(
        sp.S.Zero, summed(g[x] ** 2, (x, d)), strict=True, given=(Supposed(g[z] > 0),), some={x: z}
    ),
    "an index captured by a meaning": equal(
        vocabulary_sum(g[y]),
        V * vocabulary_sum(h[y, y]),
        where=((g[y], summed(h[x, y], (x, V))),),
    ),
    "an index captured in a meaning": equal(
        summed(g[x], (x, V)),
        V * summed(h[x, x], (x, V)),
        where=((g[y], summed(h[x, y], (x, V))),),
    ),
    "a free index captured by a sum": equal(
        vocabulary_sum(p[j, y] * c), vocabulary_sum(p[j, y] * M[y]), where=((c, M[y]),)
    ),
    "a fact at hand used under a sum": less(
        sp.S.Zero, summed(pi[j] * (2 * p[j, z] - 1), (j, J)), given=(Supposed(2 * p[j, z] >= 1),)
    ),
    "a fact of one token used for all": less(
        sp.S.Zero, vocabulary_sum(p[j, y] * (M[y] - M[z])), given=(Supposed(M[token_a] >= M[z]),)
    ),
    "a derivative taken before its meaning": equal(
        slope(expectation(g[y])),
        expectation(g[y] * M[y]) - expectation(g[y]) * expectation(M[y]),
        where=((g[y], alpha * h[y]),),
    ),
    "a slope of log-odds that depend on the strength": equal(
        slope(cgf()), expectation(g[y] * alpha), where=((M[y], alpha * g[y]),)
    ),
    "a series across a pole": less(sp.S.One, 1 / (1 - s), 1 / (1 - s) ** 2, taylor=(s, 1)),
    "a series across a kink": less(sp.S.Zero, sp.Abs(1 - s) - 1 + s, sp.sign(s - 1) + 1, taylor=(s, 1)),
    "a series across the end of a log": less(sp.S.Zero, -sp.log(1 - s) - s, 1 / (1 - s) ** 2, taylor=(s, 2)),
    "a series from a pole": less(sp.S.Zero, -1 / t, t**-2, taylor=(t, 1)),
    "a fact at one strength used at others": less(s, s**2, 2 * s - 1, taylor=(s, 1), given=(Supposed(2 * s - 1 >= 0),)),
    "a fact that rests on nothing": less(M[z], M_max - 1, given=(M_max >= M[z] + 1,)),
    "a fact of the setting, made strict": less(M[z], M_max, given=(M_max > M[y],), strict=True),
    "what is to be shown, supposed": less(c, u, given=(Supposed(u - c >= 0),)),
    "what is to be shown, supposed twice as much": less(c, u, given=(Supposed(2 * u >= 2 * c),)),
    "a fact that the step named does not state": less(
        sp.S.One, 2 * sp.exp(u), given=(Proved(fact=2 * sp.exp(u) - 1 >= 0, by=TANGENT),)
    ),
    "a fact stated for less": less(s, c, c - s, given=(Proved(fact=c - s >= 0, by=LOG, at=((s, c),)),)),
    "a fact whose own suppositions do not hold": less(
        sp.S.Zero,
        M[z] + 1 - M[token_a],
        given=(Proved(fact=M[z] + 1 - M[token_a] >= 0, by=ORDERED, at=((c, M[token_a]), (u, M[z]))),),
    ),
    "a strict fact of a step that is not": less(
        sp.S.One + u, sp.exp(u), strict=True, given=(Proved(fact=sp.exp(u) - 1 - u > 0, by=TANGENT),)
    ),
    "a fact of a step that is not checked": less(sp.S.Zero, M[z], given=(Proved(fact=M[z] >= 0, by=WRONG),)),
    "a limit at the boundary of a rate": tends(sp.exp(-t * a), sp.S.Zero),
    "a limit where two rates tie": tends(sp.exp(-t * (a - b) ** 2), sp.S.Zero),
    "a limit where a rate vanishes inside": tends(sp.exp(-t * (2 * a - 1) ** 2), sp.S.Zero),
    "a limit of a power that may be 0": tends(t**-a, sp.S.Zero),
    "a limit that divides by what may be 0": tends((c * t + 1) / (c * t), sp.S.One),
    "a limit at the end where the variable is not": tends(sp.exp(t), sp.S.Zero, point=-sp.oo),
    "0/0 as 1": equal((c**2 - c) / (c - 1), c),
    "0/0 as 1, of sums": equal(vocabulary_sum(w[y] * M[z]) / vocabulary_sum(w[y]), M[z]),
    "a mean over nothing": less(
        mean_of_w, M_max, vocabulary_sum(w[y] * (M_max - M[y])) / vocabulary_sum(w[y]), given=(M_max >= M[y],)
    ),
    "the log of what may be 0": equal(sp.log(a) - sp.log(2 * a), -sp.log(2)),
    "the root of a product": equal(sp.sqrt(c) * sp.sqrt(u), sp.sqrt(c * u)),
    "a reciprocal of what may be 0": less(sp.S.Zero, 1 / a),
    "a square in a denominator": less(sp.S.Zero, (M[z] - M[token_a]) ** -2, strict=True),
    "a log of a product of negatives": equal(sp.log(c * u), sp.log(c) + sp.log(u)),
    "an array taken for an indicator": equal(vocabulary_sum(w[y] ** 2), vocabulary_sum(w[y])),
    "a complement of another set": less(sp.S.Zero, vocabulary_sum((1 - w[y]) * p[j, y])),
    "two laws taken for one": equal(vocabulary_sum(p[j, y] * M[y]), vocabulary_sum(r[j, y] * M[y])),
    "a mean below a bound it may pass": less(tilted_mean(), M_min, expectation(M_min - M[y]), given=(M_max >= M[y],)),
    "a concept that is everything": less(
        sp.S.Zero, -vocabulary_sum((1 - C[y]) * tilt_weight(y)), vocabulary_sum((C[y] - 1) * tilt_weight(y))
    ),
}


@pytest.mark.parametrize("step", FALSE.values(), ids=list(FALSE))
def test_a_false_statement_is_not_checked(step):
    outcome = check(step)
    assert outcome.status in ("failed", "undecided"), outcome.detail


TRUE = {
    "a law": equal(vocabulary_sum(p[j, y]), sp.S.One),
    "a meaning with an index of its own": equal(
        vocabulary_sum(g[y]), summed(h[x, y], (x, V), (y, V)), where=((g[y], summed(h[x, y], (x, V))),)
    ),
    "a derivative of what depends on it": equal(
        slope(expectation(g[y])),
        expectation(h[y]) + alpha * (expectation(h[y] * M[y]) - expectation(h[y]) * expectation(M[y])),
        where=((g[y], alpha * h[y]),),
    ),
    "strict away from 0": less(sp.S.Zero, sp.exp(t) - 1, sp.exp(t), strict=True, taylor=(t, 1)),
    "a fact for every index": less(sp.S.Zero, vocabulary_sum(p[j, y] * (M[y] - M[z])), given=(Supposed(M[y] >= M[z]),)),
    "a step at what it is used for": less(
        sp.S.One + M[z], sp.exp(M[z]), given=(Proved(fact=sp.exp(M[z]) - 1 - M[z] >= 0, by=TANGENT, at=((u, M[z]),)),)
    ),
    "a step whose suppositions are visible": less(
        sp.S.Zero,
        M_max + 1 - M[z],
        given=(M_max >= M[y], Proved(fact=M_max + 1 - M[z] >= 0, by=ORDERED, at=((c, M[z]), (u, M_max)))),
    ),
    "a limit with a rate that is positive": tends(sp.exp(-t * sp.Symbol("g", positive=True)), sp.S.Zero),
}


@pytest.mark.parametrize("step", TRUE.values(), ids=list(TRUE))
def test_its_true_neighbour_is(step):
    assert check(step).status == "checked", check(step).detail
    assert not is_false(step)


def test_no_false_variant_of_a_shipped_step_is_checked():
    """A few of every thirtieth step; the oracle says which variants are false."""
    draw, tried = random.Random(20261130), 0
    for place, step in distinct_steps()[::30]:
        for what, variant in false_variants(step, draw, count=3):
            tried += 1
            assert check(variant).status != "checked", (place, what, variant)
    assert tried >= 8


def test_the_oracle_knows_what_arrays_are():
    """An indicator that it took for any number would make a true variant false."""
    assert {*INDICATORS, tilted.Top, tilted.Bottom} == tilted.INDICATORS
    assert ROWS == tilted.DISTRIBUTIONS


@pytest.mark.slow
def test_the_oracle_takes_no_shipped_step_for_false():
    assert [place for place, step in distinct_steps() if is_false(step)] == []
