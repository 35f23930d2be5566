"""Slopes of log-probabilities, and peaks as their roots, as observed.

A grid shows a peak to within two of its steps; the sign of the slope on either side shows it as closely as slopes are
known, whatever the grid, and needs no difference of nearly equal values.
"""

from collections.abc import Collection

import numpy as np
from jaxtyping import Float, Int

from numerics.observing.observers.view import Sloped, View
from numerics.observing.watched import leading

LOCATING = frozenset({"slope_peak_lower", "slope_peak_upper"})
OF_CHOSEN = LOCATING | {"log_probability_slope"}

LOCATED = 8
"""Of the chosen tokens, how many of the likeliest get their peaks from slopes."""

ROUNDS, PARTS = 3, 8
"""How often a bracket is divided, and into how many parts."""

Brackets = Float[np.ndarray, "tokens 2"]


def observe_slopes(view: View, wanted: Collection[str]) -> dict[str, np.ndarray]:
    """Of the chosen tokens at every strength, of all tokens at 0, and the peaks of the likeliest; as wanted."""
    found = {}
    if view.slopes is None or not view.tokens.size:
        return found
    if "slope_at_zero" in wanted:
        found["slope_at_zero"] = view.slopes(np.zeros(1), slice(None))[0][0]
    if OF_CHOSEN.isdisjoint(wanted):
        return found
    slopes, halfwidth = view.slopes(view.strengths, view.tokens)
    if "log_probability_slope" in wanted:
        found |= {"log_probability_slope": slopes.T, "log_probability_slope_halfwidth": halfwidth}
    if not LOCATING.isdisjoint(wanted):
        likeliest = leading(view.unsteered[view.tokens], LOCATED)
        peaks = np.full((view.tokens.size, 2), np.nan)
        peaks[likeliest] = _peaks(view, view.tokens[likeliest], slopes[:, likeliest], halfwidth)
        found |= {"slope_peak_lower": peaks[:, 0], "slope_peak_upper": peaks[:, 1]}
    return found


def _peaks(view: View, tokens: Int[np.ndarray, " tokens"], slopes: np.ndarray, halfwidth: np.ndarray) -> Brackets:
    """Between which strengths each curve peaks: where its slope goes from surely positive to surely negative.

    Of several peaks the one nearest to the largest value is taken; NaN where there is none.
    """
    near = view.strengths[(view.of(tokens) - view.log_normaliser[:, None]).argmax(axis=0)]
    found = np.array([_bracket(view.strengths, slopes[:, z], halfwidth, near[z]) for z in range(len(tokens))]).reshape(
        -1, 2
    )
    known = np.isfinite(found).all(axis=1)
    if known.any():
        found[known] = _narrowed(view, tokens[known], found[known])
    return found


def _bracket(strengths, slope, halfwidth, near: float) -> tuple[float, float]:
    """Of neighbours whose slopes are surely positive and surely negative those nearest to a strength."""
    sign = np.where(slope > halfwidth, 1, np.where(slope < -halfwidth, -1, 0))
    sure = np.flatnonzero(sign)
    turns = np.flatnonzero((sign[sure][:-1] > 0) & (sign[sure][1:] < 0))
    if turns.size == 0:
        return np.nan, np.nan
    pairs = [(float(strengths[sure[t]]), float(strengths[sure[t + 1]])) for t in turns]
    return min(pairs, key=lambda pair: max(pair[0] - near, near - pair[1], 0.0))


def _narrowed(view: View, tokens: Int[np.ndarray, " some"], brackets: Brackets) -> Brackets:
    """Brackets between the last slope that is surely positive and the first that is surely negative, again and again.

    NaN where slopes are an interpolant's and the model's own, of which nothing was interpolated, do not confirm it.
    """
    assert view.slopes is not None
    low, high = brackets.T
    inner = np.arange(1, PARTS)[:, None] / PARTS
    for _ in range(ROUNDS):
        at = np.concatenate([low[None], low + (high - low) * inner, high[None]])
        slopes, error = view.slopes(at[1:-1].ravel(), tokens)
        own = slopes[np.arange(len(slopes)), np.tile(np.arange(len(tokens)), PARTS - 1)]
        sign = np.zeros(at.shape)
        sign[0], sign[-1] = 1, -1
        sign[1:-1] = np.where(np.abs(own) > error, np.sign(own), 0).reshape(PARTS - 1, -1)
        end = (sign < 0).argmax(axis=0)
        start = np.where(np.arange(len(sign))[:, None] < end, sign > 0, False)[::-1].argmax(axis=0)
        low, high = (np.take_along_axis(at, place[None], axis=0)[0] for place in (PARTS - start, end))
    confirmed = view.exact is None or _confirmed(view.exact, tokens, low, high)
    return np.where(np.expand_dims(confirmed, -1), np.stack([low, high], axis=1), np.nan)


def _confirmed(exact: Sloped, tokens: Int[np.ndarray, " some"], low: np.ndarray, high: np.ndarray):
    """Whether the slopes of the model itself are surely positive at the lower ends and negative at the upper ones."""
    at = np.resize(np.concatenate([low, high]), 2 * LOCATED)  # one shape, so that a compiled model sees no other
    slopes, error = exact(at, tokens)
    place = np.arange(len(tokens))
    rising, falling = slopes > error[:, None], slopes < -error[:, None]
    return rising[place, place] & falling[len(tokens) + place, place]
