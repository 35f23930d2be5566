"""Whether the steps that a claim names state what it claims: the link from a derivation to what is held against curves.

A claim is of an observed curve, which has a closed form under the law's hypotheses, `CURVES`. Put in its place, the
claim is an equation or an inequality, and the named steps must state it: side by side the same up to the normal form,
on all of the claim's domain, and supposing nothing that the claim's condition and the law's hypotheses do not grant.
Where a named step is argued, so is the claim.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from theory.checker.granting import granted
from theory.checker.kinds import Argued, Identity, Inequality, Step, Supposed
from theory.checker.normal_form import normal_form
from theory.checker.premises import meant
from theory.checker.signs import up_to_positive_factors
from theory.claims import Bounded, Claim, Close, Turns
from theory.facts import (
    false_no,
    false_yes,
    negative_share,
    norm_c,
    norm_e,
    norm_f,
    norm_h,
    norm_offset,
    norm_v,
    reference,
)
from theory.law import Law
from theory.quantities import ABSCISSA
from theory.tilted import (
    C,
    ConceptDivergence,
    ContextMean,
    Expr,
    M,
    M_other,
    TextMean,
    TextTilt,
    TiltedProbability,
    alpha,
    centred,
    expectation,
    hits,
    j,
    logit,
    logit_shift,
    p,
    partition,
    r,
    slope,
    text,
    tilt_weight,
    vocabulary_sum,
    y,
    z,
)

_log_tilted = sp.log(TiltedProbability(y))
_forward = vocabulary_sum(TiltedProbability(y) * (_log_tilted - sp.log(p[j, y])))
_second = p[j, y] * sp.exp(alpha * M_other[y])
_both = tilt_weight(y) * sp.exp(alpha * M_other[y])
_rho = sp.sqrt(norm_c[j] + 2 * norm_e[j] * alpha + norm_f * alpha**2)

_hit, _miss = (TextMean(member, alpha) for member in (hits[text], 1 - hits[text]))

CURVES: dict[str, tuple[Expr, ...]] = {
    "log_probability": (sp.log(TiltedProbability(z)),),
    "log_probability_slope": (slope(sp.log(TiltedProbability(z))),),
    "log_ratio": (sp.log(TiltedProbability(z) / TiltedProbability(reference)),),
    "centred_logit": (
        centred(logit[j, z] + alpha * logit_shift[z]),
        centred((norm_h[j, z] + alpha * norm_v[z]) / _rho + norm_offset[z]),
    ),
    "log_odds": (M[z],),
    "mean_log_odds": (expectation(M[y]),),
    "entropy": (-vocabulary_sum(TiltedProbability(y) * _log_tilted),),
    "kl_forward": (_forward,),
    "kl_reverse": (vocabulary_sum(p[j, y] * (sp.log(p[j, y]) - _log_tilted)),),
    "interplay": (sp.log(partition()) + sp.log(vocabulary_sum(_second)) - sp.log(vocabulary_sum(_both)),),
    "concept_logit": (sp.log(expectation(C[y])) - sp.log(expectation(1 - C[y])),),
    "efficiency": (ConceptDivergence(alpha) / _forward,),
    "cross_entropy_change": (
        ContextMean(vocabulary_sum(p[j, y] * (sp.log(p[j, y]) - _log_tilted))),
        ContextMean(vocabulary_sum(r[j, y] * (sp.log(p[j, y]) - _log_tilted))),
    ),
    "text_hit": (_hit,),
    "text_judged": ((1 - false_no) * _hit + false_yes * (1 - _hit),),
    "text_divergence": (TextMean(TextTilt(0, alpha), alpha),),
    "text_hit_divergence": (sum(now * sp.log(now / now.subs(alpha, 0)) for now in (_hit, _miss)),),
}
"""Quantity -> its closed forms under the hypotheses of laws: a tilt's, or a final normalisation's, or on other data."""

_DATA = frozenset({M, negative_share})
"""Arrays that a step may define where it states a claim about the data: the log-odds are no premise of such a law."""
How = Literal["stated", "argued", "not stated"]


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Of a claim: the numbers of the steps that it names (from 1), whether they state it, and why not if not."""

    steps: tuple[int, ...]
    how: How
    why: str = ""


def proofs(law: Law) -> tuple[Proof, ...]:
    """One proof a claim, in the order of the claims."""
    steps = tuple(law.derivation())
    return tuple(_proof(law, claim, steps) for claim in law.claims)


def _proof(law: Law, claim: Claim, steps: Sequence[Step]) -> Proof:
    numbers = tuple(n for n, step in enumerate(steps, start=1) if step.name and step.name in claim.proof)
    named = [steps[n - 1] for n in numbers]
    if missing := set(claim.proof) - {step.name for step in named}:
        return Proof(steps=numbers, how="not stated", why=f"no step is named {', '.join(sorted(missing))}")
    if not named:
        return Proof(steps=(), how="not stated", why="the claim names no step")
    if any(isinstance(step, Argued) for step in named):
        return Proof(steps=numbers, how="argued")
    if not any(_states(claim, curve, named) for curve in CURVES.get(claim.quantity.id, ())):
        return Proof(steps=numbers, how="not stated", why="the steps named state something else")
    supposed = [given.fact for step in named for given in getattr(step, "given", ()) if isinstance(given, Supposed)]
    if why := granted(supposed, claim.condition.holds, law.grants):
        return Proof(steps=numbers, how="not stated", why=why)
    return Proof(steps=numbers, how="stated")


