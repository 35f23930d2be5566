"""First passages: between which reaches a departure that can only grow goes through the tolerance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from numerics.bands.exceeding import Shape
from numerics.bands.outward import Windows, first_passages

Sizes = Float[np.ndarray, " *curves"]
Rows = Float[np.ndarray, "strengths curves"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Horizon:
    """Of each curve the interval `[lower, upper]` of its horizon, in sizes of strengths.

    Up to `lower` = sup{r: D+(r) <= eps} every curve in the band obeys within the tolerance; from `upper` = inf{r: D-(r)
    > eps} on none does; what is between is what the band and the grid leave open. A curve that never certainly departs
    has `upper` infinite. `end` is the largest reach that was looked at: a horizon with `lower` = `end` is right-
    censored, "at least the window's end".
    """

    lower: Sizes
    upper: Sizes
    end: Sizes

    @property
    def censored(self) -> np.ndarray:
        """Where the law certainly holds as far as was looked."""
        return (self.lower >= self.end) & np.isinf(self.upper)


def horizons(
    shape: Shape,
    strengths: Float[np.ndarray, " strengths"],
    lower: Rows,
    upper: Rows,
    families: Sequence[Windows],
    tolerance: Float[np.ndarray, " curves"] | float,
) -> list[Horizon]:
    """On each of some windows the horizon of curves between two bounds, at a tolerance whatever the reach."""
    passages = first_passages(shape, strengths, lower, upper, families, tolerance)
    return [
        Horizon(lower=holds, upper=departs, end=np.broadcast_to(grown.end, holds.shape))
        for grown, (holds, departs) in zip(families, passages, strict=True)
    ]
