"""How far observed curves are from what a claim says of them, kind by kind."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.arrays import ArrayLike
from numerics.bands import shapes
from numerics.bands.band import Band
from numerics.bands.shapes import Departures, Direction
from numerics.judging.antiderivatives import antiderivative
from numerics.judging.prediction import AFTER, BEFORE, INSIDE, is_limit, predicted, turning, turning_side
from numerics.lowering.setting import Settings
from numerics.observing.curve_bands import Curves
from theory.claims import Bounded, Claim, Close, Turns
from theory.quantities import ABSCISSA
from theory.tilted import Expr

WAYS: dict[int, Direction] = {1: "rising", -1: "falling"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Departed:
    """Departures of every curve; on which `side` of the window its turning point is predicted (INSIDE: not at issue).

    `silent`: the law says nothing of this curve. `unjudged`: what it says cannot be judged in this window. `band` is
    what was judged; `of_curve` judges another band of one curve, by its number, as if it were known better or worse.
    """

    departures: Departures
    band: Band
    of_curve: Callable[[int, Band], Departures]
    side: Int[np.ndarray, " curves"]
    silent: Bool[np.ndarray, " curves"]
    unjudged: Bool[np.ndarray, " curves"]


def departed(
    claim: Claim,
    curves: Curves,
    inside: Bool[np.ndarray, " strengths"],
    known: Settings | None,
    *,
    tolerance: float,
    tokens: Int[np.ndarray, " tokens"] | None = None,
) -> Departed:
    """Departures at the strengths `inside` the claim's domain.

    Where values beyond the curves' reach are known only to lie beyond it, values, bounds and closed forms are all moved
    to its ends: that keeps their order, so the claim still says it.
    """
    whole = curves.band[inside]
    band = Band(
        strengths=whole.strengths, lower=np.clip(whole.lower, *curves.reach), upper=np.clip(whole.upper, *curves.reach)
    )

    def at(expr):
        return predicted(expr, claim, band.strengths, curves.per, known, tokens)

    def anywhere(expr, strengths):
        fresh = known and Settings(baseline=known.baseline)  # what is read between the strengths is not read again
        return predicted(expr, claim, strengths, curves.per, fresh, tokens)

    if points_needed(claim) > 1 and not isinstance(claim, Turns):
        return _derivatives(claim, whole, anywhere)
    match claim:
        case Turns():
            count, way = turning(claim, curves.per, known, tokens)
            side = turning_side(claim, count, band.strengths[[0, -1]], known, tokens)
            return _turns(band, count.ravel(), way.ravel(), side.ravel())
        case Close():
            (value, error), (remainder, _) = at(claim.value), at(claim.remainder)
            silent = np.asarray(np.isinf(remainder).all(axis=0))
            if is_limit(claim, known):
                remainder = np.where(remainder <= tolerance / 2, remainder, np.inf)
            floor, ceiling = (np.clip(value + side * (remainder + error), *curves.reach) for side in (-1, 1))
            unjudged = np.asarray(np.isinf(remainder).all(axis=0) & ~silent)
            return _between(band, floor, ceiling, silent=silent, unjudged=unjudged)
        case Bounded():
            lower, upper = _bounds(claim)
            floor = -np.inf if lower is None else np.clip(np.subtract(*at(lower)), *curves.reach)
            ceiling = np.inf if upper is None else np.clip(np.add(*at(upper)), *curves.reach)
            return _between(band, floor, ceiling)


def points_needed(claim: Claim) -> int:
    """The fewest points of a curve on which a claim can fail."""
    if isinstance(claim, Turns):
        return 2 if claim.n == 0 else 3
    return 1 + claim.derivative


def _between(
    band: Band,
    floor: Float[ArrayLike, "..."],
    ceiling: Float[ArrayLike, "..."],
    *,
    silent: Bool[ArrayLike, "..."] = False,
    unjudged: Bool[ArrayLike, "..."] = False,
) -> Departed:
    """Curves between two others, or between two numbers."""
    floor, ceiling = (np.broadcast_to(bound, band.lower.shape) for bound in (floor, ceiling))
    each = band.lower.shape[1:]
    return Departed(
        departures=shapes.between(band, floor, ceiling),
        band=band,
        of_curve=lambda n, other: shapes.between(other, floor[:, [n]], ceiling[:, [n]]),
        side=np.full(each, INSIDE),
        silent=np.broadcast_to(silent, each),
        unjudged=np.broadcast_to(unjudged, each),
    )


def _turns(
    band: Band, count: Int[np.ndarray, " curves"], way: Int[np.ndarray, " curves"], side: Int[np.ndarray, " curves"]
) -> Departed:
    """Curves in groups of one shape; a turning point beyond the window leaves the part before or after it."""
    silent = (count < 0) | (way == 0)
    beyond = (side == AFTER) | (side == BEFORE)
    count = np.where(silent | beyond, 0, count)
    way = np.where(silent, 1, np.where(side == BEFORE, -way, way))
    least, most = np.empty(side.size), np.empty(side.size)
    witness = np.full((side.size, 2 + count.max(initial=0)), -1)
    for n, first in np.unique(np.stack([count, way]), axis=1).T:
        kept = (count == n) & (way == first)
        part = shapes.turns(band if kept.all() else band.columns(kept), int(n), WAYS[int(first)])
        least[kept], most[kept] = part.least, part.most
        witness[np.ix_(kept, np.arange(part.witness.shape[1]))] = part.witness
    return Departed(
        departures=Departures(least=least, most=most, witness=witness),
        band=band,
        of_curve=lambda n, other: shapes.turns(other, int(count[n]), WAYS[int(way[n])]),
        side=np.where(silent, INSIDE, side),
        silent=silent,
        unjudged=np.zeros_like(silent),
    )


def _bounds(claim: Close | Bounded) -> tuple[Expr | None, Expr | None]:
    """What the claim puts below and above."""
    if isinstance(claim, Bounded):
        return claim.lower, claim.upper
    return claim.value - claim.remainder, claim.value + claim.remainder


def _derivatives(claim: Close | Bounded, band: Band, at: Callable[..., Any]) -> Departed:
    """From the curves of a known derivative, or of one that is bounded: those that move as its integral does."""
    variable = ABSCISSA[claim.quantity.along]
    bounds = {
        side: bound for side, bound in zip(("at_least", "at_most"), _bounds(claim), strict=True) if bound is not None
    }
    integrals = {
        bound: antiderivative(partial(at, bound), band.strengths, claim.derivative, varies=bound.has(variable))
        for bound in set(bounds.values())
    }

    def judged(band: Band, columns: Any = slice(None)) -> Departures:
        shape = shapes.slope if claim.derivative == 1 else shapes.curvature
        parts = []
        for side, bound in bounds.items():
            curve, error = integrals[bound]
            curve, error = curve[:, columns], error[:, columns]
            known = np.isfinite(curve).all(axis=0)
            curve, error = np.where(known, curve, 0.0), np.where(known, error, 0.0)
            part = shape(replace(band, lower=band.lower - error, upper=band.upper + error), **{side: curve})
            least, most = (np.where(known, size, np.nan) for size in (part.least, part.most))
            parts.append(replace(part, least=least, most=most))
        return Departures.worse(*parts)

    never = np.zeros(band.lower.shape[1], bool)
    return Departed(
        departures=judged(band),
        band=band,
        of_curve=lambda n, other: judged(other, [n]),
        side=np.full(never.size, INSIDE),
        silent=never,
        unjudged=never,
    )
