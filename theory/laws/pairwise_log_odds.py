"""Between two tokens the log-odds move in a straight line (beyond the paper; Park et al. 2024, Theorem 2.5)."""

import sympy as sp

from theory.claims import Close
from theory.facts import reference
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT
from theory.quantities import LOG_RATIO
from theory.steps import Identity, Step
from theory.tilted import M, TiltedProbability, alpha, j, log_tilted, p, slope, tilted_mean, z

line = sp.log(p[j, z]) - sp.log(p[j, reference]) + alpha * (M[z] - M[reference])


def _derivation() -> list[Step]:
    return [
        Identity(
            name="line",
            says="The normalisation K(alpha) is common to both tokens and drops out",
            lhs=sp.log(TiltedProbability(z) / TiltedProbability(reference)),
            rhs=line,
        ),
        Identity(
            says="So the slope is the same at every strength, and 0 exactly where the log-odds of the two tokens tie",
            lhs=slope(log_tilted(z) - log_tilted(reference)),
            rhs=M[z] - M[reference],
        ),
        Identity(
            says="whatever the probabilities themselves do: tied tokens rise and fall together, at the rate M - E[M]",
            lhs=slope(TiltedProbability(z)) / TiltedProbability(z),
            rhs=M[z] - tilted_mean(),
        ),
    ]


LAW = Law(
    id="pairwise_log_odds",
    title="Two tokens compare along a straight line",
    source="beyond the paper; compare Theorem 2.5 of Park et al. 2024, where off-target concepts stay constant",
    reading="The log of the ratio of two tokens' probabilities is affine in the strength, with the difference of their"
    " log-odds as its slope: constant exactly where these tie.",
    statement=sp.Eq(LOG_RATIO.symbol, line, evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Close(
            says="the log-ratio to the most probable token is a straight line of slope M(z) - M(z0)",
            quantity=LOG_RATIO,
            value=line,
            proof=("line",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a ratio that settles, as after a normalisation",
        values=line.subs(alpha, 2 * sp.tanh(alpha / 2)),
        token=2,
    ),
)
