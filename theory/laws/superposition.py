"""Two steering vectors at once: they add, and interfere by the covariance of their log-odds (beyond the paper).

With strengths a and b of vectors of log-odds M and M', the steered distribution is `p_{a,b}`, proportional to
`p exp(a M + b M')`, and `K(a, b)` the log of its normalisation. The claims speak of a = b = alpha.
"""

import sympy as sp

from theory.claims import Bounded, Close
from theory.facts import other_range
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, pair_sum
from theory.quantities import INTERPLAY
from theory.steps import Identity, Inequality, Step
from theory.tilted import (
    Expr,
    JointCumulant,
    M,
    M_max,
    M_other,
    M_range,
    OtherCumulant,
    alpha,
    cgf,
    j,
    p,
    vocabulary_sum,
    x,
    y,
    z,
)

interplay = cgf() + OtherCumulant(0, alpha) - JointCumulant(0, alpha)
bound = alpha**2 * M_range * other_range / 4

first, second = sp.symbols("a b", nonnegative=True)
moved: Expr = sp.IndexedBase("q", positive=True)
X: Expr = sp.IndexedBase("X", nonnegative=True)
total: Expr = sp.IndexedBase("S", real=True)
Y: Expr = sp.IndexedBase("Y", nonnegative=True)


def _weight(token: Expr, a: Expr = first, b: Expr = second) -> Expr:
    return p[j, token] * sp.exp(a * M[token] + b * M_other[token])


def _cgf(a: Expr = first, b: Expr = second) -> Expr:
    return sp.log(vocabulary_sum(_weight(y, a, b)))


def _mean(f: Expr, a: Expr = first, b: Expr = second) -> Expr:
    return vocabulary_sum(f * _weight(y, a, b)) / vocabulary_sum(_weight(y, a, b))


def _covariance() -> Expr:
    return _mean(M[y] * M_other[y]) - _mean(M[y]) * _mean(M_other[y])


def _log_law(token: Expr, a: Expr, b: Expr) -> Expr:
    return sp.log(_weight(token, a, b)) - _cgf(a, b)


def _both() -> list[Step]:
    once = p[j, y] * sp.exp(first * M[y])
    after_first = once / vocabulary_sum(once).xreplace({y: x})
    again = moved[j, y] * sp.exp(second * M_other[y])
    zero, scale = sp.S.Zero, sp.Symbol("t", real=True)
    line = p[j, y] * sp.exp(scale * total[y])
    squares = pair_sum(line * line.xreplace({y: x}) * (total[x] - total[y]) ** 2)
    return [
        Identity(
            says="Tilting the distribution q tilted by a M once more, by b M', tilts by both: the order does not"
            " matter",
            lhs=again.xreplace({y: z}) / vocabulary_sum(again),
            rhs=_weight(z) / vocabulary_sum(_weight(y)),
            where=((moved[j, y], after_first),),
        ),
        Inequality(
            says="K is convex in both strengths together: along any line the log-odds S = a M + b M' tilt, and its"
            " second derivative is their variance",
            smaller=zero,
            larger=sp.Derivative(sp.log(vocabulary_sum(line)), (scale, 2)),
            certificate=squares / (2 * vocabulary_sum(line) ** 2),
        ),
        Identity(
            says="The mixed derivative of any token's log-probability is minus the covariance of the log-odds: they"
            " interfere to second order unless uncorrelated",
            lhs=sp.Derivative(_log_law(z, first, second), first, second),
            rhs=-_covariance(),
        ),
        Identity(
            says="What both vectors do beyond what each does alone is the same for every token",
            lhs=_log_law(z, first, second) - _log_law(z, first, zero) - _log_law(z, zero, second) + sp.log(p[j, z]),
            rhs=_cgf(first, zero) + _cgf(zero, second) - _cgf(),
        ),
    ]


