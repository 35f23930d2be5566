"""Observed curves of one quantity, as the comparator sees them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from numerics.bands.band import Band
from numerics.bands.evidence import Evidence


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Observed curves of one quantity: bounds `[*per, strengths]`, NumPy float64, and the kind of evidence they are.

    `strengths` is the abscissa, whatever the quantity runs along. What lies beyond `reach` is known only to lie beyond
    it, and no value is known more closely than to `resolution` (both in the quantity's unit): where a grid's values are
    themselves points of a grid, as peaks are. `samples` is how many each strength rests on, where that is known.
    """

    strengths: Float[np.ndarray, " strengths"]
    lower: Float[np.ndarray, "*per strengths"]
    upper: Float[np.ndarray, "*per strengths"]
    evidence: Evidence = "deterministic"
    reach: tuple[float, float] = (-np.inf, np.inf)
    resolution: float = 0.0
    samples: int | None = None

    @property
    def per(self) -> tuple[int, ...]:
        """How many curves there are, dimension by dimension."""
        return self.lower.shape[:-1]

    @property
    def band(self) -> Band:
        """All curves side by side, strengths first."""
        flat = (np.ascontiguousarray(b.reshape(-1, len(self.strengths)).T) for b in (self.lower, self.upper))
        lower, upper = flat
        return Band(strengths=self.strengths, lower=lower, upper=upper)
