"""Under perfect training cross-entropy starts quadratically (Theorem 3.8), with a proved remainder."""

import sympy as sp

from theory.claims import Bounded, Close
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, CALIBRATED, PERFECT, tilted_squares, variance_is_at_most_popoviciu
from theory.quantities import CROSS_ENTROPY_CHANGE
from theory.steps import Identity, Inequality, Step
from theory.tilted import (
    ContextMean,
    Cumulant,
    Expr,
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

THIRD = 4 / (3 * sp.sqrt(3))
m = sp.Symbol("m", nonnegative=True)
t = sp.Symbol("t", nonnegative=True)
X: Expr = sp.IndexedBase("X", real=True)
w: Expr = sp.IndexedBase("w", positive=True)


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
        *_third_moment_bound(),
        *_taylor(),
    ]


def _third_moment_bound() -> list[Step]:
    """`|kappa_3| <= R^3/(6 sqrt 3)`: first for X in [-1, 1] of mean mu, in two cases that overlap at mu = -1/3."""
    mu = _mean(X[y])
    tangent = (3 * mu - 1) / 2
    centre = (M_max + M_min) / 2
    return [
        Inequality(
            says="Third central moment of X in [-1, 1] of mean mu <= -1/3: the cubic lies below its chord",
            smaller=_mean((X[y] - mu) ** 3),
            larger=2 * mu**3 - 2 * mu,
            certificate=_mean((1 - X[y]) * (X[y] + 1) ** 2) + (-1 - 3 * mu) * _mean((1 - X[y]) * (X[y] + 1)),
            given=(X[y] <= 1, X[y] >= -1, -1 - 3 * mu >= 0),
        ),
        Inequality(
            says="which is at most 4/(3 sqrt 3), for m = -mu >= 0",
            smaller=2 * m - 2 * m**3,
            larger=THIRD,
            certificate=2 * (m - 1 / sp.sqrt(3)) ** 2 * (m + 2 / sp.sqrt(3)),
        ),
        Inequality(
            says="For any mean the cubic lies below its tangent through the right end",
            smaller=_mean((X[y] - mu) ** 3),
            larger=(1 - mu) ** 3 / 4,
            certificate=_mean((1 - X[y]) * (X[y] - tangent) ** 2),
            given=(X[y] <= 1,),
        ),
        Inequality(
            says="which is less than 4/(3 sqrt 3) where mu >= -1/3, with m = 1 - mu <= 4/3",
            smaller=m**3 / 4,
            larger=THIRD,
            certificate=THIRD
            - sp.Rational(16, 27)
            + (sp.Rational(4, 3) - m) * (sp.Rational(16, 9) + 4 * m / 3 + m**2) / 4,
            strict=True,
            given=(sp.Rational(4, 3) - m >= 0,),
        ),
        Identity(
            says="Scaling: M = (M_max + M_min)/2 + R X/2, so kappa_3 <= R^3/8 * 4/(3 sqrt 3) = R^3/(6 sqrt 3) for every"
            " tilted distribution; X -> -X gives the lower bound",
            lhs=expectation((M[y] - tilted_mean()) ** 3),
            rhs=M_range**3 / 8 * expectation((X[y] - expectation(X[y])) ** 3),
            where=((M[y], centre + M_range / 2 * X[y]),),
        ),
    ]


def _mean(f: Expr) -> Expr:
    return vocabulary_sum(w[y] * f) / vocabulary_sum(w[y])


def _taylor() -> list[Step]:
    """From the bounds on derivatives to the bounds on the change itself, in each context; their mean obeys them too."""
    curvature = tilted_variance(sp.S.Zero)
    steps: list[Step] = [
        Inequality(
            says="The divergence is not negative: it is convex and flat at 0",
            smaller=sp.S.Zero,
            larger=divergence,
            certificate=tilted_squares(),
            taylor=(alpha, 2),
        ),
        Inequality(
            says="and at most R^2 alpha^2/8, by the bound on the variance",
            smaller=divergence,
            larger=M_range**2 * alpha**2 / 8,
            certificate=M_range**2 / 4 - tilted_variance(),
            given=(M_range**2 / 4 - tilted_variance() >= 0,),
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
                    says=f"The quadratic errs by at most R^3 t^3/(36 sqrt 3), {which}, at {end}",
                    smaller=sense * (at - t**2 / 2 * curvature),
                    larger=M_range**3 * t**3 / (36 * sp.sqrt(3)),
                    certificate=bound,
                    given=(bound >= 0,),
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
        ),
        Bounded(
            says="the change lies between 0 and R^2 alpha^2/8",
            quantity=CROSS_ENTROPY_CHANGE,
            lower=sp.S.Zero,
            upper=M_range**2 * alpha**2 / 8,
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a model that is not calibrated: a linear term, so that a small steer lowers cross-entropy",
        values=ContextMean(divergence) + alpha / 4,
        claim=1,
    ),
)
