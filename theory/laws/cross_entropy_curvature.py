"""Under perfect training cross-entropy starts quadratically (Theorem 3.8), with a proved remainder."""

import sympy as sp

from theory.claims import Bounded, Close
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, CALIBRATED, PERFECT, tilted_squares, variance_is_at_most_popoviciu
from theory.quantities import CROSS_ENTROPY_CHANGE
from theory.steps import Identity, Inequality, Proved, Step
from theory.tilted import (
    ContextMean,
    Cumulant,
    M,
    M_max,
    M_min,
    M_range,
    alpha,
    cgf,
    expectation,
    j,
    log_tilted,
    p,
    slope,
    tilted_mean,
    tilted_variance,
    vocabulary_sum,
    y,
)

divergence = cgf() - alpha * tilted_mean(sp.S.Zero)
quadratic = alpha**2 / 2 * ContextMean(tilted_variance(sp.S.Zero))
remainder = M_range**3 * sp.Abs(alpha) ** 3 / (36 * sp.sqrt(3))

t = sp.Symbol("t", nonnegative=True)


def _derivation() -> list[Step]:
    change = ContextMean(divergence)
    return [
        Identity(
            says="On the model's own distribution the change is the divergence from the steered one",
            lhs=ContextMean(vocabulary_sum(p[j, y] * (sp.log(p[j, y]) - log_tilted(y)))),
            rhs=change,
        ),
        Identity(says="It vanishes at 0", lhs=change.subs(alpha, 0), rhs=sp.S.Zero),
        Identity(
            says="Its slope vanishes at 0 too: no linear term",
            lhs=slope(change),
            rhs=ContextMean(expectation(M[y]) - expectation(M[y], sp.S.Zero)),
        ),
        Identity(
            says="Its second derivative is the contexts' mean variance of the log-odds, at 0 the unsteered one",
            lhs=slope(change, 2),
            rhs=ContextMean(expectation((M[y] - tilted_mean()) ** 2)),
        ),
        Identity(
            says="Its third derivative is the third central moment under the tilted distribution",
            lhs=slope(change, 3),
            rhs=ContextMean(expectation((M[y] - tilted_mean()) ** 3)),
        ),
        variance_is_at_most_popoviciu(),
        _third_moment_bound(1),
        _third_moment_bound(-1),
        *_taylor(),
    ]


def _third_moment_bound(side: int) -> Inequality:
    """`side kappa_3 <= R^3/(6 sqrt 3)`, attained by two points at the distance R whose mean is R/(2 sqrt 3) off centre.

    The cubic lies below a parabola that touches it at the bottom (side 1) where the bound is attained; m is how far the
    mean is from there.
    """
    top, bottom = (M_max, M_min) if side > 0 else (M_min, M_max)
    above, below = side * (top - M[y]), side * (M[y] - bottom)
    m = side * (tilted_mean() - (M_max + M_min) / 2) + M_range / (2 * sp.sqrt(3))
    touch = below - sp.Rational(7, 5) * m
    left, right = expectation(above), expectation(below)
    root = 1 / sp.sqrt(3)
    return Inequality(
        says=f"{'and at least minus that' if side < 0 else 'which is at most R^3/(6 sqrt 3)'}: third central moment of"
        " log-odds within [M_min, M_max]",
        smaller=side * Cumulant(3, alpha),
        larger=M_range**3 * root / 6,
        certificate=expectation(above * touch**2)
        + ((14 * root - 4) / 10 * left + (14 * root - 6) / 10 * right) * expectation(above * below)
        + m**2 * ((100 * root - 48) / 50 * left + (100 * root - 50) / 50 * right),
        given=(M_max >= M[y], M[y] >= M_min),
    )


def _taylor() -> list[Step]:
    """From the bounds on derivatives to the bounds on the change itself, in each context; their mean obeys them too."""
    curvature = tilted_variance(sp.S.Zero)
    steps: list[Step] = [
        Inequality(
            name="bounds",
            says="The divergence is not negative: it is convex and flat at 0",
            smaller=sp.S.Zero,
            larger=divergence,
            certificate=tilted_squares(),
            taylor=(alpha, 2),
        ),
        Inequality(
            name="bounds",
            says="and at most R^2 alpha^2/8, by the bound on the variance",
            smaller=divergence,
            larger=M_range**2 * alpha**2 / 8,
            certificate=M_range**2 / 4 - tilted_variance(),
            given=(Proved(fact=M_range**2 / 4 - tilted_variance() >= 0, by=variance_is_at_most_popoviciu()),),
            taylor=(alpha, 2),
        ),
    ]
    for side, end in ((1, "alpha = t"), (-1, "alpha = -t")):
        at = divergence.subs(alpha, side * t)
        third = Cumulant(3, side * t)
        for sense, which in ((1, "above"), (-1, "below")):
            bound = M_range**3 / (6 * sp.sqrt(3)) - side * sense * third
            steps.append(
                Inequality(
                    name="quadratic",
                    says=f"The quadratic errs by at most R^3 t^3/(36 sqrt 3), {which}, at {end}",
                    smaller=sense * (at - t**2 / 2 * curvature),
                    larger=M_range**3 * t**3 / (36 * sp.sqrt(3)),
                    certificate=bound,
                    given=(Proved(fact=bound >= 0, by=_third_moment_bound(side * sense), at=((alpha, side * t),)),),
                    taylor=(t, 3),
                )
            )
    return steps


LAW = Law(
    id="cross_entropy_curvature",
    title="Cross-entropy starts quadratically",
    source="Theorem 3.8; the remainder goes beyond the paper, which states o(alpha^2)",
    reading="Under perfect training the change in cross-entropy is alpha^2/2 times the mean variance of the log-odds,"
    " up to R^3 |alpha|^3/(36 sqrt 3), R the range of the log-odds.",
    statement=sp.Le(sp.Abs(CROSS_ENTROPY_CHANGE.symbol - quadratic), remainder, evaluate=False),
    hypotheses=(AFFINE, PERFECT, CALIBRATED),
    claims=(
        Close(
            says="the change is alpha^2/2 times the contexts' mean variance, within R^3 |alpha|^3/(36 sqrt 3)",
            quantity=CROSS_ENTROPY_CHANGE,
            value=quadratic,
            remainder=remainder,
            proof=("quadratic",),
        ),
        Bounded(
            says="the change lies between 0 and R^2 alpha^2/8",
            quantity=CROSS_ENTROPY_CHANGE,
            lower=sp.S.Zero,
            upper=M_range**2 * alpha**2 / 8,
            proof=("bounds",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a model that is not calibrated: a linear term, so that a small steer lowers cross-entropy",
        values=ContextMean(divergence) + alpha / 4,
        claim=1,
    ),
)
