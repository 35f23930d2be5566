"""The slope of a log-probability is its log-odds less their tilted mean (Lemma B.5)."""

import sympy as sp

from theory.claims import Close
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, mean_is_slope_of_cgf
from theory.quantities import LOG_PROBABILITY_SLOPE
from theory.steps import Identity, Step
from theory.tilted import Expr, M, TiltedProbability, alpha, expectation, log_tilted, slope, tilted_mean, y, z

observable: Expr = sp.IndexedBase("g", real=True)


def _derivation() -> list[Step]:
    tilted = TiltedProbability(z)
    return [
        mean_is_slope_of_cgf(),
        Identity(
            name="slope",
            says="Slope of the log-probability",
            lhs=slope(log_tilted()),
            rhs=M[z] - expectation(M[y]),
        ),
        Identity(
            says="Slope of the probability",
            lhs=slope(tilted),
            rhs=tilted * (M[z] - tilted_mean()),
        ),
        Identity(
            says="Slope of the mean of any observable g: its covariance with the log-odds",
            lhs=slope(expectation(observable[y])),
            rhs=expectation(observable[y] * M[y]) - expectation(observable[y]) * expectation(M[y]),
        ),
    ]


LAW = Law(
    id="derivative",
    title="A token rises while its log-odds exceed their mean",
    source="Lemma B.5",
    reading="The log-probability changes at the rate M(z) - E_alpha[M].",
    statement=sp.Eq(LOG_PROBABILITY_SLOPE.symbol, M[z] - tilted_mean(), evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Close(
            says="the slope of the log-probability is M(z) - E_alpha[M]",
            quantity=LOG_PROBABILITY_SLOPE,
            value=M[z] - tilted_mean(),
            proof=("slope",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(says="the slope of a logit, not normalised: M(z) alone", values=M[z] + 0 * alpha),
)
