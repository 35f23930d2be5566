"""The cross-entropy of texts as a function of the strength: the loss of every segment, interpolated in one angle."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from numerics.arrays import ArrayLike
from numerics.bands.band import ROUNDING
from numerics.observing.curves.build import BUDGET, Window, curves_along
from numerics.observing.curves.curve import SteeredCurve, Strengths
from numerics.observing.curves.rays import CurvedTextModel


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossEntropyCurve:
    """Mean next-token cross-entropy (nats per predicted token) of every segment, at every strength of a window.

    Every position is steered, and each has a geometry of its own; the angle is the mean one of all, shared by all.
    """

    curve: SteeredCurve = field(repr=False)

    @property
    def window(self) -> tuple[float, float]:
        """The lowest and the highest strength."""
        return self.curve.window

    @property
    def evaluations(self) -> int:
        """How often the model went through all segments."""
        return self.curve.evaluations

    @property
    def error(self) -> float:
        """How far the loss of a segment may be off, in nats per token, anywhere in the window."""
        return self.curve.error

    @property
    def notes(self) -> tuple[str, ...]:
        """Where the curve is not what it was to be."""
        return self.curve.notes

    def slope_error(self, strengths: Strengths) -> Float[np.ndarray, " strengths"]:
        """How far the derivative of a segment's loss may be off."""
        return self.curve.slope_error(strengths)

    def losses(self, strengths: Strengths) -> Float[np.ndarray, "strengths segments"]:
        """Cross-entropy of every segment."""
        return self.curve.logits(strengths)

    def mean(
        self, strengths: Strengths, weights: Float[ArrayLike, " segments"] | None = None
    ) -> Float[np.ndarray, " strengths"]:
        """The mean over segments, weighted (default: all alike)."""
        shares = None if weights is None else np.asarray(weights, np.float64)
        return np.average(self.losses(strengths).astype(np.float64), axis=1, weights=shares)

    def slopes(self, strengths: Strengths) -> Float[np.ndarray, "strengths segments"]:
        """Derivatives of `losses` in the strength."""
        return self.curve.logit_slopes(strengths)


def cross_entropy_curve(
    model: CurvedTextModel,
    segments: Sequence[Sequence[int]] | Int[ArrayLike, "segments position"],
    *,
    layer: Any,
    vector: Float[ArrayLike, "..."] | Sequence[float],
    window: Window = 8.0,
    tolerance: float | None = None,
    budget: int = BUDGET,
    rounding: float = ROUNDING,
) -> CrossEntropyCurve:
    """The cross-entropy of segments of text as a function of the strength; arguments as for `steered_curve`.

    The push of a window is that of the geometric mean of |h| over all positions. `tolerance` is in nats per token.
    """
    if window is None:
        raise ValueError("window is None, but texts have no limit to end at: give a push, or strengths (low, high)")
    rays = model.text_rays(segments, layer=layer, vectors=np.asarray(vector)[None])
    made = {"window": window, "tolerance": tolerance, "budget": budget, "rounding": rounding}
    return CrossEntropyCurve(curve=curves_along(rays, attributes={"model": model.name}, **made)[0])
