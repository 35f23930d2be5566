"""How far observed curves are from what a claim says of them, kind by kind."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics import shapes
from numerics.bands import Band
from numerics.baseline import Baseline
from numerics.observed_curves import Curves
from numerics.predict import AFTER, BEFORE, INSIDE, is_limit, predicted, turning, turning_side
from numerics.shapes import Departures, Direction
from theory.claims import Bounded, Claim, Close, Turns

WAYS: dict[int, Direction] = {1: "rising", -1: "falling"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Departed:
    """Departures of every curve; on which `side` of the window its turning point is predicted (INSIDE: not at issue).

    `silent`: the law says nothing of this curve. `unjudged`: what it says cannot be judged in this window.
    """

    departures: Departures
    side: Int[np.ndarray, " curves"]
    silent: Bool[np.ndarray, " curves"]
    unjudged: Bool[np.ndarray, " curves"]


def departed(
    claim: Claim,
    curves: Curves,
    inside: Bool[np.ndarray, " strengths"],
    baseline: Baseline | None,
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
        return predicted(expr, claim, band.strengths, curves.per, baseline, tokens)

    match claim:
        case Turns():
            count, way = turning(claim, curves.per, baseline, tokens)
            side = turning_side(claim, count, band.strengths[[0, -1]], baseline, tokens)
            return _turns(band, count.ravel(), way.ravel(), side.ravel())
        case Close():
            (value, error), (remainder, _) = at(claim.value), at(claim.remainder)
            silent = np.asarray(np.isinf(remainder).all(axis=0))
            if is_limit(claim, baseline):
                remainder = np.where(remainder <= tolerance / 2, remainder, np.inf)
            floor, ceiling = (np.clip(value + side * (remainder + error), *curves.reach) for side in (-1, 1))
            unjudged = np.asarray(np.isinf(remainder).all(axis=0) & ~silent)
            return Departed(
                departures=shapes.between(band, floor, ceiling), side=settled, silent=silent, unjudged=unjudged
            )
        case Bounded():
            found = _bounds(claim, whole if claim.derivative else band, at, curves.reach)
            return Departed(departures=found, side=settled, silent=never, unjudged=never)


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
    found = Departures(least=least, most=most, witness=witness)
    return Departed(
        departures=found, side=np.where(silent, INSIDE, side), silent=silent, unjudged=np.zeros_like(silent)
    )


def _bounds(claim: Bounded, band: Band, at, reach: tuple[float, float]) -> Departures:
    bounds: dict[str, Float[np.ndarray, "strengths curves"]] = {}
    for name, expr in (("at_least", claim.lower), ("at_most", claim.upper)):
        if expr is not None:
            value, error = at(expr)
            bounds[name] = value - error if name == "at_least" else value + error
    if claim.derivative == 0:
        floor, ceiling = bounds.get("at_least", -np.inf), bounds.get("at_most", np.inf)
        return shapes.between(band, np.clip(floor, *reach), np.clip(ceiling, *reach))
    if claim.derivative > 2:
        raise ValueError(f"{claim.says}: derivatives are judged up to the second, got {claim.derivative}")
    constant = {}
    for name, bound in bounds.items():
        constant[name] = bound.min(axis=0) if name == "at_least" else bound.max(axis=0)
        if np.ptp(bound, axis=0).max() > 1e-9 * (1 + np.abs(constant[name]).max()):
            raise ValueError(f"{claim.says}: a bound on a derivative must be the same at every strength")
    return (shapes.slope if claim.derivative == 1 else shapes.curvature)(band, **constant)
