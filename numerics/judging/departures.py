"""How far observed curves are from what a claim says of them, kind by kind."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.bands import shapes
from numerics.bands.band import Band
from numerics.bands.shapes import Departures, Direction
from numerics.judging.prediction import AFTER, BEFORE, INSIDE, is_limit, predicted, turning, turning_side
from numerics.lowering.setting import Settings
from numerics.observing.curve_bands import Curves
from theory.claims import Bounded, Claim, Close, Turns

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
    settled, never = np.full(band.lower.shape[1], INSIDE), np.zeros(band.lower.shape[1], bool)

    def at(expr):
        return predicted(expr, claim, band.strengths, curves.per, known, tokens)

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
            return Departed(
                departures=shapes.between(band, floor, ceiling),
                band=band,
                of_curve=lambda n, other: shapes.between(other, floor[:, [n]], ceiling[:, [n]]),
                side=settled,
                silent=silent,
                unjudged=unjudged,
            )
        case Bounded():
            bounds, judged = _bounds(claim, at, curves.reach), whole if claim.derivative else band
            return Departed(
                departures=_bounded(claim, judged, bounds),
                band=judged,
                of_curve=lambda n, other: _bounded(claim, other, {k: v[..., [n]] for k, v in bounds.items()}),
                side=settled,
                silent=never,
                unjudged=never,
            )


def points_needed(claim: Claim) -> int:
    """The fewest points of a curve on which a claim can fail."""
    if isinstance(claim, Turns):
        return 2 if claim.n == 0 else 3
    return 1 + claim.derivative if isinstance(claim, Bounded) else 1


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


Bounds = dict[str, Float[np.ndarray, "... curves"]]


def _bounds(claim: Bounded, at, reach: tuple[float, float]) -> Bounds:
    """Bounds of a value at every strength, moved into reach; of a derivative one number a curve."""
    bounds: Bounds = {}
    for name, side, expr in (("at_least", -1, claim.lower), ("at_most", 1, claim.upper)):
        if expr is not None:
            value, error = at(expr)
            bounds[name] = value + side * error
    if claim.derivative == 0:
        return {name: np.clip(bound, *reach) for name, bound in bounds.items()}
    if claim.derivative > 2:
        raise ValueError(f"{claim.says}: derivatives are judged up to the second, got {claim.derivative}")
    constant = {}
    for name, bound in bounds.items():
        constant[name] = bound.min(axis=0) if name == "at_least" else bound.max(axis=0)
        if np.ptp(bound, axis=0).max() > 1e-9 * (1 + np.abs(constant[name]).max()):
            raise ValueError(f"{claim.says}: a bound on a derivative must be the same at every strength")
    return constant


def _bounded(claim: Bounded, band: Band, bounds: Bounds) -> Departures:
    if claim.derivative == 0:
        return shapes.between(band, bounds.get("at_least", -np.inf), bounds.get("at_most", np.inf))
    return (shapes.slope if claim.derivative == 1 else shapes.curvature)(band, **bounds)
