"""Tokens of extremal log-odds are monotone in the strength (Theorem 3.3, part 3)."""

import sympy as sp

from theory.claims import Condition, Turns
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT
from theory.quantities import LOG_PROBABILITY
from theory.steps import Identity, Inequality, Step, Supposed
from theory.tilted import (
    M,
    M_max,
    M_min,
    alpha,
    cgf,
    expectation,
    j,
    log_tilted,
    p,
    slope,
    tilted_mean,
    token_a,
    token_b,
    y,
    z,
)

TOP = Condition(
    name="token at the largest log-odds, which are not constant", holds=sp.And(M[z] >= M_max, M_min < M_max)
)
BOTTOM = Condition(
    name="token at the smallest log-odds, which are not constant", holds=sp.And(M[z] <= M_min, M_min < M_max)
)


def _derivation() -> list[Step]:
    return [
        Identity(says="Slope of the log-probability", lhs=slope(log_tilted()), rhs=M[z] - tilted_mean()),
        Inequality(
            name="rises",
            says="A token at M_max has positive slope at every strength, if some token b lies below it",
            smaller=sp.S.Zero,
            larger=slope(log_tilted()),
            certificate=expectation(M[z] - M[y]),
            strict=True,
            given=(Supposed(M[z] >= M[y]), Supposed(M[z] > M[token_b])),
            some={y: token_b},
        ),
        Inequality(
            name="falls",
            says="and a token at M_min negative slope, if some token a lies above it",
            smaller=slope(log_tilted()),
            larger=sp.S.Zero,
            certificate=expectation(M[y] - M[z]),
            strict=True,
            given=(Supposed(M[y] >= M[z]), Supposed(M[token_a] > M[z])),
            some={y: token_a},
        ),
    ]


LAW = Law(
    id="extremal_tokens",
    title="Extremal tokens are monotone",
    source="Theorem 3.3 (3)",
    reading="Tokens of the largest log-odds become ever more likely, those of the smallest ever less, on all of R.",
    statement=sp.And(M_min < tilted_mean(), tilted_mean() < M_max),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Turns(
            says="a token of the largest log-odds increases",
            quantity=LOG_PROBABILITY,
            n=0,
            first="rising",
            condition=TOP,
            proof=("rises",),
        ),
        Turns(
            says="a token of the smallest log-odds decreases",
            quantity=LOG_PROBABILITY,
            n=0,
            first="falling",
            condition=BOTTOM,
            proof=("falls",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push that swings back: the top token falls again",
        values=sp.log(p[j, z]) + sp.sin(alpha) * M[z] - cgf(sp.sin(alpha)),
        token=2,
    ),
)
