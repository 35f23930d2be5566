"""A claim against a concrete curve in certified arithmetic: refuted, or not; overlapping balls refute nothing.

`judge` samples the curve; `judge_line` decides shapes and derivatives on all of R where `exact_slopes` knows them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

import sympy as sp
from flint import arb

from certified_balls import Number, UndecidedError, ball, evaluate
from certified_model import observed
from certified_tilts import Tilt
from certified_worlds import Subject
from exact_slopes import constant, signs_on_the_line, slope_of
from theory.claims import Bounded, Claim, Close, Turns
from theory.quantities import ABSCISSA
from theory.tilted import definition

SHARP = arb(2) ** -60
"""Largest radius, relative to 1 + the value, of a ball that touches a bound: a wider one has not looked."""

Curve = Callable[[Number, int], arb]
"""Value at an abscissa, and of which derivative."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Why a curve breaks a claim ("" if it is not shown to), and how many comparisons were decided."""

    refuted: str = ""
    decided: int = 0


class BluntError(AssertionError):
    """Balls too wide to say anything."""


def applies(claim: Claim, subject: Subject) -> bool:
    """Whether the claim's condition is met, exactly; where balls leave that open the subject is passed over.

    A shape of no first direction, or of fewer than 0 turns, says nothing of a curve.
    """
    try:
        met = bool(evaluate(claim.condition.holds, subject))
        if not met or not isinstance(claim, Turns):
            return met
        n, first = shape(claim, subject)
        return n >= 0 and first != 0
    except UndecidedError:
        return False


def in_domain(claim: Claim, subject: Subject, points: Sequence[Number]) -> list[Number]:
    """The abscissae of the claim's domain."""
    if claim.domain == sp.S.Reals:
        return list(points)
    variable = ABSCISSA[claim.quantity.along]
    domain: Any = claim.domain
    relation = domain.as_relational(variable)
    return [at for at in points if evaluate(relation, subject, {variable: at})]


def judge(claim: Claim, subject: Subject, points: Sequence[Number], curve: Curve | None = None) -> Finding:
    """Judge a claim whose condition is met at ascending abscissae; `curve` (the observed one) can be any other."""
    curve = curve or partial(observed, claim.quantity, subject)
    inside = in_domain(claim, subject, points)
    match claim:
        case Turns():
            return _judge_turns(claim, subject, inside, curve)
        case Close():
            if claim.derivative and claim.quantity.along != "strength":
                raise ValueError(f"{claim.says}: no exact derivative along {claim.quantity.along} to judge it by")
            return _each(inside, lambda at: _close(claim, subject, at, curve(at, claim.derivative)))
        case Bounded():
            if claim.derivative and claim.quantity.along != "strength":
                return _judge_differences(claim, subject, inside, curve)
            return _each(inside, lambda at: _bounded(claim, subject, at, curve(at, claim.derivative)))


def _each(points: Sequence[Number], gaps: Callable[[Number], list[tuple[str, arb, arb]]]) -> Finding:
    decided = 0
    for at in points:
        try:
            found = gaps(at)
        except (UndecidedError, ZeroDivisionError):
            continue
        for says, gap, value in found:
            if not gap.is_finite():
                continue
            if gap < 0:
                return Finding(
                    refuted=f"at {at}: {says} by {_short(-gap)} (value {_short(value)})", decided=decided + 1
                )
            if not gap > 0 and not gap.rad() <= SHARP * (1 + abs(value)):
                raise BluntError(f"at {at}: gap {gap} is too wide to judge")
            decided += 1
    return Finding(decided=decided)


def _close(claim: Close, subject: Subject, at: Number, seen: arb) -> list[tuple[str, arb, arb]]:
    here = {ABSCISSA[claim.quantity.along]: at}
    value, remainder = (ball(evaluate(part, subject, here)) for part in (claim.value, claim.remainder))
    return [("farther from the closed form than its remainder", remainder - abs(seen - value), seen)]


def _bounded(claim: Bounded, subject: Subject, at: Number, seen: arb) -> list[tuple[str, arb, arb]]:
    here, gaps = {ABSCISSA[claim.quantity.along]: at}, []
    if claim.lower is not None:
        gaps.append(("below the lower bound", seen - ball(evaluate(claim.lower, subject, here)), seen))
    if claim.upper is not None:
        gaps.append(("above the upper bound", ball(evaluate(claim.upper, subject, here)) - seen, seen))
    return gaps


def _judge_differences(claim: Bounded, subject: Subject, points: Sequence[Number], curve: Curve) -> Finding:
    """Mean value theorem: a first difference quotient is the derivative somewhere between two abscissae."""
    if claim.derivative != 1:
        raise ValueError(f"{claim.says}: derivatives along {claim.quantity.along} are judged up to the first")
    quotients = {
        later: (curve(later, 0) - curve(sooner, 0)) / (ball(later) - ball(sooner)) for sooner, later in pairwise(points)
    }
    return _each(list(quotients), lambda at: _bounded(claim, subject, at, quotients[at]))


def shape(claim: Turns, subject: Subject) -> tuple[int, int]:
    """Greatest number of turns and the sign of the first move."""
    directions = {"rising": 1, "falling": -1}
    first = directions[claim.first] if isinstance(claim.first, str) else int(evaluate(claim.first, subject))
    return int(evaluate(claim.n, subject)), (first > 0) - (first < 0)


def _judge_turns(claim: Turns, subject: Subject, points: Sequence[Number], curve: Curve) -> Finding:
    seen: list[arb] = []
    for at in points:
        try:
            seen.append(curve(at, 0))
        except UndecidedError:
            continue
    signs = []
    for before, after in pairwise(value for value in seen if value.is_finite()):
        if before < after or before > after:
            signs.append(1 if before < after else -1)
    return Finding(refuted=misfit(signs, *shape(claim, subject)), decided=len(signs))


def misfit(signs: Sequence[int], n: int, first: int) -> str:
    """How a sequence of moves, each up (1) or down (-1), exceeds n turns after a first move of the given sign.

    A curve that starts the other way has had a turn before it was seen.
    """
    if not signs:
        return ""
    turns = sum(before != after for before, after in pairwise(signs)) + (signs[0] != first)
    return f"{turns} turns, starting from {first:+d}, where {n} are allowed: moves {list(signs)}" if turns > n else ""


def judge_line(claim: Claim, subject: Subject) -> Finding | None:
    """Judge turns, or constant bounds on a derivative, on the whole line exactly; None where that cannot be done."""
    slope = slope_of(claim.quantity.id, subject)
    if slope is None or claim.domain != sp.S.Reals or isinstance(claim, Close):
        return None
    if isinstance(claim, Turns):
        signs = signs_on_the_line(slope)
        return Finding(refuted=misfit(signs, *shape(claim, subject)), decided=max(len(signs), 1))
    if claim.derivative == 0:
        return None
    assert isinstance(subject.world, Tilt)
    for _ in range(claim.derivative - 1):
        slope = slope.slope()
    decided = 0
    for side, bound in ((1, claim.lower), (-1, claim.upper)):
        if bound is None or ABSCISSA["strength"] in definition(bound).free_symbols:
            continue
        value = evaluate(bound, subject)
        if not isinstance(value, Fraction):
            continue
        gap = (slope - constant(value / subject.world.scale**claim.derivative)) * side
        decided += 1
        if -1 in signs_on_the_line(gap):
            return Finding(refuted=f"passes the bound {bound} somewhere on the line", decided=decided)
    return Finding(decided=decided) if decided else None


def _short(value: Any) -> str:
    return value.str(8, radius=False)
