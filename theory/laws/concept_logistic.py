"""A concept's probability moves logistically (Theorem 3.6, Eq. 12)."""

import sympy as sp

from theory.claims import Bounded, Close
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, concept_logit, mean_within
from theory.quantities import CONCEPT_LOGIT
from theory.steps import Identity, Inequality, Step
from theory.tilted import (
    C,
    ConceptCumulant,
    M,
    M_max,
    M_min,
    M_range,
    OutsideCumulant,
    alpha,
    expectation,
    slope,
    y,
)

nu, ell = sp.symbols("nu ell", real=True)


def _derivation() -> list[Step]:
    F = expectation(C[y])
    inside, outside = ConceptCumulant(1, alpha), OutsideCumulant(1, alpha)
    given = (M_max >= M[y], M[y] >= M_min)
    sigmoid = 1 / (1 + sp.exp(-(nu + ell)))
    return [
        Identity(
            name="logit",
            says="The logit of the concept's probability",
            lhs=sp.log(F) - sp.log(expectation(1 - C[y])),
            rhs=concept_logit,
        ),
        Identity(
            says="Eq. 12: the probability obeys a logistic equation",
            lhs=slope(F),
            rhs=F * (1 - F) * (inside - outside),
        ),
        Identity(
            says="So the slope of logit F is the mean log-odds inside less that outside",
            lhs=slope(concept_logit),
            rhs=mean_within(C[y], M[y]) - mean_within(1 - C[y], M[y]),
        ),
        Identity(
            says="Change of variable: logit F = nu + ell, ell = logit F(0)",
            lhs=sigmoid - sigmoid.subs(nu, 0),
            rhs=(sp.tanh((nu + ell) / 2) - sp.tanh(ell / 2)) / 2,
        ),
        Inequality(
            name="slope",
            says="The slope is at most M_max - M_min",
            smaller=slope(concept_logit),
            larger=M_range,
            certificate=mean_within(C[y], M_max - M[y]) + mean_within(1 - C[y], M[y] - M_min),
            given=given,
        ),
        Inequality(
            name="slope",
            says="and at least M_min - M_max",
            smaller=-M_range,
            larger=slope(concept_logit),
            certificate=mean_within(C[y], M[y] - M_min) + mean_within(1 - C[y], M_max - M[y]),
            given=given,
        ),
    ]


LAW = Law(
    id="concept_logistic",
    title="Concepts move logistically",
    source="Theorem 3.6, Eq. 12",
    reading="The logit of a concept's probability changes at the mean log-odds inside less that outside, never"
    " faster than M_max - M_min.",
    statement=sp.Eq(CONCEPT_LOGIT.symbol, concept_logit, evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Close(
            says="the concept's logit is K_C(alpha) - K_notC(alpha)",
            quantity=CONCEPT_LOGIT,
            value=concept_logit,
            proof=("logit",),
        ),
        Bounded(
            says="the concept's logit changes at most at the rate M_max - M_min",
            quantity=CONCEPT_LOGIT,
            derivative=1,
            lower=-M_range,
            upper=M_range,
            proof=("slope",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a concept whose logit moves half as fast again",
        values=concept_logit.subs(alpha, 3 * alpha / 2),
        claim=1,
    ),
)
