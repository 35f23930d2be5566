"""Cross-entropy under steering: run a model on segments of text over strengths."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from numerics.arrays import ArrayLike
from numerics.bands.band import ROUNDING, around, rounding_halfwidth
from numerics.observing.answers import attributes_of, checked_rows, strengths_asked
from numerics.observing.model import CrossEntropyModel, Steering
from numerics.observing.refine import finer_grid
from numerics.observing.sweep import Sweep
from numerics.observing.variables import VARIABLES


def observe_cross_entropy(
    model: CrossEntropyModel,
    segments: Any,
    strengths: Float[ArrayLike, " strengths"] | Sequence[float],
    steering: Steering,
    *,
    weights: Float[ArrayLike, " segments"] | None = None,
    budget: int = 0,
    rounding: float = ROUNDING,
    attributes: dict[str, Any] | None = None,
) -> Sweep:
    """Cross-entropy (nats per token) of every segment of text, or context of a model of known data.

    Up to `budget` strengths are added where the mean over the segments bends between neighbours or turns.
    """
    strengths, notes = strengths_asked(strengths)

    def losses_at(at: Float[np.ndarray, " some"]) -> Float[np.ndarray, "some segments"]:
        answer = model.cross_entropy(segments, at, **steering.keywords)
        return checked_rows(answer, at, f"{model.name}: the cross-entropies", "segments")

    losses, given = losses_at(strengths), len(strengths)
    share = np.full(losses.shape[1], 1.0) if weights is None else np.asarray(weights, np.float64)
    share = share / share.sum()
    if budget:
        added = _needed(strengths, losses, share, budget, rounding)
        if added.size:
            losses = np.concatenate([losses, losses_at(added)])
            order = np.argsort(np.concatenate([strengths, added]))
            strengths, losses = np.concatenate([strengths, added])[order], losses[order]
    found = {
        "cross_entropy": losses.T.astype(np.float64),
        "cross_entropy_halfwidth": rounding_halfwidth(losses.dtype, _scale(losses), rounding),
        "segment_share": share,
    }
    data = xr.Dataset(
        {name: (VARIABLES[name].dimensions, values) for name, values in found.items()}, coords={"strength": strengths}
    )
    known = attributes_of(model, steering, losses.dtype, notes) | {"strengths_added": len(strengths) - given}
    return Sweep(data=data.assign_attrs(known | (attributes or {})))


def _needed(strengths, losses, share, budget: int, rounding: float) -> Float[np.ndarray, " added"]:
    """Strengths that the mean over the segments needs."""
    halfwidth = rounding_halfwidth(losses.dtype, _scale(losses), rounding)
    mean = around(strengths, (losses @ share)[:, None], halfwidth[:, None])
    return np.setdiff1d(finer_grid([mean], [], budget), strengths)


def _scale(losses: Float[np.ndarray, "strengths segments"]) -> Float[np.ndarray, " strengths"]:
    return np.abs(losses).max(axis=1).astype(np.float64)
