"""How fast the entropy of the next token changes: with the variance of M, and with how M goes along with log p."""

import sympy as sp

from theory.claims import Close
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, mean_is_slope_of_cgf
from theory.quantities import ENTROPY
from theory.steps import Identity, Step
from theory.tilted import (
    Expr,
    M,
    TiltedProbability,
    alpha,
    cgf,
    covariance,
    expectation,
    j,
    log_tilted,
    p,
    slope,
    tilted_mean,
    tilted_variance,
    vocabulary_sum,
    y,
)

log_p = sp.log(p[j, y])


def entropy(strength: Expr = alpha) -> Expr:
    """`H_strength`, the entropy of the tilted distribution, in atoms."""
    return cgf(strength) - strength * tilted_mean(strength) - expectation(log_p, strength)


rate = -alpha * tilted_variance() - covariance(M[y], log_p)


def _derivation() -> list[Step]:
    return [
        Identity(
            name="entropy",
            says="The entropy of the steered distribution, by the tilt's own log-probabilities",
            lhs=-vocabulary_sum(TiltedProbability(y) * log_tilted(y)),
            rhs=entropy(),
        ),
        mean_is_slope_of_cgf(),
        Identity(
            says="A tilted mean changes at the rate of its covariance with M; here that of log p",
            lhs=slope(expectation(log_p)),
            rhs=covariance(M[y], log_p),
        ),
        Identity(
            name="rate",
            says="So the two terms in E_alpha[M] cancel, and the variance and the covariance are left",
            lhs=slope(entropy()),
            rhs=rate,
        ),
    ]


LAW = Law(
    id="entropy",
    title="Entropy falls with the variance, and where likely tokens gain",
    source="beyond the paper",
    reading="The entropy of the next token changes at the rate -alpha Var_alpha[M] - Cov_alpha(M, log p): any push"
    " sharpens by the variance of the log-odds, and a push towards unlikely tokens flattens first.",
    statement=sp.Eq(slope(ENTROPY.symbol), rate, evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Close(
            says="the entropy changes at the rate -alpha Var_alpha[M] - Cov_alpha(M, log p)",
            quantity=ENTROPY,
            derivative=1,
            value=rate,
            integral=entropy(),
            proof=("rate",),
        ),
        Close(
            says="the entropy is K(alpha) - alpha E_alpha[M] - E_alpha[log p]",
            quantity=ENTROPY,
            value=entropy(),
            proof=("entropy",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push that swings back: the entropy of the tilt of strength sin(alpha)",
        values=entropy(sp.sin(alpha)),
    ),
)
