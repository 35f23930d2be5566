"""When a concept shows in more texts as the strength grows; that its next tokens obey Theorem 3.6 is not enough."""

import sympy as sp

from theory.claims import Condition, Turns
from theory.facts import C_min, ordered_texts
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, pair_sum
from theory.quantities import TEXT_HIT
from theory.steps import Argued, Identity, Inequality, Step, Supposed
from theory.tilted import (
    C,
    Expr,
    M,
    M_max,
    V,
    alpha,
    covariance,
    expectation,
    i,
    j,
    k,
    p,
    partition,
    r,
    slope,
    summed,
    tilt_weight,
    token_a,
    token_b,
    vocabulary_sum,
    x,
    y,
)

ORDERED = Condition(
    name="the concept's tokens have the largest log-odds, and next tokens are ordered by likelihood ratio",
    holds=sp.And(ordered_texts, C_min >= M_max),
)
f: Expr = sp.IndexedBase("f", real=True)
later: Expr = sp.IndexedBase("h", real=True)
h_slope: Expr = sp.IndexedBase("h'", nonnegative=True)


def _tilted(context: Expr, token: Expr) -> Expr:
    total = summed(p[context, x] * sp.exp(alpha * M[x]), (x, V))
    return p[context, token] * sp.exp(alpha * M[token]) / total


def _derivation() -> list[Step]:
    def odds(at: Expr) -> Expr:
        return sp.log(at[0] * at[1]) - sp.log(at[2] * at[3])

    corners = ((i, token_a), (k, token_b), (i, token_b), (k, token_a))
    return [
        Identity(
            says="Likelihood ratios between contexts survive steering: the tilt multiplies both sides alike",
            lhs=odds([_tilted(*at) for at in corners]),
            rhs=odds([p[at] for at in corners]),
        ),
        Inequality(
            says="In likelihood ratio order: a function f that grows with the log-odds has the larger mean under the"
            " distribution r that favours larger ones against p",
            smaller=vocabulary_sum(p[j, y] * f[y]),
            larger=vocabulary_sum(r[j, y] * f[y]),
            certificate=pair_sum((f[x] - f[y]) * (r[j, x] * p[j, y] - r[j, y] * p[j, x])) / 2,
            given=(Supposed((f[x] - f[y]) * (r[j, x] * p[j, y] - r[j, y] * p[j, x]) >= 0),),
        ),
        Inequality(
            says="and its mean rises with the strength (Chebyshev)",
            smaller=sp.S.Zero,
            larger=covariance(f[y], M[y]),
            certificate=pair_sum(tilt_weight(x) * tilt_weight(y) * (f[x] - f[y]) * (M[x] - M[y]))
            / (2 * partition() ** 2),
            given=(Supposed((f[x] - f[y]) * (M[x] - M[y]) >= 0),),
        ),
        Identity(
            says="A text hits with its first token, or else with chance h later: f = C + (1 - C) h, and where the"
            " chances h later change at the rates h'' the chance of a hit changes at the rate Cov_alpha(f, M) +"
            " E_alpha[(1 - C) h'']",
            lhs=slope(expectation(C[y] + (1 - C[y]) * (later[y] + alpha * h_slope[y]))),
            rhs=covariance(C[y] + (1 - C[y]) * (later[y] + alpha * h_slope[y]), M[y])
            + expectation((1 - C[y]) * h_slope[y]),
        ),
        Argued(
            name="rises",
            says="So the chance of a hit grows with the log-odds of the last token and with the strength",
            because="induction on the number of tokens left: f grows with the log-odds since hits have the largest and"
            " h <= 1 grows with them, so both inequalities apply (coupling: Kamae, Krengel and O'Brien 1977)",
        ),
    ]


def _counterexample() -> Expr:
    """Two tokens; after the token c of log-odds -1 the target is likely, and steering leads away from c."""

    def row(target: Expr, others: Expr) -> list[Expr]:
        weights = [target * sp.exp(alpha), others, others * sp.exp(-alpha)]
        return [weight / sp.Add(*weights) for weight in weights]

    rare, likely = row(sp.Rational(1, 100), sp.Rational(99, 200)), row(sp.Rational(99, 100), sp.Rational(1, 200))
    return rare[0] + rare[1] * rare[0] + rare[2] * likely[0]


LAW = Law(
    id="text_hit",
    title="When a concept shows in more texts",
    source="beyond the paper; remark on Theorem 3.6",
    reading="The chance that a text holds a token of the concept rises with the strength where these have the largest"
    " log-odds and next tokens are ordered by likelihood ratio; that every next token obeys Theorem 3.6 is not enough.",
    statement=sp.Implies(ORDERED.holds, sp.Ge(slope(TEXT_HIT.symbol), 0, evaluate=False), evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Turns(
            says="the chance of a hit rises with the strength",
            quantity=TEXT_HIT,
            n=0,
            first="rising",
            condition=ORDERED,
            proof=("rises",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="two tokens, each of which obeys Theorem 3.6: the concept first shows in fewer texts",
        values=_counterexample(),
        probabilities=(sp.Rational(1, 100), sp.Rational(99, 200), sp.Rational(99, 200)),
        log_odds=(sp.Integer(1), sp.Integer(0), sp.Integer(-1)),
        concept=(0,),
    ),
)
