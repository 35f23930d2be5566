"""How far a curve rises above its own convex hull: what rules out convexity, with the three points that show it."""

import numpy as np
from jaxtyping import Float, Int

from numerics.bands.band import Band


def height_above_hull(band: Band, column: int) -> tuple[float, float, Int[np.ndarray, "3"]]:
    """Largest height of a point above the chord of a point on either side of it, for one curve of a band.

    Returns the smallest such height over the curves in the band (the point read from `lower`, the chord from `upper`),
    the largest (exchanged), and the three points of the first where it is positive, else of the second. The first is
    exact where it is positive and else no more than 0; that the second is negative means that every such curve is
    strictly convex by that much.
    """
    x, lower, upper = band.strengths, band.lower[:, column], band.upper[:, column]
    hull = lower_hull(x, upper)
    least = lower - _at(x, upper, hull, x)
    if least.max() > 0:
        points = _chord(hull, int(least.argmax()))
    most = _heights_without_self(x, upper, lower)
    if least.max() <= 0:
        middle = int(most.argmax())
        points = np.array([middle - 1, middle, middle + 1])
        if np.isfinite(lower).all():
            others = np.delete(np.arange(len(x)), middle)
            points = _chord(others[lower_hull(x[others], lower[others])], middle)
    return float(least[1:-1].max()), float(most.max()), points


def lower_hull(x: Float[np.ndarray, " points"], y: Float[np.ndarray, " points"]) -> Int[np.ndarray, " vertices"]:
    """Vertices of the greatest convex curve below the points (Andrew's monotone chain); infinite ones bind nothing."""
    hull: list[int] = []
    for i in np.flatnonzero(np.isfinite(y)):
        while len(hull) > 1:
            a, b = hull[-2], hull[-1]
            if (y[b] - y[a]) * (x[i] - x[b]) < (y[i] - y[b]) * (x[b] - x[a]):
                break
            hull.pop()
        hull.append(int(i))
    return np.array(hull, np.int64)


def _heights_without_self(
    x: Float[np.ndarray, " points"], above: Float[np.ndarray, " points"], chord: Float[np.ndarray, " points"]
) -> Float[np.ndarray, " points"]:
    """above_j less the hull at x_j of all other points of `chord`: the hull of all points, mended at its vertices."""
    if not np.isfinite(chord).all():
        return np.where(np.arange(len(x)) % (len(x) - 1) == 0, -np.inf, np.inf)
    hull = lower_hull(x, chord)
    heights = above - _at(x, chord, hull, x)
    for left, vertex, right in zip(hull[:-2], hull[1:-1], hull[2:], strict=True):
        others = np.r_[left:vertex, vertex + 1 : right + 1]
        local = others[lower_hull(x[others], chord[others])]
        heights[vertex] = above[vertex] - _at(x, chord, local, x[vertex])
    heights[[0, -1]] = -np.inf
    return heights


def _at(x, y, hull, where):
    if hull.size == 0:
        return np.full_like(where, np.inf)
    return np.interp(where, x[hull], y[hull], left=np.inf, right=np.inf)


def _chord(hull: Int[np.ndarray, " vertices"], middle: int) -> Int[np.ndarray, "3"]:
    after = int(np.searchsorted(hull, middle, side="right"))
    before = after - 2 if hull[after - 1] == middle else after - 1
    return np.array([hull[before], middle, hull[after]])
