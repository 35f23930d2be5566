"""A token of interior log-odds rises, peaks once and falls (Theorem 3.3, part 1)."""

import sympy as sp

from theory.claims import Condition, Turns
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, mean_limits, variance_is_positive
from theory.quantities import LOG_PROBABILITY
from theory.steps import Argued, Identity, Step
from theory.tilted import M, M_max, M_min, alpha, cgf, j, log_tilted, p, slope, tilted_mean, tilted_variance, z

INTERIOR = Condition(
    name="interior token: M_min < M(z) < M_max",
    holds=sp.And(M_min < M[z], M[z] < M_max),
)


def _derivation() -> list[Step]:
    return [
        Identity(says="Slope of the log-probability", lhs=slope(log_tilted()), rhs=M[z] - tilted_mean()),
        Identity(name="bend", says="Its second derivative", lhs=slope(log_tilted(), 2), rhs=-tilted_variance()),
        variance_is_positive(),
        *mean_limits(),
        Argued(
            says="The slope M(z) - E_alpha[M] is continuous and decreases strictly, from M(z) - M_min > 0 to"
            " M(z) - M_max < 0: it has exactly one root, and the log-probability rises before it and falls after it",
            because="intermediate value theorem; a strictly decreasing function has at most one root",
        ),
    ]


LAW = Law(
    id="token_bump",
    title="Interior tokens rise and fall",
    source="Theorem 3.3 (1)",
    reading="A token whose log-odds lie strictly between the extremes peaks once, where E_alpha[M] = M(z).",
    statement=sp.Eq(slope(LOG_PROBABILITY.symbol), M[z] - tilted_mean(), evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Turns(
            says="an interior token rises, peaks where E_alpha[M] = M(z), and falls",
            quantity=LOG_PROBABILITY,
            n=1,
            first="rising",
            turn=tilted_mean() - M[z],
            condition=INTERIOR,
            proof=("variance",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push that swings back and forth makes the token peak again and again",
        values=sp.log(p[j, z]) + 4 * sp.sin(alpha) * M[z] - cgf(4 * sp.sin(alpha)),
        token=1,
    ),
)
