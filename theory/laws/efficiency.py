"""What share of the push on a distribution buys the concept (beyond the paper)."""

import sympy as sp

from theory.claims import Close, Condition
from theory.law import Counterexample, Law
from theory.lemmas import (
    AFFINE,
    PERFECT,
    divergence_of_the_tilt,
    exponential_above_tangent,
    forward_divergence,
    slope_of_the_divergence,
    u,
)
from theory.quantities import EFFICIENCY
from theory.steps import Argued, Identity, Inequality, Proved, Step, Supposed
from theory.tilted import (
    C,
    ConceptDivergence,
    Expr,
    M,
    M_max,
    M_min,
    TiltedProbability,
    alpha,
    expectation,
    j,
    log_tilted,
    p,
    r,
    slope,
    token_a,
    token_b,
    vocabulary_sum,
    y,
)

VARIES = Condition(name="the log-odds are not constant", holds=M_min < M_max)
NOT_ZERO = sp.Union(sp.Interval.open(-sp.oo, 0), sp.Interval.open(0, sp.oo))

c: Expr = sp.IndexedBase("c", nonnegative=True)
f, f_0 = sp.symbols("f f_0", positive=True)
SHARES = (Supposed(1 - f > 0), Supposed(1 - f_0 > 0))


def kl(after: tuple[Expr, Expr], before: tuple[Expr, Expr]) -> Expr:
    """Binary relative entropy in nats, of the probabilities of a concept and of its complement."""
    return sum(now * sp.log(now / then) for now, then in zip(after, before, strict=True))


def _within(member: Expr) -> Expr:
    """`Q KL(q, p, within)`, for weights that mark a part of the vocabulary; `q = r[j, .]` has the mass Q there."""
    q, base = r[j, y], p[j, y]
    return vocabulary_sum(member * q * (sp.log(q / base) - sp.log(_mass(q, member) / _mass(base, member))))


def _mass(q: Expr, member: Expr) -> Expr:
    return vocabulary_sum(member * q)


def _masses(q: Expr) -> tuple[Expr, Expr]:
    return _mass(q, C[y]), _mass(q, 1 - C[y])


def _derivation() -> list[Step]:
    return [*_chain_rule(), *_under_a_tilt(), *_frontier()]


def _chain_rule() -> list[Step]:
    """For every distribution `q = r[j, .]` and every concept."""
    q, base = r[j, y], p[j, y]
    ratio = base * _mass(q, c[y]) / (q * _mass(base, c[y]))
    excess = ratio - 1 - sp.log(ratio)
    return [
        Identity(
            says="Chain rule, for every distribution r and concept: the binary divergence of the concept's probability"
            " and the mean of the divergences inside and outside make up KL(r, p)",
            lhs=kl(_masses(q), _masses(base)) + _within(C[y]) + _within(1 - C[y]),
            rhs=vocabulary_sum(q * sp.log(q / base)),
        ),
        exponential_above_tangent(),
        Inequality(
            says="Neither of these is negative, and 0 only if r is proportional to p there (c marks the tokens): with"
            " u = log x, x the ratio of the conditional distributions, in 1 + u <= exp(u)",
            smaller=sp.S.Zero,
            larger=_within(c[y]),
            certificate=vocabulary_sum(c[y] * q * excess),
            given=(
                Supposed(c[token_a] > 0),
                Proved(fact=excess >= 0, by=exponential_above_tangent(), at=((u, sp.log(ratio)),)),
            ),
            some={y: token_a},
        ),
    ]


def _under_a_tilt() -> list[Step]:
    F, F_0 = expectation(C[y]), expectation(C[y], sp.S.Zero)
    rest, rest_0 = expectation(1 - C[y]), expectation(1 - C[y], sp.S.Zero)
    spent = vocabulary_sum(TiltedProbability(y) * (log_tilted(y) - sp.log(p[j, y])))
    covariance = expectation(C[y] * M[y]) - F * expectation(M[y])
    return [
        Identity(
            says="For r the steered distribution, proportional to p means constant log-odds",
            lhs=sp.log(TiltedProbability(token_a) / p[j, token_a]) - sp.log(TiltedProbability(token_b) / p[j, token_b]),
            rhs=alpha * (M[token_a] - M[token_b]),
        ),
        divergence_of_the_tilt(),
        Identity(
            name="efficiency",
            says="so this is the share that buys the concept, at any strength but 0",
            lhs=ConceptDivergence(alpha) / spent,
            rhs=ConceptDivergence(alpha) / forward_divergence,
            given=(Supposed(spent > 0), Supposed(forward_divergence > 0)),
        ),
        slope_of_the_divergence(),
        Identity(
            says="The slope of the concept's divergence, which is 0 at 0 too",
            lhs=slope(ConceptDivergence(alpha)),
            rhs=covariance * (sp.log(F / F_0) - sp.log(rest / rest_0)),
        ),
        Identity(
            says="and of its second factor, the concept's logit",
            lhs=slope(sp.log(F / rest)),
            rhs=covariance / (F * rest),
        ),
        Argued(
            says="Both divergences start quadratically, with Cov(1_C, M)^2/Var(1_C) and Var(M) for twice the"
            " coefficients, so that the efficiency tends to Corr(1_C, M)^2 as alpha -> 0",
            because="l'Hopital's rule, twice",
        ),
    ]


def _frontier() -> list[Step]:
    """The best that any distribution can do with a budget."""
    mass, rest = _masses(p[j, y])
    rescaled = (C[y] * f / mass * sp.log(f / mass), (1 - C[y]) * (1 - f) / rest * sp.log((1 - f) / rest))
    return [
        Identity(
            says="A distribution that only rescales p on the concept and off it, which a tilt along the concept's own"
            " indicator does, spends kl(f, f_0) and nothing else",
            lhs=sum(vocabulary_sum(p[j, y] * part) for part in rescaled),
            rhs=kl((f, 1 - f), (mass, rest)),
            given=SHARES[:1],
        ),
        Identity(
            says="As this grows with f above f_0, no distribution that spends as much gives the concept more than f",
            lhs=sp.Derivative(kl((f, 1 - f), (f_0, 1 - f_0)), f),
            rhs=sp.log(f / f_0) - sp.log((1 - f) / (1 - f_0)),
            given=SHARES,
        ),
    ]


LAW = Law(
    id="efficiency",
    title="The share of the push that buys the concept",
    source="beyond the paper",
    reading="Of the relative entropy that steering spends, only the part kl(F_alpha, F_0) moves the concept; the"
    " share starts at Corr(1_C, M)^2 and is 1 only where the log-odds are constant on the concept and off it.",
    statement=sp.Eq(EFFICIENCY.symbol, ConceptDivergence(alpha) / forward_divergence, evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Close(
            says="the efficiency is kl(F_alpha, F_0)/(alpha K' - K)",
            quantity=EFFICIENCY,
            value=ConceptDivergence(alpha) / forward_divergence,
            domain=NOT_ZERO,
            condition=VARIES,
            proof=("efficiency",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push of which all buys the concept, though the log-odds vary outside it",
        values=sp.S.One,
    ),
)
