"""On which side of strength 0 a token peaks (Remark 3.4, in the form that can be proved)."""

import sympy as sp

from theory.claims import Condition, Turns
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, tilted_squares
from theory.quantities import LOG_PROBABILITY, PEAK
from theory.steps import Identity, Inequality, Proved, Step, Supposed
from theory.tilted import (
    M,
    M_max,
    M_min,
    alpha,
    cgf,
    j,
    level,
    log_tilted,
    p,
    slope,
    tilted_mean,
    token_a,
    token_b,
    x,
    y,
    z,
)

base_mean = tilted_mean(sp.S.Zero)
t = sp.Symbol("t", positive=True)

ABOVE = Condition(
    name="token whose log-odds are at least the unsteered mean E_0[M], and not constant",
    holds=sp.And(M[z] >= base_mean, M_min < M_max),
)
BELOW = Condition(
    name="token whose log-odds are at most the unsteered mean E_0[M], and not constant",
    holds=sp.And(M[z] <= base_mean, M_min < M_max),
)


def _derivation() -> list[Step]:
    moves = {
        side: Inequality(
            says=f"The tilted mean lies {where}: its slope is the variance, positive with tokens M_a > M_b",
            smaller=sp.S.Zero,
            larger=side * (tilted_mean(side * t) - base_mean),
            certificate=tilted_squares().subs(alpha, side * t),
            strict=True,
            given=(Supposed(M[token_a] > M[token_b]),),
            some={x: token_a, y: token_b},
            taylor=(t, 1),
        )
        for side, where in ((-1, "below its unsteered value at alpha = -t"), (1, "above it at alpha = t"))
    }
    slopes = Identity(says="Slope of the log-probability", lhs=slope(log_tilted()), rhs=M[z] - tilted_mean())
    steps: list[Step] = [slopes, *moves.values()]
    for side, says in (
        (-1, "So a token with M(z) >= E_0[M] rises at every alpha = -t"),
        (1, "and one with M(z) <= E_0[M] falls at every alpha = t; a peak lies on the other side"),
    ):
        moved = side * (tilted_mean(side * t) - base_mean)
        margin = side * (base_mean - M[z])
        steps.append(
            Inequality(
                name="rises" if side < 0 else "falls",
                says=says,
                smaller=sp.S.Zero,
                larger=side * (tilted_mean(side * t) - M[z]),
                certificate=moved + margin,
                strict=True,
                given=(
                    Supposed(M[token_a] > M[token_b]),
                    Supposed(margin >= 0),
                    Proved(fact=moved > 0, by=moves[side]),
                ),
            )
        )
    return steps


LAW = Law(
    id="peak_sign",
    title="Where a token peaks, before or after 0",
    source="Remark 3.4; without its conditions on the data",
    reading="A token peaks at a positive strength exactly where its log-odds exceed their unsteered mean.",
    statement=sp.Eq(sp.sign(PEAK.symbol), sp.sign(level - base_mean), evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Turns(
            says="a token above the unsteered mean of the log-odds still rises up to alpha = 0",
            quantity=LOG_PROBABILITY,
            n=0,
            first="rising",
            domain=sp.Interval(-sp.oo, 0),
            condition=ABOVE,
            proof=("rises",),
        ),
        Turns(
            says="a token below the unsteered mean of the log-odds falls from alpha = 0 on",
            quantity=LOG_PROBABILITY,
            n=0,
            first="falling",
            domain=sp.Interval(0, sp.oo),
            condition=BELOW,
            proof=("falls",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push that swings back: the bottom token rises again",
        values=sp.log(p[j, z]) + sp.sin(alpha) * M[z] - cgf(sp.sin(alpha)),
        claim=1,
    ),
)
