"""Between which strengths a curve may peak, as intervals, never bare numbers; and the order of many curves' peaks."""

import numpy as np
from jaxtyping import Float

from numerics.bands.band import Band, check_strengths
from numerics.bands.falls import find_fall
from numerics.bands.shapes import Departures


def peak_intervals(band: Band) -> Float[np.ndarray, "curves 2"]:
    """The strengths at which a bump in the band may peak: exactly these, whatever goes on between grid points.

    A bump may peak between neighbours where the points before can rise and the points after can fall. An end beyond the
    window is infinite; a curve that cannot be a bump has NaN. For minima give `-band`.

    >>> band = around(np.arange(5.0), np.array([[0.0], [2.0], [3.0], [1.0], [0.0]]), 0.1)
    >>> peak_intervals(band).tolist()
    [[1.0, 3.0]]
    """
    check_strengths(band.strengths, least=2)
    n = len(band.strengths)
    rising = _reach(band.lower, band.upper)
    falling = n - _reach(band.lower[::-1], band.upper[::-1])
    ends = np.concatenate([[-np.inf], band.strengths, [np.inf]])
    intervals = np.stack([ends[falling], ends[rising + 1]], axis=1)
    intervals[falling > rising] = np.nan
    return intervals


def ordered_peaks(intervals: Float[np.ndarray, "curves 2"], keys: Float[np.ndarray, " curves"]) -> Departures:
    """How far peaks are from the order of their keys: peaks of larger keys come no earlier. In units of strength.

    The least common shift that would restore the order: D+ = max (latest_a - earliest_b)/2 over keys a < b, D- with
    earliest_a and latest_b; curves of equal keys are not compared. One departure; its witness are the two curves. NaN
    intervals are left out.
    """
    keys = np.asarray(keys, np.float64)
    if intervals.shape != (keys.size, 2):
        raise ValueError(f"intervals have shape {intervals.shape}, expected one pair for each of the {keys.size} keys")
    known = np.flatnonzero(~np.isnan(intervals).any(axis=1))
    order = known[np.argsort(keys[known], kind="stable")]
    _, starts = np.unique(keys[order], return_index=True)
    if len(starts) < 2:
        raise ValueError(f"an order needs peaks of at least 2 different keys, got {len(starts)}")
    groups = np.split(order, starts[1:])
    earliest, latest = intervals[:, 0], intervals[:, 1]
    least, ruled_out = _disorder(groups, earliest, latest)
    most, farthest = _disorder(groups, latest, earliest)
    return Departures(
        least=np.array([max(least, 0.0) / 2]),
        most=np.array([max(most, 0.0) / 2]),
        witness=np.array([ruled_out if least > 0 else farthest]),
    )


def _reach(lower: Float[np.ndarray, "strengths curves"], upper: Float[np.ndarray, "strengths curves"]) -> np.ndarray:
    """How many of the first points a curve that never falls can pass."""
    stuck = np.maximum.accumulate(lower, axis=0) > upper
    return np.where(stuck.any(axis=0), stuck.argmax(axis=0), len(lower))


def _disorder(groups: list[np.ndarray], late: np.ndarray, early: np.ndarray) -> tuple[float, list[int]]:
    """max late_a - early_b over a in an earlier group than b, with a and b."""
    latest = np.array([group[late[group].argmax()] for group in groups])
    earliest = np.array([group[early[group].argmin()] for group in groups])
    size, points = find_fall(late[latest][:, None], early[earliest][:, None])
    first, second = points[0]
    return float(size[0]), [int(latest[first]), int(earliest[second])]
