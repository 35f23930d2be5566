"""What a model answered, checked once, and what a sweep says of whom was asked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Array, Float

from numerics.arrays import ArrayLike
from numerics.bands.band import check_strengths
from numerics.observing.grids import with_zero
from numerics.observing.model import Steering

INSERTED = "0 was inserted into the strengths: changes are counted from there"


def strengths_asked(
    strengths: Float[ArrayLike, " strengths"] | Sequence[float],
) -> tuple[Float[np.ndarray, " strengths"], list[str]]:
    """The strengths with 0 among them, three or more, and a note where it had to be inserted."""
    grid, inserted = with_zero(strengths)
    check_strengths(grid, least=3)
    return grid, [INSERTED] if inserted else []


def checked_rows(
    values: Array | np.ndarray, strengths: Float[np.ndarray, " some"], what: str, axis: str
) -> Float[np.ndarray, "some columns"]:
    """An answer of one row a strength, finite; `what` names it and `axis` what a row runs along."""
    rows = np.asarray(values)
    if rows.ndim != 2 or len(rows) != len(strengths):
        raise ValueError(f"{what} have shape {rows.shape}, expected [{len(strengths)} strengths, {axis}]")
    bad = ~np.isfinite(rows).all(axis=1)
    if bad.any():
        raise ValueError(f"{what} are not finite at strength {strengths[bad.argmax()]:g}; try smaller strengths")
    return rows


def attributes_of(model: Any, steering: Steering, dtype: Any, notes: list[str]) -> dict[str, Any]:
    """A sweep's attributes: whose curves these are."""
    return {
        "model": model.name,
        "layer": np.asarray(steering.layer).tolist(),
        "control": None,
        "vector_norm": float(np.linalg.norm(np.asarray(steering.vector, np.float64))),
        "dtype": str(dtype),
        "notes": notes,
    }
