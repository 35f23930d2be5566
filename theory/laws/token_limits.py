"""Where token probabilities go at large strength (Proposition B.1, Eq. 5), with a proved remainder."""

import sympy as sp

from theory.claims import Bounded
from theory.facts import M_second, M_second_last
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, exponential_above_tangent, u
from theory.quantities import LOG_PROBABILITY
from theory.steps import Identity, Inequality, Limit, Proved, Step
from theory.tilted import (
    Bottom,
    Expr,
    ExtremalLogMass,
    M,
    M_max,
    M_min,
    Top,
    alpha,
    cgf,
    j,
    log_tilted,
    p,
    vocabulary_sum,
    y,
    z,
)

t = sp.Symbol("t", positive=True)


def _bounds(side: int) -> tuple[Expr, Expr]:
    """Lower and upper bound of log p_alpha(z) for alpha >= 0 (side 1) or alpha <= 0 (side -1)."""
    extreme, second = (M_max, M_second) if side > 0 else (M_min, M_second_last)
    line = sp.log(p[j, z]) - alpha * (extreme - M[z])
    mass = sp.exp(ExtremalLogMass(side))
    lower = line - sp.log(mass + (1 - mass) * sp.exp(-alpha * (extreme - second)))
    return lower, line - ExtremalLogMass(side)


def _derivation() -> list[Step]:
    P, G = sp.Symbol("P", positive=True), sp.Symbol("G", positive=True)
    return [
        exponential_above_tangent(),
        *_at_one_end(1),
        *_at_one_end(-1),
        Limit(
            says="The bounds meet, at either end: a token at the extreme tends to its share p(z)/P of their base mass",
            expr=1 / (P + (1 - P) * sp.exp(-t * G)),
            variable=t,
            point=sp.oo,
            value=1 / P,
        ),
        Limit(
            says="and any other, at a distance g > 0, to 0",
            expr=sp.exp(-t * G) / P,
            variable=t,
            point=sp.oo,
            value=sp.S.Zero,
        ),
    ]


def _tangent(at: Expr) -> Proved:
    return Proved(fact=sp.exp(at) - 1 - at >= 0, by=exponential_above_tangent(), at=((u, at),))


def _at_one_end(side: int) -> list[Step]:
    name, members, extreme, second = (
        ("M_max", Top, M_max, M_second) if side > 0 else ("M_min", Bottom, M_min, M_second_last)
    )
    lower, upper = _bounds(side)
    alike, last = members[y], side * (extreme - second)
    gap, beyond = side * (extreme - M[y]), side * (second - M[y])
    mass = vocabulary_sum(alike * p[j, y])
    total = vocabulary_sum(p[j, y] * sp.exp(-t * gap))
    bound = mass + (1 - mass) * sp.exp(-t * last)
    nearer, farther = (sp.exp(t * distance) - 1 - t * distance for distance in (gap, beyond))
    below = sp.exp(-t * gap) - 1 + t * gap
    extremal, others = -alike * gap, (1 - alike) * beyond
    return [
        Identity(
            says=f"At alpha = {'' if side > 0 else '-'}t the log-probability is its asymptote plus log(P/Z), P the base"
            f" mass of the tokens at {name}, Z = E_0[exp(-t |{name} - M|)]",
            lhs=sp.exp((log_tilted() - upper).subs(alpha, side * t)),
            rhs=mass / total,
        ),
        Identity(
            says="and its lower bound plus log(B/Z), B = P + (1 - P) exp(-t G), G the distance to the next log-odds",
            lhs=sp.exp((log_tilted() - lower).subs(alpha, side * t)),
            rhs=bound / total,
        ),
        Inequality(
            says=f"Z is at least P, which the tokens at {name} contribute",
            smaller=mass,
            larger=total,
            certificate=vocabulary_sum(p[j, y] * ((1 - alike) * sp.exp(-t * gap) + alike * below + t * extremal)),
            given=(extremal >= 0, _tangent(-t * gap)),
        ),
        Inequality(
            says="and at most B: every other token is at least G away",
            smaller=total,
            larger=bound,
            certificate=vocabulary_sum(
                p[j, y] * sp.exp(-t * gap) * (alike * nearer + alike * t * gap + (1 - alike) * farther + t * others)
            ),
            given=(gap >= 0, others >= 0, _tangent(t * gap), _tangent(t * beyond)),
        ),
    ]


LAW = Law(
    id="token_limits",
    title="Only extremal tokens survive large strengths",
    source="Proposition B.1, Eq. 5; the bounds at every strength go beyond the paper",
    reading="As the strength grows the distribution tends to the unsteered one restricted to the tokens of the largest"
    " log-odds, exponentially fast; as it falls, to that of the smallest.",
    statement=sp.Eq(
        sp.Limit(LOG_PROBABILITY.symbol + alpha * (M_max - M[z]), alpha, sp.oo, "-"),
        sp.log(p[j, z]) - ExtremalLogMass(1),
        evaluate=False,
    ),
    hypotheses=(AFFINE, PERFECT),
    claims=tuple(
        Bounded(
            says=f"for alpha {sense} 0 the log-probability lies between its asymptote, less a term that vanishes"
            " exponentially, and the asymptote",
            quantity=LOG_PROBABILITY,
            lower=_bounds(side)[0],
            upper=_bounds(side)[1],
            domain=domain,
        )
        for side, sense, domain in ((1, ">=", sp.Interval(0, sp.oo)), (-1, "<=", sp.Interval(-sp.oo, 0)))
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push that saturates: no token dies out",
        values=sp.log(p[j, z]) + sp.tanh(alpha) * M[z] - cgf(sp.tanh(alpha)),
        token=0,
    ),
)
