"""The change in cross-entropy, exactly, on any evaluation distribution (beyond the paper)."""

import sympy as sp

from theory.claims import Bounded, Close
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, tilted_squares
from theory.quantities import CROSS_ENTROPY_CHANGE
from theory.steps import Identity, Inequality, Step
from theory.tilted import (
    ContextMean,
    DataMean,
    alpha,
    cgf,
    j,
    log_tilted,
    p,
    r,
    slope,
    tilted_mean,
    tilted_variance,
    vocabulary_sum,
    y,
)

closed_form = ContextMean(cgf() - alpha * DataMean(j))


def _derivation() -> list[Step]:
    steered = ContextMean(-vocabulary_sum(r[j, y] * log_tilted(y)))
    base = ContextMean(-vocabulary_sum(r[j, y] * sp.log(p[j, y])))
    return [
        Identity(
            name="change",
            says="Steered less unsteered cross-entropy on the evaluation distribution r",
            lhs=steered - base,
            rhs=closed_form,
        ),
        Identity(
            says="Its slope",
            lhs=slope(closed_form),
            rhs=ContextMean(tilted_mean() - DataMean(j)),
        ),
        Identity(
            says="Its second derivative does not depend on the data",
            lhs=slope(closed_form, 2),
            rhs=ContextMean(tilted_variance()),
        ),
        Inequality(
            name="convex",
            says="and is not negative (Lagrange's identity), so the change is convex",
            smaller=sp.S.Zero,
            larger=slope(closed_form, 2),
            certificate=ContextMean(tilted_squares()),
        ),
    ]


LAW = Law(
    id="cross_entropy_exact",
    title="The change in cross-entropy is convex and known exactly",
    source="beyond the paper; Definition 3.7",
    reading="Cross-entropy changes by the contexts' mean of K(alpha) - alpha E_r[M]; it is convex whatever the data.",
    statement=sp.Eq(CROSS_ENTROPY_CHANGE.symbol, closed_form, evaluate=False),
    hypotheses=(AFFINE,),
    claims=(
        Close(
            says="the change is the contexts' mean of K(alpha) - alpha E_r[M]",
            quantity=CROSS_ENTROPY_CHANGE,
            value=closed_form,
            proof=("change",),
        ),
        Bounded(
            says="the change is convex", quantity=CROSS_ENTROPY_CHANGE, derivative=2, lower=sp.S.Zero, proof=("convex",)
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a change that reaches a plateau, as after a normalisation",
        values=closed_form.subs(alpha, 2 * sp.tanh(alpha)),
        claim=1,
    ),
)
