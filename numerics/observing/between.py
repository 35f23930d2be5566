"""Strengths between those asked for, as many as curves need: they cost no pass of the model, for a curve is known."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from numerics.observing.curves.curve import SteeredCurve

Grid = Float[np.ndarray, " strengths"]


def resolving(strengths: Grid, curves: Sequence[SteeredCurve]) -> Grid:
    """The strengths, and between them as many more that no gap is wider than a curve's nodes are apart.

    Nothing of a polynomial of degree m on an angle of length L moves on a scale below L/m. A gap is divided evenly in
    the angle of the curve that needs most parts of it.
    """
    parts, finest = np.ones(len(strengths) - 1, int), [None] * (len(strengths) - 1)
    for curve in curves:
        angles = curve.map.angle(strengths)
        for piece in curve.pieces:
            met = (angles[1:] > piece.low) & (angles[:-1] < piece.high)
            need = np.ceil(np.diff(angles) * piece.degree / (piece.high - piece.low) - 1e-9) * met
            for gap in np.flatnonzero(need > parts):
                parts[gap], finest[gap] = need[gap], curve.map
    added = [
        angle.strength(np.linspace(*angle.angle(strengths[gap : gap + 2]), parts[gap] + 1))[1:-1]
        for gap, angle in enumerate(finest)
        if angle is not None
    ]
    return np.union1d(strengths, np.concatenate([*added, []]))
