"""Where a grid of strengths is too coarse for its curves, and which strengths to add within a budget.

For computed curves, whose bands hold whatever the grid. A sampled curve's simultaneous level counts the strengths, so a
grid chosen from its own samples needs either fresh samples at all strengths, or bounds that hold at every number of
samples (`numerics.intervals.bounded_mean_band`) at the level of the finest grid it may end with.
"""

import heapq
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from numerics.bands import Band, check_strengths
from numerics.peak_intervals import peak_intervals


class Region(NamedTuple):
    """Strengths from `lower` to `upper`, where neighbours should be at most `spacing` apart."""

    lower: float
    upper: float
    spacing: float


def interpolation_error(band: Band) -> Float[np.ndarray, " gaps"]:
    """Between neighbouring strengths, by how much the worst of the curves may leave the chord: max |f''| h^2/8.

    f'' is the second divided difference at either end of a gap, as far as the band tells it from 0: neither rounding
    nor sampling noise makes a grid look coarse.
    """
    check_strengths(band.strengths, least=3)
    h = np.diff(band.strengths)
    left, right = h[:-1, None], h[1:, None]
    weights = 2 / (left * (left + right)), -2 / (left * right), 2 / (right * (left + right))
    least, most = (sum(_product(w, band, a, low=low) for a, w in enumerate(weights)) for low in (True, False))
    bend = np.maximum(least, -most).max(axis=1, initial=0.0)
    bend = np.concatenate([bend[:1], bend, bend[-1:]])
    return np.maximum(bend[:-1], bend[1:]) * h**2 / 8


def turning_regions(band: Band, spacing: float) -> list[Region]:
    """Where the peaks and the minima of the curves may lie, to be resolved to within `spacing`."""
    regions = []
    for side in (band, -band):
        for lower, upper in np.unique(peak_intervals(side), axis=0):
            if np.isfinite(lower) and np.isfinite(upper):
                regions.append(Region(float(lower), float(upper), spacing))
    return regions


def sign_change_regions(slopes: Band, spacing: float) -> list[Region]:
    """Where an exact derivative changes its sign between neighbours: there the curve turns, to within `spacing`."""
    sign = np.where(slopes.lower > 0, 1, np.where(slopes.upper < 0, -1, 0))
    gaps = np.flatnonzero((sign[:-1] * sign[1:] < 0).any(axis=1))
    return [Region(float(slopes.strengths[gap]), float(slopes.strengths[gap + 1]), spacing) for gap in gaps]


def refine(band: Band, budget: int, *, tolerance: float, regions: Sequence[Region] = ()) -> Float[np.ndarray, " added"]:
    """At most `budget` strengths to add, where they matter most: the worst gap is divided first.

    A gap is too coarse by its interpolation error over `tolerance`, or by the square of its length over the spacing of
    a region that overlaps it; either falls as the square of the number of parts. Nothing is added where all is fine.
    """
    if budget < 0 or not tolerance > 0:
        raise ValueError(f"refining needs a budget of 0 or more and a positive tolerance, got {budget} and {tolerance}")
    x = band.strengths
    need = interpolation_error(band) / tolerance
    for lower, upper, spacing in regions:
        overlaps = (x[:-1] < upper) & (x[1:] > lower)
        need = np.maximum(need, np.where(overlaps, (np.diff(x) / spacing) ** 2, 0.0))
    parts = np.ones(len(need), int)
    queue = [(-size, gap) for gap, size in enumerate(need) if size > 1]
    heapq.heapify(queue)
    for _ in range(budget):
        if not queue:
            break
        _, gap = queue[0]
        parts[gap] += 1
        rest = need[gap] / parts[gap] ** 2
        if rest > 1:
            heapq.heapreplace(queue, (-rest, gap))
        else:
            heapq.heappop(queue)
    inner = [np.linspace(x[gap], x[gap + 1], parts[gap] + 1)[1:-1] for gap in np.flatnonzero(parts > 1)]
    return np.concatenate([np.empty(0), *inner])


def _product(weight: np.ndarray, band: Band, shift: int, *, low: bool) -> np.ndarray:
    """The smallest (or largest) product of a weight and the curve `shift` rows on."""
    rows = slice(shift, len(band.strengths) - 2 + shift)
    return weight * np.where((weight > 0) == low, band.lower[rows], band.upper[rows])