def _bound() -> list[Step]:
    """`|Cov(M, M')| <= R R'/4` (Gruess), integrated in both strengths."""
    a_only, steepness = (first, sp.S.Zero), M_range * other_range / 4
    gain = _mean(M_other[y]) - _mean(M_other[y], sp.S.Zero, second)

    def mean(f: Expr) -> Expr:
        return vocabulary_sum(p[j, y] * f)

    def covariance(f: Expr, g: Expr) -> Expr:
        return mean(f * g) - mean(f) * mean(g)

    halves = mean(X[y] * (2 - X[y])) + mean(Y[y] * (2 - Y[y])) + (1 - mean(X[y])) ** 2 + (1 - mean(Y[y])) ** 2
    difference = X[y] - Y[y]
    squares = pair_sum(p[j, x] * p[j, y] * (difference - difference.xreplace({y: x})) ** 2)
    other_max = sp.Symbol("M'_max", real=True)
    return [
        Inequality(
            says="Gruess: X and Y in [0, 2] have covariance 1 at most (-1 at least: 2 - Y for Y), under any"
            " distribution",
            smaller=covariance(X[y], Y[y]),
            larger=sp.S.One,
            certificate=halves / 2 + squares / 4,
            given=(X[y] <= 2, Y[y] <= 2),
        ),
        Identity(
            says="With M = M_max - R X/2 and M' = M'_max - R' Y/2, of ranges R and R', |Cov(M, M')| <= R R'/4",
            lhs=covariance(M[y], M_other[y]),
            rhs=steepness * covariance(X[y], Y[y]),
            where=((M[y], M_max - M_range / 2 * X[y]), (M_other[y], other_max - other_range / 2 * Y[y])),
        ),
        Inequality(
            says="So the first vector moves the mean of M' by a R R'/4 at most; for a or b negative let -M or -M' stand"
            " for M or M'",
            smaller=gain,
            larger=first * steepness,
            certificate=steepness - _covariance(),
            given=(steepness - _covariance() >= 0,),
            taylor=(first, 1),
        ),
        Inequality(
            says="and the interplay of both is a b R R'/4 at most",
            smaller=_cgf() - _cgf(*a_only) - _cgf(sp.S.Zero, second),
            larger=first * second * steepness,
            certificate=first * steepness - gain,
            given=(first * steepness - gain >= 0,),
            taylor=(second, 1),
        ),
    ]


def _best_mix() -> list[Step]:
    """Of the directions (a, b), by `c` the covariances with the concept and `v` those of the log-odds."""
    c_1, c_2, v_12 = sp.symbols("c_1 c_2 v_12", real=True)
    v_1, v_2 = sp.symbols("v_1 v_2", positive=True)
    a, b = sp.symbols("a b", real=True)
    pushed, independent = a**2 * v_1 + 2 * a * b * v_12 + b**2 * v_2, v_1 * v_2 - v_12**2
    best_a, best_b = c_1 * v_2 - c_2 * v_12, c_2 * v_1 - c_1 * v_12
    explained = (c_1 * best_a + c_2 * best_b) / independent
    bought = (a * c_1 + b * c_2) ** 2 / pushed
    return [
        Inequality(
            says="At small strengths the mix (a, b) buys concept at the efficiency (a c_1 + b c_2)^2/Var(a M + b M'),"
            " in units of Var(1_C): at most the share of 1_C that M and M' explain together",
            smaller=bought,
            larger=explained,
            certificate=(a * best_b - b * best_a) ** 2 / (pushed * independent),
            given=(pushed > 0, independent > 0),
        ),
        Identity(
            says="The natural gradient, covariance matrix^-1 (c_1, c_2), attains it; no vector alone exceeds it",
            lhs=bought,
            rhs=explained,
            given=(pushed > 0, independent > 0),
            where=((a, best_a), (b, best_b)),
        ),
    ]


def _derivation() -> list[Step]:
    return [*_both(), *_bound(), *_best_mix()]


LAW = Law(
    id="superposition",
    title="Steering vectors add, and interfere by their covariance",
    source="beyond the paper",
    reading="Two vectors at once tilt by the sum of their log-odds; beyond what each does alone they change every"
    " token's log-probability alike, by alpha^2 R R'/4 at most.",
    statement=sp.Eq(INTERPLAY.symbol, interplay, evaluate=False),
    hypotheses=(AFFINE,),
    claims=(
        Close(
            says="the interplay of two vectors is K_M + K_M' - K_(M+M'), the same for every token",
            quantity=INTERPLAY,
            value=interplay,
        ),
        Bounded(
            says="the interplay is at most alpha^2 R R'/4, R and R' the ranges of the log-odds",
            quantity=INTERPLAY,
            lower=-bound,
            upper=bound,
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="vectors that do not add: the second acts twice as strongly beside the first",
        values=cgf() + OtherCumulant(0, alpha) - JointCumulant(0, 2 * alpha),
    ),
)
