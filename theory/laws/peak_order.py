"""Peaks come in the order of the log-odds (Theorem 3.3, part 2), and a least distance apart."""

import sympy as sp

from theory.claims import Bounded, Condition, Turns
from theory.law import Counterexample, Law
from theory.lemmas import (
    AFFINE,
    PERFECT,
    mean_is_slope_of_cgf,
    mean_limits,
    variance_is_at_most_popoviciu,
    variance_is_positive,
    variance_is_slope_of_mean,
)
from theory.quantities import PEAK
from theory.steps import Argued, Identity, Inequality, Proved, Step
from theory.tilted import (
    M,
    M_max,
    M_min,
    M_range,
    alpha,
    level,
    log_tilted,
    slope,
    tilted_mean,
    tilted_variance,
    token_a,
    token_b,
)

VARIES = Condition(name="the log-odds are not constant", holds=M_min < M_max)
t = sp.Symbol("t", nonnegative=True)


def _derivation() -> list[Step]:
    room = M_range**2 / 4 - tilted_variance(alpha + t)
    return [
        mean_is_slope_of_cgf(),
        variance_is_slope_of_mean(),
        variance_is_positive(),
        *mean_limits(),
        Argued(
            name="peak",
            says="For M_min < m < M_max exactly one strength alpha*(m) solves E_alpha[M] = m, the peak of the tokens of"
            " log-odds m, and alpha*(m) increases, with slope 1/Var; at M_min and M_max it is -oo and +oo",
            because="intermediate value theorem; inverse function theorem for a function of positive slope",
        ),
        Identity(
            says="Directly: where token b peaks, its slope is 0 and that of token a is M_a - M_b: where this is > 0,"
            " a still rises, so its peak comes later. Off-target tokens have M <= 0 < M on the target (log_odds_sign)",
            lhs=slope(log_tilted(token_a)) - slope(log_tilted(token_b)),
            rhs=M[token_a] - M[token_b],
        ),
        variance_is_at_most_popoviciu(),
        Inequality(
            name="apart",
            says="So between two strengths t apart the mean gains at most R^2 t/4: peaks of log-odds m apart are at"
            " least 4 m/R^2 apart",
            smaller=tilted_mean(alpha + t) - tilted_mean(),
            larger=M_range**2 * t / 4,
            certificate=room,
            given=(Proved(fact=room >= 0, by=variance_is_at_most_popoviciu(), at=((alpha, alpha + t),)),),
            taylor=(t, 1),
        ),
    ]


LAW = Law(
    id="peak_order",
    title="Tokens peak in the order of their log-odds",
    source="Theorem 3.3 (2); the least distance goes beyond the paper",
    reading="The larger its log-odds, the later a token peaks: every off-target token before every target token, with"
    " extremal tokens at minus and plus infinity.",
    statement=sp.Eq(tilted_mean(PEAK.symbol), level, evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Turns(
            says="the strength of the peak increases with the log-odds",
            quantity=PEAK,
            n=0,
            first="rising",
            condition=VARIES,
            proof=("peak",),
        ),
        Bounded(
            says="peaks lie at least 4/R^2 apart per unit of log-odds, R = M_max - M_min",
            quantity=PEAK,
            derivative=1,
            lower=4 / M_range**2,
            condition=VARIES,
            proof=("peak", "apart"),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="peaks in the opposite order: a token of larger log-odds peaks earlier",
        values=-level,
    ),
)
