"""Steered logits are affine in the strength (Lemma B.2)."""

import sympy as sp

from theory.claims import Close
from theory.law import Counterexample, Law
from theory.lemmas import context_mean
from theory.quantities import CENTRED_LOGIT
from theory.steps import Identity, Step
from theory.tilted import Expr, N, P, alpha, centred, d, i, j, k, logit, logit_shift, summed, z

W: Expr = sp.IndexedBase("W", real=True)
h: Expr = sp.IndexedBase("h", real=True)


def _unembedded(feature: Expr) -> Expr:
    return summed(W[z, k] * feature, (k, d))


def _derivation() -> list[Step]:
    vector = context_mean(P, h[i, k]) - context_mean(N, h[i, k])
    shift = context_mean(P, logit[i, z]) - context_mean(N, logit[i, z])
    linear = ((logit[i, z], _unembedded(h[i, k])),)
    steered = logit[j, z] + alpha * logit_shift[z]
    return [
        Identity(
            says="The steered logits <W_z, h_j + alpha v>, with v the difference of the mean features",
            lhs=_unembedded(h[j, k] + alpha * vector),
            rhs=logit[j, z] + alpha * shift,
            where=linear,
        ),
        Identity(
            name="centred",
            says="Centred over the vocabulary: a common offset of the logits drops out",
            lhs=centred(steered),
            rhs=centred(logit[j, z]) + alpha * centred(logit_shift[z]),
        ),
    ]


LAW = Law(
    id="logit_shift",
    title="Logits shift in proportion to the strength",
    source="Lemma B.2",
    reading="Each logit moves along a straight line; its slope is the mean logit of the positive contexts less that"
    " of the negative ones.",
    statement=sp.Eq(CENTRED_LOGIT.symbol, centred(logit[j, z]) + alpha * centred(logit_shift[z]), evaluate=False),
    hypotheses=("unconstrained features: logits are W h_j, and steering adds alpha v to h_j",),
    claims=(
        Close(
            says="the centred logit is its base value plus alpha times the centred logit shift",
            quantity=CENTRED_LOGIT,
            value=centred(logit[j, z]) + alpha * centred(logit_shift[z]),
            proof=("centred",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a logit that saturates, as after a normalisation",
        values=centred(logit[j, z] + sp.tanh(alpha) * logit_shift[z]),
    ),
)
