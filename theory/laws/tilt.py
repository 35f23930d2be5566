"""Under perfect training the steered distribution is the tilted distribution (Lemma B.3)."""

import sympy as sp

from theory.claims import Close
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, context_mean
from theory.quantities import LOG_PROBABILITY
from theory.steps import Identity, Step
from theory.tilted import Expr, M, N, P, TiltedProbability, alpha, cgf, i, j, log_tilted, logit, p, vocabulary_sum, y, z

offset: Expr = sp.IndexedBase("g", real=True)


def _steered_logit(token: Expr) -> Expr:
    shift = context_mean(P, logit[i, token]) - context_mean(N, logit[i, token])
    return logit[j, token] + alpha * shift


def _derivation() -> list[Step]:
    log_odds = context_mean(P, sp.log(p[i, y])) - context_mean(N, sp.log(p[i, y]))
    meanings = ((logit[j, y], sp.log(p[j, y]) + offset[j]), (M[y], log_odds))
    softmax = sp.exp(_steered_logit(z)) / vocabulary_sum(sp.exp(_steered_logit(y)))
    return [
        Identity(
            says="Softmax of the steered logits, each context's logits known up to an offset g_j, which drops out",
            lhs=softmax,
            rhs=TiltedProbability(z),
            where=meanings,
        ),
        Identity(
            name="logs",
            says="In logs, with K the log of the normalisation",
            lhs=sp.log(TiltedProbability(z)),
            rhs=log_tilted(),
        ),
        Identity(
            says="The tilted distribution sums to one",
            lhs=vocabulary_sum(sp.exp(log_tilted(y))),
            rhs=sp.S.One,
        ),
        Identity(says="and is the base distribution at alpha = 0", lhs=cgf(sp.S.Zero), rhs=sp.S.Zero),
    ]


LAW = Law(
    id="tilt",
    title="Steering tilts the next-token distribution",
    source="Lemma B.3",
    reading="The steered probability is the base probability times exp(alpha M(z)), normalised.",
    statement=sp.Eq(LOG_PROBABILITY.symbol, log_tilted(), evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Close(
            says="the log-probability is log p + alpha M - K(alpha)",
            quantity=LOG_PROBABILITY,
            value=log_tilted(),
            proof=("logs",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push that saturates: the tilt of strength tanh(alpha)",
        values=sp.log(p[j, z]) + sp.tanh(alpha) * M[z] - cgf(sp.tanh(alpha)),
    ),
)