def _states(claim: Claim, curve: Expr, named: Sequence[Step]) -> bool:
    match claim:
        case Close():
            moved = slope(curve, claim.derivative) if claim.derivative else curve
            if claim.remainder == 0:
                curves = [moved] if claim.integral is None else [moved, slope(claim.integral, claim.derivative)]
                return any(isinstance(s, Identity) and all(_same_equation(s, claim, c) for c in curves) for s in named)
            off = moved - claim.value
            return all(_everywhere(claim, claim.remainder - side * off, named) for side in (1, -1))
        case Bounded():
            moved = slope(curve, claim.derivative) if claim.derivative else curve
            gaps = [moved - claim.lower] if claim.lower is not None else []
            gaps += [claim.upper - moved] if claim.upper is not None else []
            return all(_everywhere(claim, gap, named) for gap in gaps)
        case Turns():
            return _states_turns(claim, curve, named)


def _states_turns(claim: Turns, curve: Expr, named: Sequence[Step]) -> bool:
    """No turn: the slope has one sign. One: it is alpha times what is positive, or its derivative has one sign."""
    if not isinstance(claim.first, str):
        return False
    side = 1 if claim.first == "rising" else -1
    if claim.n == 0:
        return _everywhere(claim, side * slope(curve), named, strict=True)
    if claim.n != 1:
        return False
    if claim.turn == alpha and any(_same(meant(slope(curve)), -side * alpha * factor) for factor in _positive(named)):
        return True
    return _everywhere(claim, -side * slope(curve, 2), named, strict=True) and _vanishes_with(claim.turn, slope(curve))


def _positive(named: Iterable[Step]) -> Iterator[Expr]:
    """What named steps state to be positive."""
    for step in named:
        if isinstance(step, Inequality) and step.strict and step.smaller == 0 and not step.where:
            yield meant(step.larger)


def _vanishes_with(turn: Expr | None, derivative: Expr) -> bool:
    """Whether the slope is 0 where the equation of the turn holds: it is its left side, or vanishes at alpha = 0."""
    if turn is None or any(_same(meant(derivative), meant(side * turn)) for side in (1, -1)):
        return True
    return turn == alpha and _vanishes(meant(derivative).subs(alpha, 0))


def _same_equation(step: Identity, claim: Close, curve: Expr) -> bool:
    """Whether a step has the curve on one side and its value on the other."""
    if not _defines_the_data(step, claim):
        return False
    sides = [meant(side, step.where) for side in (step.lhs, step.rhs)]
    wanted = [meant(side, step.where) for side in (curve, claim.value)]
    return any(all(map(_same, order, wanted)) for order in (sides, sides[::-1]))


def _same(one: Expr, other: Expr) -> bool:
    return up_to_positive_factors(one - other) == 0 or _vanishes(one - other)


def _defines_the_data(step: Identity | Inequality, claim: Claim) -> bool:
    """Whether a step replaces nothing, or says what the log-odds are and the claim is of these."""
    return not step.where or (
        claim.quantity.id == "log_odds" and {getattr(pattern, "base", pattern) for pattern, _ in step.where} <= _DATA
    )


def _everywhere(claim: Claim, gap: Expr, named: Iterable[Step], *, strict: bool = False) -> bool:
    """Whether some steps state, on the whole domain of the claim, that the gap is not negative, or is positive."""
    steps = [step for step in named if isinstance(step, Inequality) and (step.strict or not strict)]
    holds: Expr = claim.condition.holds
    weight = holds.gts - holds.lts if type(holds) in (sp.Gt, sp.Lt) else sp.S.One
    if any(_same_order(step, claim, gap * weight) for step in steps):
        return True
    if any(_same_order(step, claim, gap) for step in steps):
        return True
    variable = ABSCISSA[claim.quantity.along]
    gap = meant(gap)
    sides = [side for side in (1, -1) if claim.domain.contains(side * sp.Integer(10) ** 6) is not sp.false]
    return all(
        any(_same_order(step, claim, gap.subs(variable, side * t)) for step in steps for t in _distances(step))
        for side in sides
    )


def _distances(step: Inequality) -> Iterator[Expr]:
    """Symbols of a step that may stand for a distance from strength 0."""
    labels = {base.label for base in (step.larger - step.smaller).atoms(sp.IndexedBase)}
    for symbol in (step.larger.free_symbols | step.smaller.free_symbols) - labels:
        if isinstance(symbol, sp.Symbol) and symbol.is_nonnegative and not symbol.is_integer:
            yield symbol


def _same_order(step: Inequality, claim: Claim, gap: Expr) -> bool:
    """Whether a step states that a gap is not negative, in each context or on average over them."""
    if not _defines_the_data(step, claim):
        return False
    wanted = meant(gap, step.where)
    for stated in (step.larger - step.smaller, ContextMean(step.larger - step.smaller)):
        unfolded = meant(stated, step.where)
        if up_to_positive_factors(unfolded) == up_to_positive_factors(wanted) or _vanishes(unfolded - wanted):
            return True
    return False


def _vanishes(expr: Expr) -> bool:
    return normal_form(expr) == 0
