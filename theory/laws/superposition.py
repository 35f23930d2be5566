"""Two steering vectors at once: they add, and interfere by the covariance of their log-odds (beyond the paper).

With strengths a and b of vectors of log-odds M and M', the steered distribution is `p_{a,b}`, proportional to
`p exp(a M + b M')`, and `K(a, b)` the log of its normalisation. The claims speak of a = b = alpha.
"""

import sympy as sp

from theory.claims import Bounded, Close
from theory.facts import other_max, other_range
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, pair_sum
from theory.quantities import INTERPLAY
from theory.steps import Argued, Identity, Inequality, Proved, Step, Supposed
from theory.tilted import (
    Expr,
    JointCumulant,
    M,
    M_max,
    M_min,
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
BOTH_VARY = (Supposed(M_max > M_min), Supposed(other_range > 0))
moved: Expr = sp.IndexedBase("q", positive=True)
total: Expr = sp.IndexedBase("S", real=True)


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
            name="interplay",
            says="At equal strengths what both vectors do beyond what each does alone is K + K' - K_both",
            lhs=_log_law(z, alpha, alpha) - _log_law(z, alpha, zero) - _log_law(z, zero, alpha) + sp.log(p[j, z]),
            rhs=interplay,
        ),
        Identity(
            says="What both vectors do beyond what each does alone is the same for every token",
            lhs=_log_law(z, first, second) - _log_law(z, first, zero) - _log_law(z, zero, second) + sp.log(p[j, z]),
            rhs=_cgf(first, zero) + _cgf(zero, second) - _cgf(),
        ),
    ]


def _covariance_bound() -> Inequality:
    """`Cov(M, M') <= R R'/4` (Gruess), with X and Y the log-odds in units of half their ranges, in [0, 2]."""
    X, Y = 2 * (M_max - M[y]) / M_range, 2 * (other_max - M_other[y]) / other_range
    rest = (2 * (M[y] - M_min) / M_range, 2 * (M_other[y] - other_max + other_range) / other_range)
    halves = sum(_mean(part * other) + (1 - _mean(part)) ** 2 for part, other in zip((X, Y), rest, strict=True))
    apart = (X - Y) - (X - Y).xreplace({y: x})
    squares = pair_sum(_weight(x) * _weight(y) * apart**2) / vocabulary_sum(_weight(y)) ** 2
    return Inequality(
        says="Gruess: log-odds within ranges R and R' have a covariance of R R'/4 at most; with -M' for M', of at least"
        " minus that",
        smaller=_covariance(),
        larger=M_range * other_range / 4,
        certificate=M_range * other_range / 4 * (halves / 2 + squares / 4),
        given=(
            M_max >= M[y],
            M[y] >= M_min,
            other_max >= M_other[y],
            M_other[y] >= other_max - other_range,
            *BOTH_VARY,
        ),
    )


def _bound() -> list[Step]:
    """The bound on the covariance, integrated in both strengths."""
    a_only, steepness = (first, sp.S.Zero), M_range * other_range / 4
    gain = _mean(M_other[y]) - _mean(M_other[y], sp.S.Zero, second)
    moved = Inequality(
        says="So the first vector moves the mean of M' by a R R'/4 at most; for a or b negative let -M or -M' stand"
        " for M or M'",
        smaller=gain,
        larger=first * steepness,
        certificate=steepness - _covariance(),
        given=(*BOTH_VARY, Proved(fact=steepness - _covariance() >= 0, by=_covariance_bound())),
        taylor=(first, 1),
    )
    return [
        _covariance_bound(),
        moved,
        Inequality(
            says="and the interplay of both is a b R R'/4 at most",
            smaller=_cgf() - _cgf(*a_only) - _cgf(sp.S.Zero, second),
            larger=first * second * steepness,
            certificate=first * steepness - gain,
            given=(*BOTH_VARY, Proved(fact=first * steepness - gain >= 0, by=moved)),
            taylor=(second, 1),
        ),
        Argued(
            name="all signs",
            says="so at a = b = |alpha|, and with the other signs of a, b and the interplay, it lies within"
            " alpha^2 R R'/4 of 0; where a range is 0 so is the interplay",
            because="-M and -M' have the ranges of M and M'",
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
            given=(Supposed(pushed > 0), Supposed(independent > 0)),
        ),
        Identity(
            says="The natural gradient, covariance matrix^-1 (c_1, c_2), attains it; no vector alone exceeds it",
            lhs=bought,
            rhs=explained,
            given=(Supposed(pushed > 0), Supposed(independent > 0)),
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
            proof=("interplay",),
        ),
        Bounded(
            says="the interplay is at most alpha^2 R R'/4, R and R' the ranges of the log-odds",
            quantity=INTERPLAY,
            lower=-bound,
            upper=bound,
            proof=("all signs",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="vectors that do not add: the second acts twice as strongly beside the first",
        values=cgf() + OtherCumulant(0, alpha) - JointCumulant(0, 2 * alpha),
    ),
)
