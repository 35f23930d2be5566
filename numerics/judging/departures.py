"""How far observed curves are from what a claim says of them, kind by kind."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
import sympy as sp
from jaxtyping import Bool, Float, Int

from numerics.arrays import ArrayLike
from numerics.bands import shapes
from numerics.bands.band import Band
from numerics.bands.exceeding import FROM_BETWEEN, FROM_CONVEX, FROM_RISING, from_turning
from numerics.bands.outward import Windows
from numerics.bands.shapes import Departures, Direction
from numerics.judging.antiderivatives import antiderivative
from numerics.judging.horizons.passages import Horizon, horizons
from numerics.judging.prediction import AFTER, BEFORE, INSIDE, is_limit, predicted, turning, turning_side
from numerics.lowering.setting import Settings
from numerics.observing.curve_bands import Curves
from theory.claims import Bounded, Claim, Close, Turns
from theory.quantities import ABSCISSA
from theory.tilted import Expr

Columns = Any
"""Numbers of curves, or a slice of them."""

Rows = Float[np.ndarray, "strengths curves"]

WAYS: dict[int, Direction] = {1: "rising", -1: "falling"}


class Again(Protocol):
    """Judges another band of the curves of some numbers (default: of all)."""

    def __call__(self, other: Band, columns: Columns = ...) -> Departures: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Departed:
    """Departures of every curve; on which `side` of the window its turning point is predicted (INSIDE: not at issue).

    `silent`: the law says nothing of this curve. `unjudged`: what it says cannot be judged in this window. `band` is
    what was judged; `again` judges another band of the curves of some numbers; `horizons` says at a tolerance how far
    out curves obey on each of some windows that grow, None where there is no such thing. `predicted` are the curves of
    a claim that gives them.
    """

    departures: Departures
    band: Band
    again: Again
    predicted: Rows | None
    horizons: Callable[[Sequence[Windows], Float[np.ndarray, " curves"]], list[Horizon]] | None
    side: Int[np.ndarray, " curves"]
    silent: Bool[np.ndarray, " curves"]
    unjudged: Bool[np.ndarray, " curves"]


def departed(
    claim: Claim,
    curves: Curves,
    inside: Bool[np.ndarray, " strengths"],
    known: Settings | None,
    *,
    tolerance: Float[np.ndarray, " curves"],
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
    steered = claim.quantity.along == "strength"

    def at(expr):
        return predicted(expr, claim, band.strengths, curves.per, known, tokens)

    def anywhere(expr, strengths):
        fresh = known and known.again()  # what is read between the strengths is not read again
        return predicted(expr, claim, strengths, curves.per, fresh, tokens)

    if points_needed(claim) > 1 and not isinstance(claim, Turns):
        return _derivatives(claim, whole, at, anywhere)
    match claim:
        case Turns():
            count, way = turning(claim, curves.per, known, tokens)
            side = turning_side(claim, count, band.strengths[[0, -1]], known, tokens)
            return _turns(band, count.ravel(), way.ravel(), side.ravel(), grows=steered)
        case Close():
            (value, error), (remainder, _) = at(claim.value), at(claim.remainder)
            silent, tail = np.asarray(np.isinf(remainder).all(axis=0)), is_limit(claim, known)
            if tail:
                remainder = np.where(remainder <= tolerance / 2, remainder, np.inf)
            floor, ceiling = (np.clip(value + side * (remainder + error), *curves.reach) for side in (-1, 1))
            unjudged = np.asarray(np.isinf(remainder).all(axis=0) & ~silent)
            return _between(
                band, floor, ceiling, grows=steered and not tail, silent=silent, unjudged=unjudged, value=value
            )
        case Bounded():
            lower, upper = _bounds(claim)
            floor = -np.inf if lower is None else np.clip(np.subtract(*at(lower)), *curves.reach)
            ceiling = np.inf if upper is None else np.clip(np.add(*at(upper)), *curves.reach)
            return _between(band, floor, ceiling, grows=steered)


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
    grows: bool,
    silent: Bool[ArrayLike, "..."] = False,
    unjudged: Bool[ArrayLike, "..."] = False,
    value: Rows | None = None,
) -> Departed:
    """Curves between two others, or between two numbers."""
    floor, ceiling = (np.broadcast_to(bound, band.lower.shape) for bound in (floor, ceiling))
    each = band.lower.shape[1:]

    def reached(families: Sequence[Windows], allowed: Float[np.ndarray, " curves"]) -> list[Horizon]:
        return horizons(FROM_BETWEEN, band.strengths, *shapes.beyond(band, floor, ceiling), families, allowed)

    return Departed(
        departures=shapes.between(band, floor, ceiling),
        band=band,
        again=lambda other, columns=slice(None): shapes.between(other, floor[:, columns], ceiling[:, columns]),
        predicted=value if grows else None,
        horizons=reached if grows else None,
        side=np.full(each, INSIDE),
        silent=np.broadcast_to(silent, each),
        unjudged=np.broadcast_to(unjudged, each),
    )


def _turns(
    band: Band,
    count: Int[np.ndarray, " curves"],
    way: Int[np.ndarray, " curves"],
    side: Int[np.ndarray, " curves"],
    *,
    grows: bool,
) -> Departed:
    """Curves in groups of one shape; a turning point beyond the window leaves the part before or after it.

    On windows that grow the shape is that of the law, wherever the turning point is: where it lies is another question.
    """
    silent = (count < 0) | (way == 0)
    beyond = (side == AFTER) | (side == BEFORE)
    whole = np.where(silent, 0, count), np.where(silent, 1, way)
    kind = np.where(beyond, 0, whole[0]), np.where(side == BEFORE, -whole[1], whole[1])

    def again(other: Band, columns: Columns = slice(None)) -> Departures:
        turns, first = kind[0][columns], kind[1][columns]
        least, most = np.empty((2, turns.size))
        witness = np.full((turns.size, 2 + turns.max(initial=0)), -1)
        for n, goes, kept in _groups(turns, first):
            part = shapes.turns(other if kept.all() else other.columns(kept), n, WAYS[goes])
            least[kept], most[kept] = part.least, part.most
            witness[np.ix_(kept, np.arange(part.witness.shape[1]))] = part.witness
        return Departures(least=least, most=most, witness=witness)

    def reached(families: Sequence[Windows], allowed: Float[np.ndarray, " curves"]) -> list[Horizon]:
        found = np.empty((len(families), 3, way.size))
        for n, goes, kept in _groups(*whole):
            part = band.columns(kept) if goes > 0 else -band.columns(kept)
            own, shape = [grown.of(kept) for grown in families], from_turning(n)
            for number, one in enumerate(horizons(shape, part.strengths, part.lower, part.upper, own, allowed[kept])):
                found[number][:, kept] = one.lower, one.upper, one.end
        return [Horizon(lower=lower, upper=upper, end=end) for lower, upper, end in found]

    return Departed(
        departures=again(band),
        band=band,
        again=again,
        predicted=None,
        horizons=reached if grows else None,
        side=np.where(silent, INSIDE, side),
        silent=silent,
        unjudged=np.zeros_like(silent),
    )


def _groups(
    count: Int[np.ndarray, " curves"], way: Int[np.ndarray, " curves"]
) -> Iterator[tuple[int, int, Bool[np.ndarray, " curves"]]]:
    """Curves of one shape together."""
    for n, first in np.unique(np.stack([count, way]), axis=1).T:
        yield int(n), int(first), (count == n) & (way == first)


def _bounds(claim: Close | Bounded) -> tuple[Expr | None, Expr | None]:
    """What the claim puts below and above."""
    if isinstance(claim, Bounded):
        return claim.lower, claim.upper
    return claim.value - claim.remainder, claim.value + claim.remainder


def _integral(
    claim: Close | Bounded, bound: Expr, band: Band, at: Callable[..., Any], anywhere: Callable[..., Any]
) -> tuple[Rows, Rows]:
    """Of a bound, by closed form as far as the claim gives one, else by quadrature; and by how much it may be off."""
    closed, rest = sp.S.Zero, bound
    if isinstance(claim, Close) and claim.integral is not None:
        closed, rest = claim.integral, bound - claim.value
    value, error = at(closed)
    if rest == 0:
        return value, np.broadcast_to(error, value.shape)
    varies = rest.has(ABSCISSA[claim.quantity.along])
    apart, missed = antiderivative(partial(anywhere, rest), band.strengths, claim.derivative, varies=varies)
    return value + apart, error + missed


def _derivatives(claim: Close | Bounded, band: Band, at: Callable[..., Any], anywhere: Callable[..., Any]) -> Departed:
    """From the curves of a known derivative, or of one that is bounded: those that move as its integral does.

    Closed forms are read `at` the strengths of the band, or `anywhere`.
    """
    bounds = {
        side: bound for side, bound in zip(("at_least", "at_most"), _bounds(claim), strict=True) if bound is not None
    }
    integrals = {bound: _integral(claim, bound, band, at, anywhere) for bound in set(bounds.values())}

    def widened(band: Band, columns: Columns) -> Iterator[tuple[str, Rows, Band, np.ndarray]]:
        """Which bound, its integral where that is known, the band with the integral's error, and where it is known."""
        for side, bound in bounds.items():
            curve, error = (part[:, columns] for part in integrals[bound])
            known = np.asarray(np.isfinite(curve).all(axis=0))
            curve, error = np.where(known, curve, 0.0), np.where(known, error, 0.0)
            yield side, curve, replace(band, lower=band.lower - error, upper=band.upper + error), known

    def judged(other: Band, columns: Columns = slice(None)) -> Departures:
        shape = shapes.slope if claim.derivative == 1 else shapes.curvature
        parts = []
        for side, curve, wide, known in widened(other, columns):
            part = shape(wide, **{side: curve})
            least, most = (np.where(known, size, np.nan) for size in (part.least, part.most))
            parts.append(replace(part, least=least, most=most))
        return Departures.worse(*parts)

    def reached(families: Sequence[Windows], allowed: Float[np.ndarray, " curves"]) -> list[Horizon]:
        shape = FROM_RISING if claim.derivative == 1 else FROM_CONVEX
        each = []
        for side, curve, wide, _ in widened(band, slice(None)):
            apart = wide.less(curve) if side == "at_least" else -wide.less(curve)
            each.append(horizons(shape, apart.strengths, apart.lower, apart.upper, families, allowed))
        return [
            Horizon(lower=lower, upper=upper, end=sides[0].end)
            for sides in zip(*each, strict=True)
            for lower, upper in [np.min([[one.lower, one.upper] for one in sides], axis=0)]
        ]

    never = np.zeros(band.lower.shape[1], bool)
    return Departed(
        departures=judged(band),
        band=band,
        again=judged,
        predicted=None,
        horizons=reached if claim.quantity.along == "strength" else None,
        side=np.full(never.size, INSIDE),
        silent=never,
        unjudged=never,
    )
