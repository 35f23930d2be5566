"""Grids of strengths: ascending, symmetric where they can be, and always through 0, where nothing is steered."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from numerics.arrays import ArrayLike

LARGEST, MOST = 1e15, 1_000_000
"""A strength whose square float32 still holds, with room for that of a vector; and as many as anybody will wait for."""
CONCENTRATION = 4.0
"""sinh grids: spacing at the ends over spacing at 0 is cosh(4), about 27."""


def strength_grid(limit: float, count: int, *, dense: bool = False) -> Float[np.ndarray, " count"]:
    """`count` strengths from -limit to limit, odd in number, symmetric, 0 among them exactly.

    Uniform, or with `dense` more closely spaced near 0: limit * sinh(4 t)/sinh(4) for t uniform in [-1, 1].

    >>> strength_grid(2.0, 5).tolist()
    [-2.0, -1.0, 0.0, 1.0, 2.0]
    """
    if not (math.isfinite(limit) and limit > 0):
        raise ValueError(f"the largest strength must be a positive number, got {limit}")
    if count < 3 or count % 2 == 0:
        raise ValueError(f"a symmetric grid through 0 has an odd number of strengths, at least 3; got {count}")
    t = np.arange(1, count // 2 + 1) / (count // 2)
    positive = limit * np.sinh(CONCENTRATION * t) / np.sinh(CONCENTRATION) if dense else limit * t
    return np.concatenate([-positive[::-1], [0.0], positive])


def parse(text: str) -> Float[np.ndarray, " count"]:
    """The uniform grid START:STOP:COUNT, both ends included.

    >>> parse("-1:1:5").tolist()
    [-1.0, -0.5, 0.0, 0.5, 1.0]
    """
    try:
        start, stop, count = text.split(":")
        low, high, number = float(start), float(stop), int(count)
    except ValueError as error:
        raise ValueError(f"strengths {text!r}: expected START:STOP:COUNT, such as -5:5:257") from error
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"strengths {text!r}: expected START below STOP, both finite")
    if max(-low, high) > LARGEST:
        raise ValueError(f"strengths {text!r}: expected START and STOP of at most {LARGEST:g} in size")
    if not 3 <= number <= MOST:
        raise ValueError(f"strengths {text!r}: expected a COUNT from 3 to {MOST:,}")
    grid = np.linspace(low, high, number)
    grid[np.abs(grid) < 1e-12 * max(abs(low), abs(high))] = 0.0
    if (np.diff(grid) <= 0).any():
        raise ValueError(f"strengths {text!r}: START and STOP are too close for {number:,} different numbers")
    return grid


def with_zero(
    strengths: Float[ArrayLike, " strengths"] | Sequence[float],
) -> tuple[Float[np.ndarray, " strengths"], bool]:
    """The grid with 0 among its strengths, and whether it had to be inserted."""
    grid = np.asarray(strengths, np.float64)
    if (grid == 0).any():
        return grid, False
    return np.insert(grid, np.searchsorted(grid, 0.0), 0.0), True
