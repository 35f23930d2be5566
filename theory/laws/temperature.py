"""What sampling at a temperature, and at temperature 0 greedy decoding, makes of a tilt (beyond the paper)."""

import sympy as sp

from theory.claims import Close, Condition, Turns
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE
from theory.quantities import GREEDY_LOG_ODDS, TOP_LOG_PROBABILITY
from theory.steps import Argued, Identity, Inequality, Limit, Step, Supposed
from theory.tilted import (
    Envelope,
    Expr,
    M,
    M_max,
    M_min,
    TiltedProbability,
    V,
    alpha,
    cgf,
    j,
    p,
    slope,
    summed,
    tilted_mean,
    token_a,
    token_b,
    vocabulary_sum,
    x,
    y,
    z,
)

VARIES = Condition(name="the log-odds are not constant", holds=M_min < M_max)

distribution: Expr = sp.IndexedBase("q", positive=True)
temperature = sp.Symbol("T", positive=True)
cold, gap = sp.Symbol("beta", positive=True), sp.Symbol("g", positive=True)
before, after = sp.symbols("alpha_1 alpha_2", real=True)


def _line(token: Expr, strength: Expr = alpha) -> Expr:
    return sp.log(p[j, token]) + strength * M[token]


def _lead(token: Expr, other: Expr, strength: Expr) -> Expr:
    return _line(token, strength) - _line(other, strength)


def _sampling() -> list[Step]:
    def steered(token: Expr) -> Expr:
        return (p[j, token] * sp.exp(alpha * M[token])) ** (1 / temperature)

    tempered = p[j, y] ** (1 / temperature) / summed(p[j, x] ** (1 / temperature), (x, V))
    return [
        Identity(
            says="Sampling at temperature T tilts the tempered q, proportional to p^{1/T}, by the strength alpha/T",
            lhs=steered(z) / vocabulary_sum(steered(y)),
            rhs=distribution[j, z]
            * sp.exp(alpha * M[z] / temperature)
            / vocabulary_sum(distribution[j, y] * sp.exp(alpha * M[y] / temperature)),
            where=((distribution[j, y], tempered),),
        ),
        Identity(
            says="There a token z has exp(-g/T) times the probability of the most probable token a, g the gap between"
            " their lines log p + alpha M",
            lhs=sp.log(steered(z) / steered(token_a)),
            rhs=-_lead(token_a, z, alpha) / temperature,
        ),
        Limit(
            says="so as T = 1/beta -> 0 only tokens without a gap remain: the upper envelope of the lines",
            expr=sp.exp(-cold * gap),
            variable=cold,
            point=sp.oo,
            value=sp.S.Zero,
        ),
    ]


def _greedy() -> list[Step]:
    lead_of_a, lead_of_b = _lead(token_a, token_b, before), _lead(token_b, token_a, after)
    return [
        Inequality(
            says="If a wins at alpha_1 and b at alpha_2, the one that wins at the larger strength has no smaller"
            " log-odds",
            smaller=sp.S.Zero,
            larger=(after - before) * (M[token_b] - M[token_a]),
            certificate=lead_of_a + lead_of_b,
            given=(Supposed(lead_of_a >= 0), Supposed(lead_of_b >= 0)),
        ),
        Identity(
            says="The lead of b over a changes at a constant rate: they cross once at most; there the output flips",
            lhs=slope(_lead(token_b, token_a, alpha)),
            rhs=M[token_b] - M[token_a],
        ),
        Argued(
            name="one interval",
            says="So each token wins on one interval, which may be empty, and there are at most V - 1 flips, at the"
            " corners of the envelope",
            because="log-odds that never fall do not come back to a level they have left",
        ),
        Identity(
            says="The most probable token's log-probability is the envelope less K",
            lhs=sp.log(TiltedProbability(z)),
            rhs=_line(z) - cgf(),
        ),
        Argued(
            name="envelope",
            says="and of its line, which no other exceeds",
            because="the most probable token is that of the largest log p + alpha M: K is common to all",
        ),
    ]


def _derivation() -> list[Step]:
    return [*_sampling(), *_greedy()]


LAW = Law(
    id="temperature",
    title="Greedy decoding follows the upper envelope of straight lines",
    source="beyond the paper",
    reading="Temperature T turns strength alpha into alpha/T on the tempered distribution; at T = 0 the token taken is"
    " that of the highest line log p + alpha M, so its log-odds never fall and the output flips at most V - 1 times.",
    statement=sp.Eq(TOP_LOG_PROBABILITY.symbol, Envelope(alpha) - cgf(), evaluate=False),
    hypotheses=(AFFINE,),
    claims=(
        Turns(
            says="the log-odds of the token that greedy decoding takes never fall",
            quantity=GREEDY_LOG_ODDS,
            n=0,
            first="rising",
            condition=VARIES,
            proof=("one interval",),
        ),
        Close(
            says="the most probable token's log-probability is the envelope of log p + alpha M, less K(alpha)",
            quantity=TOP_LOG_PROBABILITY,
            value=Envelope(alpha) - cgf(),
            proof=("envelope",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push that swings back: greedy decoding returns to a token it had left",
        values=tilted_mean(sp.sin(alpha)),
    ),
)
