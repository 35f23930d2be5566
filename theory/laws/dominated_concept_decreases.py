"""A concept below all other tokens falls, and one above them rises (Theorem 3.6)."""

import sympy as sp

from theory.claims import Condition, Turns
from theory.facts import C_max, C_min, out_max, out_min
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, concept_logit, concept_slope, pair_sum
from theory.quantities import CONCEPT_LOGIT
from theory.steps import Inequality, Step, Supposed
from theory.tilted import (
    C,
    Expr,
    M,
    M_max,
    M_min,
    alpha,
    slope,
    tilt_weight,
    token_a,
    token_b,
    vocabulary_sum,
    x,
    y,
)

BELOW = Condition(
    name="no token of the concept has larger log-odds than one outside, and they are not constant",
    holds=sp.And(C_max <= out_min, M_min < M_max),
)
ABOVE = Condition(
    name="no token of the concept has smaller log-odds than one outside, and they are not constant",
    holds=sp.And(C_min >= out_max, M_min < M_max),
)


def _derivation() -> list[Step]:
    pair, example = C[x] * (1 - C[y]), C[token_a] * (1 - C[token_b])
    weights = vocabulary_sum(C[y] * tilt_weight(y)) * vocabulary_sum((1 - C[y]) * tilt_weight(y))

    def certificate(side: int) -> Expr:
        return pair_sum(pair * side * (M[x] - M[y]) * tilt_weight(x) * tilt_weight(y)) / weights

    def given(side: int) -> tuple[Supposed, ...]:
        return Supposed(example * side * (M[token_a] - M[token_b]) > 0), Supposed(pair * side * (M[x] - M[y]) >= 0)

    some = {x: token_a, y: token_b}
    return [
        concept_slope(),
        Inequality(
            name="falls",
            says="It is a mean over pairs, x inside and y outside, of M(x) - M(y): negative if no pair has M(x) > M(y)"
            " and some pair a, b has M(a) < M(b), as it must unless M is constant",
            smaller=slope(concept_logit),
            larger=sp.S.Zero,
            certificate=certificate(-1),
            strict=True,
            given=given(-1),
            some=some,
        ),
        Inequality(
            name="rises",
            says="and positive in the opposite order",
            smaller=sp.S.Zero,
            larger=slope(concept_logit),
            certificate=certificate(1),
            strict=True,
            given=given(1),
            some=some,
        ),
    ]


LAW = Law(
    id="dominated_concept_decreases",
    title="Dominated concepts decrease",
    source="Theorem 3.6; the converse order goes beyond the paper",
    reading="A concept none of whose tokens has larger log-odds than a token outside becomes ever less likely; one"
    " none of whose tokens has smaller log-odds, ever more likely.",
    statement=sp.Lt(slope(concept_logit), 0, evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Turns(
            says="a concept below all other tokens decreases",
            quantity=CONCEPT_LOGIT,
            n=0,
            first="falling",
            condition=BELOW,
            proof=("falls",),
        ),
        Turns(
            says="a concept above all other tokens increases",
            quantity=CONCEPT_LOGIT,
            n=0,
            first="rising",
            condition=ABOVE,
            proof=("rises",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push that swings back: the lowest concept rises again",
        values=concept_logit.subs(alpha, sp.sin(alpha)),
        concept=(0,),
    ),
)
