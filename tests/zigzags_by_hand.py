"""The largest zigzag of a table of curves, every choice of its points gone through: an oracle for falls and turns."""

import itertools
from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

Rows = Float[np.ndarray, "strengths curves"]


def zigzags(high: Rows, low: Rows, points: int) -> Iterator[tuple[tuple[int, ...], Float[np.ndarray, " curves"]]]:
    """Every choice of so many rows, and for each curve the smallest step from a top to a bottom or back."""
    for rows in itertools.combinations(range(len(high)), points):
        heights = [(high, low)[at % 2][row] for at, row in enumerate(rows)]
        yield rows, np.min([(a - b) * (-1) ** at for at, (a, b) in enumerate(itertools.pairwise(heights))], axis=0)


def largest(high: Rows, low: Rows, points: int) -> Float[np.ndarray, " curves"]:
    """The largest of these; -inf where there are fewer rows."""
    return np.max([np.full(high.shape[1], -np.inf), *(size for _, size in zigzags(high, low, points))], axis=0)


@st.composite
def tables(draw: st.DrawFn, *, least: int, most: int, curves: int = 6) -> tuple[Rows, Rows]:
    """Tops and bottoms: of the farthest curves of a band or of the nearest; quarters, ties and unknown ends."""
    shape = draw(st.integers(least, most)), curves
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    centre = generator.integers(-8, 9, shape) / 4
    width = generator.choice([0.0, 0.0, 0.25, 0.5, 1.0], shape)
    beyond = (
        generator.choice([0.0, np.inf], (2, *shape), p=[0.9, 0.1]) if draw(st.booleans()) else np.zeros((2, *shape))
    )
    lower, upper = centre - width - beyond[0], centre + width + beyond[1]
    return draw(st.sampled_from([(upper, lower), (lower, upper)]))
