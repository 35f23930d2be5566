"""A concept without an extremal token vanishes at both ends (Theorem 3.6)."""

import sympy as sp

from theory.claims import Bounded, Condition
from theory.facts import C_max, C_min
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, concept_logit, extremal_weight, logarithm_increases, mean_within, t
from theory.quantities import CONCEPT_LOGIT
from theory.steps import Identity, Inequality, Limit, Proved, Step
from theory.tilted import (
    C,
    ConceptCumulant,
    Expr,
    ExtremalLogMass,
    M,
    M_max,
    M_min,
    alpha,
    expectation,
    y,
)

RIGHT = Condition(name="the concept holds no token of the largest log-odds", holds=C_max < M_max)
LEFT = Condition(name="the concept holds no token of the smallest log-odds", holds=C_min > M_min)


def line(side: int) -> Expr:
    """The line above logit F for strengths of one sign; its slope has the opposite sign."""
    inner, extreme = (C_max, M_max) if side > 0 else (C_min, M_min)
    return ConceptCumulant(0, sp.S.Zero) - ExtremalLogMass(side) + alpha * (inner - extreme)


def _derivation() -> list[Step]:
    return [
        Identity(
            says="The odds of the concept",
            lhs=expectation(C[y]) / expectation(1 - C[y]),
            rhs=sp.exp(concept_logit),
        ),
        logarithm_increases(),
        *_side(1),
        *_side(-1),
    ]


def _side(side: int) -> list[Step]:
    """Both parts of the odds at alpha = t or alpha = -t, the line above them, and their limit."""
    inner = C_max if side > 0 else C_min
    name, sign, end = ("largest", "", "+oo") if side > 0 else ("smallest", "-", "-oo")
    start, g = sp.Symbol("b", real=True), sp.Symbol("g", positive=True)
    mine = C[y] * (C_max - M[y]) >= 0 if side > 0 else C[y] * (M[y] - C_min) >= 0
    room = ConceptCumulant(0, sp.S.Zero) + side * t * inner - ConceptCumulant(0, side * t)
    part = Inequality(
        says=f"At alpha = {sign}t the concept's part of Z grows at most like its own {name} log-odds",
        smaller=sp.S.Zero,
        larger=room,
        certificate=mean_within(C[y], side * (inner - M[y])).subs(alpha, side * t),
        given=(mine,),
        taylor=(t, 1),
    )
    more, logs = extremal_weight(side, 1 - C[y])
    return [
        part,
        more,
        logs,
        Inequality(
            name="below" if side > 0 else "below at the other end",
            says="so logit F lies below a line",
            smaller=concept_logit.subs(alpha, side * t),
            larger=line(side).subs(alpha, side * t),
            certificate=room + logs.larger - logs.smaller,
            given=(
                *logs.given[:1],
                Proved(fact=logs.larger - logs.smaller >= 0, by=logs),
                Proved(fact=room >= 0, by=part),
            ),
        ),
        Limit(
            says=f"that falls at rate g, the gap between these two log-odds, and F -> 0 as alpha -> {end}",
            expr=sp.exp(start - t * g),
            variable=t,
            point=sp.oo,
            value=sp.S.Zero,
        ),
    ]


LAW = Law(
    id="inner_concept_vanishes",
    title="Inner concepts vanish",
    source="Theorem 3.6; v1 says in words that such a concept returns to its unsteered probability",
    reading="A concept that holds no token of the largest log-odds loses all its probability as alpha -> +oo, and one"
    " that holds none of the smallest as alpha -> -oo: its logit lies below a line that falls.",
    statement=sp.Le(CONCEPT_LOGIT.symbol, line(1), evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Bounded(
            says="without a token at M_max the concept's logit falls below a line as alpha -> +oo",
            quantity=CONCEPT_LOGIT,
            upper=line(1),
            domain=sp.Interval(0, sp.oo),
            condition=RIGHT,
            proof=("below",),
        ),
        Bounded(
            says="without a token at M_min the concept's logit falls below a line as alpha -> -oo",
            quantity=CONCEPT_LOGIT,
            upper=line(-1),
            domain=sp.Interval(-sp.oo, 0),
            condition=LEFT,
            proof=("below at the other end",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a concept that returns to its unsteered probability, as v1 has it",
        values=concept_logit.subs(alpha, 2 * alpha / (1 + alpha**2)),
        concept=(1,),
    ),
)
