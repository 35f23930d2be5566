"""The largest zigzag of n + 2 points that a band of curves cannot do without: what rules out n turning points.

A zigzag goes down, up, down, ... through n + 2 points in order of strength; its size is its smallest step. A curve is
within t of the curves that rise first and turn at most n times exactly when no zigzag in it is larger than 2t.
"""

import numpy as np
from jaxtyping import Float, Int

Rows = Float[np.ndarray, "strengths curves"]
NEAR = 2.0**-30


def largest_zigzag(
    high: Rows, low: Rows, n: int
) -> tuple[Float[np.ndarray, " curves"], Int[np.ndarray, "curves points"]]:
    """Size and points of the largest zigzag of n + 2 points, tops read from `high` and bottoms from `low`.

    A zigzag larger than a given size is found greedily in one pass, so the largest is found by bisecting the size.
    Every zigzag found lifts the lower end to its own exact size; once the ends are close, it alone moves, until nothing
    larger is found: the answer is exact. Where no zigzag is larger than 0 the size is 0 and the points are -1.
    """
    size, points = _zigzag_above(high, low, n, np.zeros(high.shape[1]))
    ceiling = np.maximum(high.max(axis=0) - low.min(axis=0), 0.0)
    fine = NEAR * ceiling
    curves = np.flatnonzero((size > 0) & np.isfinite(size))
    while curves.size:
        wide = np.isfinite(ceiling[curves]) & (ceiling[curves] - size[curves] > fine[curves])
        target = np.where(wide, (size[curves] + ceiling[curves]) / 2, size[curves])
        found, found_points = _zigzag_above(high[:, curves], low[:, curves], n, target)
        better = found > 0
        size[curves[better]], points[curves[better]] = found[better], found_points[better]
        ceiling[curves[~better]] = target[~better]
        curves = curves[(better | wide) & np.isfinite(size[curves])]
    return size, points


def first_zigzag(
    high: Rows, low: Rows, n: int, threshold: Float[np.ndarray, " curves"]
) -> tuple[Int[np.ndarray, "curves points"], Int[np.ndarray, " curves"]]:
    """A zigzag of n + 2 points whose every step exceeds `threshold`, found greedily; and the first row that shows one.

    Where there is none, the points are -1 and the row is the number of rows.
    """
    curves = np.arange(high.shape[1])
    stage = np.zeros(high.shape[1], np.int64)
    points, shown = np.empty((high.shape[1], n + 2), np.int64), np.full(high.shape[1], len(high))
    extreme, at = high[:1].max(axis=0, initial=-np.inf), np.zeros_like(stage)
    for row in range(1, len(high)):
        seeking_low = stage % 2 == 0
        ahead = np.where(seeking_low, high[row], -low[row])
        across = np.where(seeking_low, low[row], -high[row])
        with np.errstate(invalid="ignore"):  # nothing is above nothing known
            step = (extreme - across > threshold) & (stage <= n)
        points[curves[step], stage[step]] = at[step]
        stage += step
        shown = np.where(step & (stage == n + 1), row, shown)
        moved = step | (ahead > extreme)
        extreme = np.where(step, -across, np.maximum(extreme, ahead))
        at = np.where(moved, row, at)
    complete = stage == n + 1
    points[complete, n + 1] = at[complete]
    points[~complete] = -1
    return points, shown


def _zigzag_above(high: Rows, low: Rows, n: int, threshold: Float[np.ndarray, " curves"]):
    """Size and points of a zigzag whose every step exceeds `threshold`; size 0 where there is none."""
    points, shown = first_zigzag(high, low, n, threshold)
    tops = np.take_along_axis(high.T, points, axis=1)
    bottoms = np.take_along_axis(low.T, points, axis=1)
    heights = np.where(np.arange(n + 2) % 2 == 0, tops, bottoms)
    return np.where(shown < len(high), np.abs(np.diff(heights, axis=1)).min(axis=1), 0.0), points
