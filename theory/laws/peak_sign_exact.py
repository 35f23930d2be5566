"""On which side of 0 tokens peak under Assumption 1, without conditions on its parameters (beyond the paper)."""

import sympy as sp

from theory.claims import Condition, Turns
from theory.facts import a, assumption_1, b, delta, in_target, negative_share
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, context_mean
from theory.quantities import LOG_PROBABILITY
from theory.steps import Argued, Identity, Inequality, Proved, Step, Supposed
from theory.tilted import Expr, M, N, T, alpha, cgf, i, j, log_tilted, p, slope, tilted_mean, vocabulary_sum, y, z

base_mean = tilted_mean(sp.S.Zero)
t = sp.Symbol("t", nonnegative=True)
excess: Expr = sp.IndexedBase("u", nonnegative=True)
"""`u[y] = a[y]/b[y] - 1`."""
elsewhere: Expr = sp.IndexedBase("q", nonnegative=True)
"""Base distribution off the target: a[y] or b[y]."""

OFF_IN_TARGET = Condition(
    name="Assumption 1; off-target token, context of the target concept",
    holds=sp.And(assumption_1, in_target, T[z] < 1),
)
ABOVE_DELTA = Condition(
    name="Assumption 1; token with M(z) >= delta, context off the target concept",
    holds=sp.And(assumption_1, sp.Not(in_target), M[z] >= delta),
)


ABOVE_1 = Inequality(
    says="log x <= x - 1, at x = 1 + t",
    smaller=sp.log(1 + t),
    larger=t,
    certificate=t / (1 + t),
    taylor=(t, 1),
)
BELOW_1 = Inequality(
    says="and at x = 1/(1 + t)",
    smaller=t,
    larger=(1 + t) * sp.log(1 + t),
    certificate=1 / (1 + t),
    taylor=(t, 2),
)


def _derivation() -> list[Step]:
    return [
        Identity(says="Slope of the log-probability", lhs=slope(log_tilted()), rhs=M[z] - tilted_mean()),
        ABOVE_1,
        BELOW_1,
        *_delta(),
        *_means(),
        Argued(
            name="sides",
            says="So in a context of the target an off-target token, of M <= 0 <= E_0[M], falls from 0 on, and in"
            " another a token with M >= delta >= E_0[M] still rises at 0",
            because="peak_sign; log_odds_sign for the sign off the target",
        ),
    ]


def _delta() -> list[Step]:
    """A - B = 1 - sum b for the concept of every context, hence also for the mean over the negative contexts."""
    share = (p[i, y] - b[y]) / (a[y] - b[y])
    return [
        Identity(
            says="Context j gives b + S (a - b) to a token, S the indicator of its concept: as they sum to 1, the"
            " concept's A - B is delta = 1 - sum b, the same for each",
            lhs=vocabulary_sum((a[y] - b[y]) * share.subs(i, j)),
            rhs=1 - vocabulary_sum(b[y]),
        ),
        Identity(
            says="and the same on average over the negative contexts, n/|N| being the mean of their S",
            lhs=vocabulary_sum((a[y] - b[y]) * negative_share[y]),
            rhs=1 - vocabulary_sum(b[y]),
            where=((negative_share[y], context_mean(N, share)),),
            given=(Supposed(a[y] > b[y]),),
        ),
    ]


def _means() -> list[Step]:
    """Bounds on E_0[M] by the masses on the target and off it."""
    log_ratio = sp.log(1 + excess[y])
    odds = (M[y], (T[y] - (1 - T[y]) * negative_share[y]) * log_ratio)
    inside = (p[j, y], (T[y] * (1 + excess[y]) + 1 - T[y]) * b[y])
    outside = (p[j, y], T[y] * b[y] + (1 - T[y]) * elsewhere[y])
    weighted = vocabulary_sum(p[j, y] * M[y])
    gained = (1 + excess[y]) * log_ratio - excess[y]
    lost = excess[y] - log_ratio
    off = (1 - T[y]) * negative_share[y]
    return [
        Inequality(
            says="In a context of the target, with a = b(1 + u), E_0[M] is at least the target's A - B less the mean of"
            " the negative contexts': delta - delta = 0. As M <= 0 off the target, those tokens peak at alpha <= 0",
            smaller=vocabulary_sum((T[y] - off) * b[y] * excess[y]),
            larger=weighted,
            certificate=vocabulary_sum(b[y] * (T[y] * gained + off * lost)),
            given=(
                Proved(fact=gained >= 0, by=BELOW_1, at=((t, excess[y]),)),
                Proved(fact=lost >= 0, by=ABOVE_1, at=((t, excess[y]),)),
            ),
            where=(odds, inside),
        ),
        Inequality(
            says="In a context off the target, E_0[M] is at most the target's A - B = delta: where M >= delta, a token"
            " peaks at alpha >= 0",
            smaller=weighted,
            larger=vocabulary_sum(T[y] * b[y] * excess[y]),
            certificate=vocabulary_sum(T[y] * b[y] * lost) + vocabulary_sum(off * elsewhere[y] * log_ratio),
            given=(Proved(fact=lost >= 0, by=ABOVE_1, at=((t, excess[y]),)),),
            where=(odds, outside),
        ),
    ]


LAW = Law(
    id="peak_sign_exact",
    title="Which tokens peak before 0 and which after, from the data law alone",
    source="beyond the paper; compare Remark 3.4",
    reading="In contexts of the target concept every off-target token falls from 0 on; in all others every token with"
    " M(z) >= delta still rises at 0, where delta is a concept's mass in its own contexts less that elsewhere.",
    statement=sp.And(sp.Implies(in_target, base_mean >= 0), sp.Implies(sp.Not(in_target), base_mean <= delta)),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Turns(
            says="in a context of the target concept an off-target token falls from alpha = 0 on",
            quantity=LOG_PROBABILITY,
            n=0,
            first="falling",
            domain=sp.Interval(0, sp.oo),
            condition=OFF_IN_TARGET,
            proof=("sides",),
        ),
        Turns(
            says="in a context off the target concept a token with M(z) >= delta rises up to alpha = 0",
            quantity=LOG_PROBABILITY,
            n=0,
            first="rising",
            domain=sp.Interval(-sp.oo, 0),
            condition=ABOVE_DELTA,
            proof=("sides",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push that swings back: the off-target token rises again",
        values=sp.log(p[j, z]) + sp.sin(alpha) * M[z] - cgf(sp.sin(alpha)),
        in_target=True,
    ),
)
