"""Where a grid of strengths is too coarse for its curves, and which strengths to add within a budget.

For computed curves, whose bands hold whatever the grid. A sampled curve's simultaneous level counts the strengths, so a
grid chosen from its own samples needs either fresh samples at all strengths, or bounds that hold at every number of
samples (`numerics.bands.intervals.bounded_mean_band`) at the level of the finest grid it may end with.
"""

import heapq
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from numerics.bands.band import Band, check_strengths
from numerics.bands.evidence import TOLERANCE
from numerics.bands.peak_intervals import peak_intervals


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


def hidden_regions(curves: Band, slopes: Band, tolerance: float) -> list[Region]:
    """Where exact slopes say that the grid does not show what the curves do between its strengths.

    At a strength of a resolved curve the slope lies between the chords on either side. One that lies beyond them by s
    hides a wiggle of about s h/4 in a gap of length h; those larger than the tolerance are to be resolved.
    """
    x, at = curves.strengths, np.flatnonzero(np.isin(curves.strengths, slopes.strengths))
    at = at[(at > 0) & (at < len(x) - 1)]
    if not at.size:  # a grid so short that slopes are known at its ends alone
        return []
    known = slopes[np.isin(slopes.strengths, x[at])]
    h = np.diff(x)[:, None]
    least, most = (curves.lower[1:] - curves.upper[:-1]) / h, (curves.upper[1:] - curves.lower[:-1]) / h
    below = np.minimum(least[at - 1], least[at]) - known.upper
    above = known.lower - np.maximum(most[at - 1], most[at])
    beyond = np.maximum(below, above).max(axis=1, initial=0.0)
    regions = []
    for point, by in zip(at, beyond, strict=True):
        if (wiggle := by * (x[point + 1] - x[point - 1]) / 8) > tolerance:
            spacing = (x[point + 1] - x[point - 1]) / 2 / max(4.0, np.sqrt(wiggle / tolerance))
            regions.append(Region(float(x[point - 1]), float(x[point + 1]), float(spacing)))
    return regions


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


def finer_grid(
    curves: Sequence[Band], sloped: Sequence[tuple[Band, Band]], budget: int, tolerance: float = TOLERANCE
) -> Float[np.ndarray, " strengths"]:
    """The strengths of some curves with at most `budget` more, where any of them needs a closer look.

    Turning points are resolved to a quarter of a usual step, as are sign changes of exact slopes; `sloped` are curves
    with their slopes.
    """
    strengths = curves[0].strengths
    lower, upper = (np.concatenate([getattr(band, end) for band in curves], axis=1) for end in ("lower", "upper"))
    together = Band(strengths=strengths, lower=lower, upper=upper)
    spacing = float(np.median(np.diff(strengths))) / 4
    regions = turning_regions(together, spacing)
    for values, slopes in sloped:
        regions += [*sign_change_regions(slopes, spacing), *hidden_regions(values, slopes, tolerance)]
    return np.union1d(strengths, refine(together, budget, tolerance=tolerance, regions=regions))


def _product(weight: np.ndarray, band: Band, shift: int, *, low: bool) -> np.ndarray:
    """The smallest (or largest) product of a weight and the curve `shift` rows on."""
    rows = slice(shift, len(band.strengths) - 2 + shift)
    return weight * np.where((weight > 0) == low, band.lower[rows], band.upper[rows])
