"""Cross-entropy under steering: run a model on segments of text over strengths."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from numerics.arrays import ArrayLike
from numerics.bands.band import ROUNDING, rounding_halfwidth
from numerics.observing.answers import attributes_of, checked_rows, strengths_asked
from numerics.observing.model import CrossEntropyModel, Steering
from numerics.observing.sweep import Sweep
from numerics.observing.variables import VARIABLES


def observe_cross_entropy(
    model: CrossEntropyModel,
    segments: Any,
    strengths: Float[ArrayLike, " strengths"] | Sequence[float],
    steering: Steering,
    *,
    weights: Float[ArrayLike, " segments"] | None = None,
    own: bool = False,
    budget: int | None = None,
    rounding: float = ROUNDING,
    attributes: dict[str, Any] | None = None,
) -> Sweep:
    """Cross-entropy (nats per token) of every segment of text, or context of a model of known data.

    With `own`, which a model has to offer, it is that of the model's own unsteered distributions after the same text.
    `budget` does nothing any more.
    """
    if budget is not None:
        warnings.warn("budget does nothing any more, and the next version refuses it", FutureWarning, 2)
    strengths, notes = strengths_asked(strengths)
    of = {"own": True} if own else {}
    answer = model.cross_entropy(segments, strengths, **steering.keywords, **of)
    losses = checked_rows(answer, strengths, f"{model.name}: the cross-entropies", "segments")
    share = np.full(losses.shape[1], 1.0) if weights is None else np.asarray(weights, np.float64)
    share = share / share.sum()
    found = {
        "cross_entropy": losses.T.astype(np.float64),
        "cross_entropy_halfwidth": rounding_halfwidth(losses.dtype, _scale(losses), rounding),
        "segment_share": share,
    }
    data = xr.Dataset(
        {name: (VARIABLES[name].dimensions, values) for name, values in found.items()}, coords={"strength": strengths}
    )
    known = attributes_of(model, steering, losses.dtype, notes)
    return Sweep(data=data.assign_attrs(known | ({"data": "own"} if own else {}) | (attributes or {})))


def _scale(losses: Float[np.ndarray, "strengths segments"]) -> Float[np.ndarray, " strengths"]:
    return np.abs(losses).max(axis=1).astype(np.float64)
