"""Strengths between those asked for, as many as curves need: they cost no pass of the model, for a curve is known."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from numerics.observing.curves.angle import AngleMap
from numerics.observing.curves.curve import SteeredCurve

Grid = Float[np.ndarray, " strengths"]


def resolving(strengths: Grid, curves: Sequence[SteeredCurve]) -> Grid:
    """The strengths, and between them as many more that no gap is wider than the widest of a curve's nodes.

    The nodes of degree m on an angle of length L are up to pi/2 L/m apart, strengths here up to 3/2 of L/m: a gap is
    divided evenly in the angle of the curve that needs most parts of it.
    """
    parts, finest = np.ones(len(strengths) - 1, int), dict[int, AngleMap]()
    for curve in curves:
        angles = curve.map.angle(strengths)
        for piece in curve.pieces:
            met = (angles[1:] > piece.low) & (angles[:-1] < piece.high)
            need = np.round(np.diff(angles) * piece.degree / (piece.high - piece.low)) * met
            for gap in np.flatnonzero(need > parts):
                parts[gap], finest[int(gap)] = need[gap], curve.map
    added = [np.empty(0)]
    for gap, map_ in finest.items():
        low, high = map_.angle(strengths[gap : gap + 2])
        added.append(map_.strength(np.linspace(low, high, parts[gap] + 1))[1:-1])
    return np.union1d(strengths, np.concatenate(added))
