"""The target concept's probability increases strictly (Theorem 3.6)."""

import sympy as sp

from theory.claims import Condition, Turns
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, SEPARATION, concept_logit, mean_within
from theory.quantities import CONCEPT_LOGIT
from theory.steps import Identity, Inequality, Step, Supposed
from theory.tilted import (
    C,
    M,
    T,
    alpha,
    is_target,
    slope,
    token_a,
    y,
)

TARGET = Condition(name="the concept is the target", holds=is_target)


def _derivation() -> list[Step]:
    return [
        Identity(
            says="Slope of logit F, with C the target",
            lhs=slope(concept_logit),
            rhs=mean_within(C[y], M[y]) + mean_within(1 - C[y], -M[y]),
        ),
        Inequality(
            name="rises",
            says="Both means are non-negative by sign separation, the first is positive by a target token a",
            smaller=sp.S.Zero,
            larger=slope(concept_logit),
            certificate=mean_within(C[y], M[y]) + mean_within(1 - C[y], -M[y]),
            strict=True,
            given=(
                Supposed(C[y] * M[y] >= 0),
                Supposed(-(1 - C[y]) * M[y] >= 0),
                Supposed(C[token_a] * M[token_a] > 0),
            ),
            some={y: token_a},
        ),
    ]


LAW = Law(
    id="target_increases",
    title="The target concept increases",
    source="Theorem 3.6",
    reading="The probability of the target concept increases strictly with the strength.",
    statement=sp.Gt(slope(concept_logit), 0, evaluate=False),
    hypotheses=(AFFINE, PERFECT, SEPARATION),
    claims=(
        Turns(
            says="the target concept's probability increases",
            quantity=CONCEPT_LOGIT,
            n=0,
            first="rising",
            condition=TARGET,
            proof=("rises",),
        ),
    ),
    grants=(T[y] * M[y] >= 0, -(1 - T[y]) * M[y] >= 0, T[token_a] * M[token_a] > 0),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push that swings back: the target concept falls again",
        values=concept_logit.subs(alpha, sp.sin(alpha)),
    ),
)
