"""How much better a predicted curve is than not steering at all, by reach."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from numerics.bands.outward import Side, reaches, within


class Skill(NamedTuple):
    """The skill of a prediction on windows of each `reach`, in sizes of strengths."""

    reach: Float[np.ndarray, " windows"]
    value: Float[np.ndarray, " windows"]

    def at(self, reach: Float[np.ndarray, " reaches"]) -> Float[np.ndarray, " reaches"]:
        """On the largest window that is no larger; NaN where there is none."""
        return np.concatenate([[np.nan], self.value])[np.searchsorted(self.reach, reach, side="right")]


def skill(
    strengths: Float[np.ndarray, " strengths"],
    observed: Float[np.ndarray, "strengths curves"],
    predicted: Float[np.ndarray, "strengths curves"],
    unsteered: Float[np.ndarray, " curves"],
    side: Side = "both",
) -> tuple[Float[np.ndarray, " windows"], Float[np.ndarray, " windows"]]:
    """`1 - sum |observed - predicted| / sum |observed - unsteered|` over the strengths of each window, by reach.

    1 is perfect, 0 no better than to predict that steering does nothing, negative worse. Of several curves, sums are
    over all of them; NaN where nothing has moved. Sums weigh strengths alike, as the grid has them.
    """
    missed, moved = np.abs(observed - predicted).sum(axis=1), np.abs(observed - unsteered).sum(axis=1)
    sizes = reaches(strengths, side)
    windows = np.array([within(strengths, size, side) for size in sizes])
    with np.errstate(invalid="ignore", divide="ignore"):
        return sizes, np.where(windows @ moved > 0, 1 - (windows @ missed) / (windows @ moved), np.nan)
