"""Where token probabilities go at large strength (Proposition B.1, Eq. 5), with a proved remainder."""

import sympy as sp

from theory.checker.kinds import Given
from theory.claims import Bounded
from theory.facts import M_second, M_second_last
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, added, base, exponential_above_tangent, logarithm_increases, u
from theory.quantities import LOG_PROBABILITY
from theory.steps import Inequality, Limit, Proved, Step
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
    alike, last = members[y], side * (extreme - second)
    gap, beyond = side * (extreme - M[y]), side * (second - M[y])
    mass, rest = (vocabulary_sum(part * p[j, y]) for part in (alike, 1 - alike))
    total = vocabulary_sum(p[j, y] * sp.exp(-t * gap))
    bound = mass + rest * sp.exp(-t * last)
    nearer, farther = (sp.exp(t * distance) - 1 - t * distance for distance in (gap, beyond))
    below = sp.exp(-t * gap) - 1 + t * gap
    extremal, others = -alike * gap, (1 - alike) * beyond
    at_least = Inequality(
        says=f"Z is at least P, which the tokens at {name} contribute",
        smaller=mass,
        larger=total,
        certificate=vocabulary_sum(p[j, y] * ((1 - alike) * sp.exp(-t * gap) + alike * below + t * extremal)),
        given=(extremal >= 0, _tangent(-t * gap)),
    )
    at_most = Inequality(
        says="and at most B: every other token is at least G away",
        smaller=total,
        larger=bound,
        certificate=vocabulary_sum(
            p[j, y] * sp.exp(-t * gap) * (alike * nearer + alike * t * gap + (1 - alike) * farther + t * others)
        ),
        given=(gap >= 0, others >= 0, _tangent(t * gap), _tangent(t * beyond)),
    )
    line, sign = sp.log(p[j, z]) - t * side * (extreme - M[z]), "" if side > 0 else "-"
    return [
        at_least,
        at_most,
        Inequality(
            name=f"bounds at {name}",
            says=f"So at alpha = {sign}t the log-probability, its asymptote plus log(P/Z) with"
            f" Z = E_0[exp(-t |{name} - M|)] and P the base mass of the tokens at {name}, is at most its asymptote",
            smaller=log_tilted().subs(alpha, side * t),
            larger=line - sp.log(mass),
            certificate=sp.log(total) - sp.log(mass),
            given=_in_logs(at_least),
        ),
        Inequality(
            name=f"bounds at {name}",
            says="and at least that less log(B/P), B = P + (1 - P) exp(-t G), G the distance to the next log-odds",
            smaller=line - sp.log(bound),
            larger=log_tilted().subs(alpha, side * t),
            certificate=sp.log(bound) - sp.log(total),
            given=_in_logs(at_most),
        ),
    ]


def _in_logs(step: Inequality) -> tuple[Given, ...]:
    """What a step states of two positive sums, of their logs."""
    of_logs = Proved(
        fact=sp.log(step.larger) - sp.log(step.smaller) >= 0,
        by=logarithm_increases(),
        at=((base, step.smaller), (added, step.larger - step.smaller)),
    )
    return Proved(fact=step.larger - step.smaller >= 0, by=step), of_logs


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
            proof=(f"bounds at {end}",),
        )
        for side, sense, end, domain in (
            (1, ">=", "M_max", sp.Interval(0, sp.oo)),
            (-1, "<=", "M_min", sp.Interval(-sp.oo, 0)),
        )
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push that saturates: no token dies out",
        values=sp.log(p[j, z]) + sp.tanh(alpha) * M[z] - cgf(sp.tanh(alpha)),
        token=0,
    ),
)
