"""How large a strength brings a concept to a given probability (beyond the paper)."""

import sympy as sp

from theory.claims import Bounded
from theory.facts import C_max, C_min, out_max, out_min
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, concept_logit, concept_slope, mean_within
from theory.quantities import CONCEPT_LOGIT
from theory.steps import Inequality, Step, Supposed
from theory.tilted import C, Expr, M, alpha, slope, y

fastest, slowest = C_max - out_min, C_min - out_max
start = concept_logit.subs(alpha, 0)
t = sp.Symbol("t", nonnegative=True)
gain, rate = sp.Symbol("L", real=True), sp.Symbol("s", positive=True)


def _derivation() -> list[Step]:
    steps: list[Step] = [concept_slope()]
    for side, inside, outside in ((1, C_max, out_min), (-1, C_min, out_max)):
        steps += _bound(side, inside, outside)
    return [*steps, *_strengths()]


def _bound(side: int, inside: Expr, outside: Expr) -> list[Step]:
    """The slope's bound above (side 1) or below (-1), and that of the logit itself."""
    excess = mean_within(C[y], side * (inside - M[y])) + mean_within(1 - C[y], side * (M[y] - outside))
    given = (
        (C[y] * (C_max - M[y]) >= 0, (1 - C[y]) * (M[y] - out_min) >= 0)
        if side > 0
        else (C[y] * (M[y] - C_min) >= 0, (1 - C[y]) * (out_max - M[y]) >= 0)
    )
    which, words = (
        ("most", "largest inside less the smallest") if side > 0 else ("least", "smallest inside less the largest")
    )
    return [
        Inequality(
            name="rate",
            says=f"It is at {which} the {words} outside",
            smaller=side * slope(concept_logit),
            larger=side * (inside - outside),
            certificate=excess,
            given=given,
        ),
        Inequality(
            name="line",
            says=f"so at alpha = t >= 0 the logit has moved at {which} that far",
            smaller=side * (concept_logit.subs(alpha, t) - start),
            larger=side * (inside - outside) * t,
            certificate=excess.subs(alpha, t),
            given=given,
            taylor=(t, 1),
        ),
    ]


def _strengths() -> list[Step]:
    return [
        Inequality(
            says="A gain of L in the logit, at most s > 0 per unit of strength, takes at least the strength L/s",
            smaller=gain / rate,
            larger=t,
            certificate=(rate * t - gain) / rate,
            given=(Supposed(rate * t - gain >= 0),),
        ),
        Inequality(
            says="and one of at least s > 0 per unit of strength at most L/s",
            smaller=t,
            larger=gain / rate,
            certificate=(gain - rate * t) / rate,
            given=(Supposed(gain - rate * t >= 0),),
        ),
    ]


LAW = Law(
    id="strength_needed",
    title="The strength that a concept needs",
    source="beyond the paper; sharpens the rate of Theorem 3.6",
    reading="A concept's logit rises at most as fast as its largest log-odds less the smallest outside: to go from"
    " probability F_0 to F takes at least the strength (logit F - logit F_0)/s, s = M_max(C) - M_min(not C) > 0,"
    " and at most (logit F - logit F_0)/s, s = M_min(C) - M_max(not C), where the concept lies above all other tokens.",
    statement=sp.And(slowest <= slope(CONCEPT_LOGIT.symbol), slope(CONCEPT_LOGIT.symbol) <= fastest),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Bounded(
            says="the concept's logit changes at a rate between M_min(C) - M_max(not C) and M_max(C) - M_min(not C)",
            quantity=CONCEPT_LOGIT,
            derivative=1,
            lower=slowest,
            upper=fastest,
            proof=("rate",),
        ),
        Bounded(
            says="for alpha >= 0 it lies between the lines of these slopes through its unsteered value",
            quantity=CONCEPT_LOGIT,
            lower=start + alpha * slowest,
            upper=start + alpha * fastest,
            domain=sp.Interval(0, sp.oo),
            proof=("line",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a concept whose logit moves half as fast again",
        values=concept_logit.subs(alpha, 3 * alpha / 2),
    ),
)
