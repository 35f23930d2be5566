"""Exact slopes of log-probabilities, where a model offers derivatives, and peaks as their roots.

    d/dalpha log p_alpha(z) = d logit(z)/dalpha - E_alpha[d logit/dalpha]

A grid shows a peak to within two of its steps; the sign of the exact slope on either side shows it as closely as
strengths are evaluated, whatever the grid, and needs no difference of nearly equal values.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from numerics.bands.band import rounding_halfwidth
from numerics.observing.model import Steering

ROUNDS = 3
"""Evaluations of every bracket: the secant's root, and twice a pair around the next one, as far off as it moved."""

CLOSEST = 1e-3
"""Of a bracket's width: how near to its secant's root it is evaluated at least."""

Slopes = tuple[Float[np.ndarray, "strengths tokens"], Float[np.ndarray, " strengths"]]


@dataclass(frozen=True, kw_only=True, eq=False)
class SlopeObserver:
    """A model steered along a vector, as far as slopes of the log-probabilities of `tokens` go."""

    model: Any
    steering: Steering
    tokens: Int[np.ndarray, " tokens"]
    rounding: float

    def slopes(self, context: Any, strengths: Float[np.ndarray, " strengths"]) -> Slopes:
        """Exact slopes at the strengths, and how far rounding may have moved them."""
        rates, halfwidth = self._of_vocabulary(context, strengths)
        return rates[:, self.tokens], halfwidth

    def slope_at_zero(self, context: Any) -> Float[np.ndarray, " vocab"]:
        """Of every token of the vocabulary: how fast it rises as steering sets in."""
        return self._of_vocabulary(context, np.zeros(1))[0][0]

    def _of_vocabulary(self, context: Any, strengths: Float[np.ndarray, " strengths"]) -> Slopes:
        values, rates = self._values_and_rates(context, strengths)
        h = rounding_halfwidth(values.dtype, 1 + np.abs(values).max(axis=1).astype(np.float64), self.rounding)
        values, rates = values.astype(np.float64), rates.astype(np.float64)
        weights = np.exp(values - values.max(axis=1, keepdims=True))
        mean = (weights * rates).sum(axis=1) / weights.sum(axis=1)
        return rates - mean[:, None], 2 * h * np.abs(rates).max(axis=1)

    def _values_and_rates(self, context: Any, strengths: Float[np.ndarray, " strengths"]):
        where = self.steering.keywords
        if hasattr(self.model, "derivatives"):
            return np.asarray(self.model.derivatives(context, strengths, 1, **where))
        return tuple(np.asarray(f(context, strengths, **where)) for f in (self.model.logits, self.model.derivative))


def peaks_by_slopes(
    slopes_at: Callable[[Float[np.ndarray, " strengths"]], Slopes],
    strengths: Float[np.ndarray, " strengths"],
    known: Slopes,
    near: Float[np.ndarray, " tokens"],
) -> Float[np.ndarray, "tokens 2"]:
    """Between which strengths each curve peaks: where its slope goes from surely positive to surely negative.

    `known` are the slopes at the `strengths`, from which the search starts; of several peaks the one nearest to `near`
    is taken. NaN where there is none. Each round evaluates at most two strengths a curve, and always as many strengths
    as are known at first, so that a compiled model sees one shape.
    """
    slopes, halfwidth = known
    brackets = [_bracket(strengths, slopes[:, z], halfwidth, near[z]) for z in range(slopes.shape[1])]
    sought = [(z, bracket) for z, bracket in enumerate(brackets) if bracket is not None][: len(strengths) // 2]
    found, ends = np.full((slopes.shape[1], 2), np.nan), dict(sought)
    guess = {z: _root(*ends[z]) for z in ends}
    moved = dict.fromkeys(ends, 0.0)
    for _ in range(ROUNDS):
        wanted = np.unique([x for z in ends for x in _around(guess[z], moved[z], ends[z])])
        if wanted.size == 0:
            break
        values, widths = slopes_at(np.resize(wanted, len(strengths)))
        for z in ends:
            for n, x in enumerate(wanted):
                ends[z] = _narrowed(ends[z], x, values[n, z], widths[n])
            new = _root(*ends[z])
            closest = CLOSEST * (ends[z][1][0] - ends[z][0][0])  # off a root that was hit, where the slope has no sign
            guess[z], moved[z] = new, max(abs(new - guess[z]), closest)
    for z in ends:
        found[z] = ends[z][0][0], ends[z][1][0]
    return found


Point = tuple[float, float]
"""A strength and the slope there."""


def _bracket(strengths, slope, halfwidth, near: float) -> tuple[Point, Point] | None:
    """Of neighbours whose slopes are surely positive and surely negative those nearest to a strength."""
    sign = np.where(slope > halfwidth, 1, np.where(slope < -halfwidth, -1, 0))
    sure = np.flatnonzero(sign)
    turns = np.flatnonzero((sign[sure][:-1] > 0) & (sign[sure][1:] < 0))
    if turns.size == 0:
        return None
    pairs = [(sure[t], sure[t + 1]) for t in turns]
    a, b = min(pairs, key=lambda pair: max(strengths[pair[0]] - near, near - strengths[pair[1]], 0.0))
    return (float(strengths[a]), float(slope[a])), (float(strengths[b]), float(slope[b]))


def _root(left: Point, right: Point) -> float:
    """The secant's."""
    return left[0] + (right[0] - left[0]) * left[1] / (left[1] - right[1])


def _around(x: float, distance: float, ends: tuple[Point, Point]) -> list[float]:
    return [y for y in {x - distance, x + distance} if ends[0][0] < y < ends[1][0]]


def _narrowed(ends: tuple[Point, Point], x: float, slope: float, halfwidth: float) -> tuple[Point, Point]:
    left, right = ends
    if not left[0] < x < right[0] or abs(slope) <= halfwidth:
        return ends
    return ((x, slope), right) if slope > 0 else (left, (x, slope))
