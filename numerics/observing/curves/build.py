"""`steered_curve` and `steered_curves`: from a model and its contexts to curves of the strength."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from numerics.arrays import ArrayLike
from numerics.bands.band import ROUNDING
from numerics.observing.curves.angle import AngleMap
from numerics.observing.curves.construction import construct
from numerics.observing.curves.curve import SteeredCurve
from numerics.observing.curves.rays import Rays, is_curved, opaque_rays
from numerics.observing.model import SteeredModel

BUDGET = 1025
"""Evaluations a curve may take: those of the finest grid that is common."""

Window = float | tuple[float, float] | None
"""The largest push `|alpha| |v| / |h|`, or the lowest and the highest strength, or None for all strengths."""


def steered_curve(
    model: SteeredModel,
    tokens: Any,
    *,
    layer: Any,
    vector: Float[ArrayLike, "..."] | Sequence[float],
    positions: str = "all",
    window: Window = 8.0,
    tolerance: float | None = None,
    budget: int = BUDGET,
    rounding: float = ROUNDING,
) -> SteeredCurve:
    """The next token's distribution after one prompt as a function of the strength alpha of `h <- h + alpha v`.

    `layer`, `vector` (`[d]`, or `[layers, d]` for a list of blocks) and `positions` as for `model.logits`. `window` is
    the largest push `|alpha| |v| / |h|` either way, h the unsteered residual at the prompt's end; a pair is the lowest
    and the highest strength, between which 0 must be; None is every strength, the limits at infinity included. A model
    that offers nothing but logits (`wrap`) has no push: there the window is one of strengths, and it is finite.
    Evaluations end when log-probabilities are known within `tolerance` (None: to the rounding of the model's dtype), at
    `budget` of them at the latest: `.error` is what is reached, and `.notes` say so where it is not what was asked for.
    `rounding` is the factor of `numerics.bands.band`.

    >>> curve = steered_curve(model, "def main(", layer=2, vector=v)                               # doctest: +SKIP
    >>> curve.log_probs([0.0, 0.37]).shape                                                         # doctest: +SKIP
    (2, 4096)
    """
    vectors = np.asarray(vector)[None]
    where = {"layer": layer, "vectors": vectors, "positions": positions, "window": window}
    return steered_curves(model, [tokens], **where, tolerance=tolerance, budget=budget, rounding=rounding)[0][0]


def steered_curves(
    model: SteeredModel,
    contexts: Sequence[Any],
    *,
    layer: Any,
    vectors: Float[ArrayLike, "vectors ..."],
    positions: str = "all",
    window: Window = 8.0,
    tolerance: float | None = None,
    budget: int = BUDGET,
    rounding: float = ROUNDING,
) -> tuple[tuple[SteeredCurve, ...], ...]:
    """`steered_curve` for every context along every vector, `[contexts][vectors]`.

    All vectors of a context are one batch, and contexts of like length share what is compiled.
    """
    if isinstance(contexts, str) or not len(contexts):
        raise ValueError(f"contexts are {contexts!r}, expected a list of one prompt or more")
    made = {"window": window, "tolerance": tolerance, "budget": budget, "rounding": rounding}
    where = {"layer": layer, "vectors": vectors, "positions": positions}
    known = {"model": model.name, "layer": np.asarray(layer).tolist(), "positions": positions}
    return tuple(curves_along(_rays(model, tokens, window, **where), attributes=known, **made) for tokens in contexts)


def curves_along(
    rays: Rays,
    *,
    window: Window,
    tolerance: float | None = None,
    budget: int = BUDGET,
    rounding: float = ROUNDING,
    attributes: dict[str, Any] | None = None,
) -> tuple[SteeredCurve, ...]:
    """A curve along each of the rays."""
    if tolerance is not None and not tolerance > 0:
        raise ValueError(f"tolerance is {tolerance}, expected a positive number, or None for the dtype's rounding")
    windows = [strengths_of(window, unit) for unit in rays.units]
    if window is None:
        for ray in range(len(rays.units)):
            rays.limits(ray)
    angles = [(float(low), float(high)) for low, high in map(_angles, rays.maps, windows)]
    built = construct(rays, angles, tolerance=tolerance, budget=budget, rounding=rounding)
    return tuple(
        SteeredCurve(
            map=rays.maps[ray],
            pieces=one.pieces,
            head=rays.head,
            window=windows[ray],
            evaluations=one.evaluations,
            rounding=one.rounding,
            tolerance=one.tolerance,
            attributes={"dtype": rays.dtype, **(attributes or {})},
        )
        for ray, one in enumerate(built)
    )


def strengths_of(window: Window, unit: float) -> tuple[float, float]:
    """The lowest and the highest strength of a window; `unit` is the strength of push 1."""
    if window is None:
        return -math.inf, math.inf
    low, high = window if isinstance(window, Sequence) else (-window * unit, window * unit)
    if not (math.isfinite(low) and math.isfinite(high) and low <= 0 <= high and low < high):
        raise ValueError(f"window is {window!r}, expected a positive push, strengths (low, high) around 0, or None")
    return float(low), float(high)


def _angles(map_: AngleMap, window: tuple[float, float]) -> Float[np.ndarray, "2"]:
    return map_.angle(np.array(window))


def _rays(model: Any, tokens: Any, window: Window, *, layer: Any, vectors: Any, positions: str) -> Rays:
    if is_curved(model):
        return model.rays(tokens, layer=layer, vectors=vectors, positions=positions)
    if window is None:
        raise ValueError(f"{model.name} gives only logits, so nothing is known at infinite strength: give a window")
    limit = max(map(abs, strengths_of(window, 1.0)))
    return opaque_rays(model, tokens, layer=layer, vectors=vectors, positions=positions, limit=limit)
