"""The mean of the log-odds increases strictly from M_min to M_max (Eq. 10)."""

import sympy as sp

from theory.claims import Close, Condition, Turns
from theory.law import Counterexample, Law
from theory.lemmas import (
    AFFINE,
    PERFECT,
    mean_above_bottom,
    mean_below_top,
    mean_is_slope_of_cgf,
    mean_limits,
    variance_is_positive,
    variance_is_slope_of_mean,
)
from theory.quantities import MEAN_LOG_ODDS
from theory.steps import Step
from theory.tilted import M_max, M_min, alpha, tilted_mean

VARIES = Condition(name="the log-odds are not constant", holds=M_min < M_max)


def _derivation() -> list[Step]:
    return [
        mean_is_slope_of_cgf(),
        variance_is_slope_of_mean(),
        variance_is_positive(),
        mean_below_top(),
        mean_above_bottom(),
        *mean_limits(),
    ]


LAW = Law(
    id="mean_log_odds",
    title="The mean log-odds increase",
    source="Eq. 10",
    reading="The tilted mean of the log-odds has slope Var_alpha[M] > 0 and runs from the smallest to the largest.",
    statement=sp.Eq(MEAN_LOG_ODDS.symbol, tilted_mean(), evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Turns(
            says="the mean log-odds increase",
            quantity=MEAN_LOG_ODDS,
            n=0,
            first="rising",
            condition=VARIES,
            proof=("variance",),
        ),
        Close(says="the mean log-odds are E_alpha[M]", quantity=MEAN_LOG_ODDS, value=tilted_mean(), proof=("mean",)),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push that swings back: the tilt of strength sin(alpha)",
        values=tilted_mean(sp.sin(alpha)),
    ),
)
