"""The log-odds are positive exactly on the target concept (Lemma B.4), also where a_z varies (Appendix B.1)."""

import sympy as sp

from theory.claims import Bounded, Close, Condition
from theory.facts import a, assumption_1, b, negative_share
from theory.law import Counterexample, Law
from theory.lemmas import PERFECT, context_mean
from theory.quantities import LOG_ODDS
from theory.steps import Identity, Inequality, Step, Supposed
from theory.tilted import Expr, M, N, P, T, i, z

log_ratio = sp.log(a[z] / b[z])
closed_form = T[z] * log_ratio - (1 - T[z]) * negative_share[z] * log_ratio

ASSUMPTION_1 = Condition(name="the data law is one of concepts (Assumption 1)", holds=assumption_1)
TARGET = Condition(name="token of the target concept", holds=sp.Gt(T[z], 0))
OFF_TARGET = Condition(name="token off the target concept", holds=sp.Lt(T[z], 1))

shared: Expr = sp.IndexedBase("S", integer=True, nonnegative=True)
"""Indicator `S[i, z]`: the negative context i belongs to the concept of the off-target token z."""
excess: Expr = sp.IndexedBase("u", positive=True)
"""`u[i, z] = a[i, z]/b[z] - 1 > 0`, where a depends on the context."""


def _log_odds(inside: Expr) -> Expr:
    """M(z): a token has probability b times `inside` in contexts of its own concept, and b in others."""
    positive, negative = T[z], (1 - T[z]) * shared[i, z]
    return context_mean(P, sp.log(b[z] * inside**positive)) - context_mean(N, sp.log(b[z] * inside**negative))


def _derivation() -> list[Step]:
    varying = ((M[z], _log_odds(1 + excess[i, z])),)
    within = context_mean(P, T[z] * sp.log(1 + excess[i, z]))
    among = context_mean(N, (1 - T[z]) * shared[i, z] * sp.log(1 + excess[i, z]))
    return [
        Identity(
            name="log-odds",
            says="In positive contexts a token has probability a_z on the target and b_z off it; in negative ones b_z,"
            " or a_z where S marks the context as one of the token's own concept",
            lhs=M[z],
            rhs=closed_form,
            where=((M[z], _log_odds(a[z] / b[z])), (negative_share[z], context_mean(N, shared[i, z]))),
        ),
        Inequality(
            name="on target",
            says="On the target, M > 0, even where a = b(1 + u) depends on the context while b does not",
            smaller=sp.S.Zero,
            larger=T[z] * M[z],
            certificate=within,
            strict=True,
            given=(Supposed(T[z] > 0),),
            where=varying,
        ),
        Inequality(
            name="off target",
            says="Off the target, M <= 0, with equality for concepts that no negative context belongs to",
            smaller=(1 - T[z]) * M[z],
            larger=sp.S.Zero,
            certificate=among,
            where=varying,
        ),
    ]


LAW = Law(
    id="log_odds_sign",
    title="Log-odds have the sign of the target concept",
    source="Lemma B.4; the sign also Appendix B.1",
    reading="A token's log-odds are log(a/b) > 0 on the target concept, and off it minus that times the share of the"
    " negative contexts that belong to its concept.",
    statement=sp.Eq(M[z], closed_form, evaluate=False),
    hypotheses=(
        PERFECT,
        "every positive context belongs to the target concept, no negative one does",
        "a token is likelier in contexts of its own concept, and equally likely in all others (Assumption 1)",
    ),
    claims=(
        Close(
            says="the log-odds are log(a/b) on the target and -n/|N| log(a/b) off it",
            quantity=LOG_ODDS,
            value=closed_form,
            condition=ASSUMPTION_1,
            proof=("log-odds",),
        ),
        Bounded(
            says="tokens of the target concept have log-odds of at least 0",
            quantity=LOG_ODDS,
            lower=sp.S.Zero,
            condition=TARGET,
            proof=("on target",),
        ),
        Bounded(
            says="tokens off the target concept have log-odds of at most 0",
            quantity=LOG_ODDS,
            upper=sp.S.Zero,
            condition=OFF_TARGET,
            proof=("off target",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a token of the target concept that is likelier in the negative contexts",
        values=-M[z],
        claim=1,
        token=2,
    ),
)
