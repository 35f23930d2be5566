"""Next-token curves: read a model over strengths, one context at a time, and keep what the comparator needs."""

import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from numerics.arrays import ArrayLike
from numerics.bands.band import ROUNDING
from numerics.bands.outward import SIDES
from numerics.observing.answers import attributes_of, strengths_asked
from numerics.observing.between import resolving
from numerics.observing.curves.saving import curves_dataset
from numerics.observing.model import SteeredModel, Steering
from numerics.observing.observers.context import OBSERVERS, Variables, observe_context, observe_interplay
from numerics.observing.observers.slopes import LOCATING, OF_CHOSEN, observe_slopes
from numerics.observing.observers.view import View
from numerics.observing.readings import Curves, Reading, curves_along, unresolved
from numerics.observing.summary import Summary, empty_summary, summarise
from numerics.observing.sweep import Sweep
from numerics.observing.variables import SHAPES, SUMMARY, VARIABLES
from numerics.observing.watched import Watched

FEW = 24
"""Strengths of which a table costs no more evaluations than a curve begins with."""

Grid = Float[np.ndarray, " strengths"]
Known = Callable[[], Curves | None]


def observe_next_token(
    model: SteeredModel,
    contexts: Sequence[Any],
    strengths: Float[ArrayLike, " strengths"] | Sequence[float],
    steering: Steering,
    watched: Watched | None = None,
    *,
    between: bool = False,
    curves: Known | None = None,
    rounding: float = ROUNDING,
    summarised: Sweep | None = None,
    wanted: Collection[str] | None = None,
    attributes: dict[str, Any] | None = None,
    slope_every: int | None = None,
    budget: int | None = None,
) -> Sweep:
    """Steered next-token curves of every context: what is `watched` in full, the whole vocabulary in summary.

    A model that offers rays (`numerics.observing.curves`) is read as a curve: evaluated at few strengths, known at all
    of them, the error of interpolation inside every half-width; `between` then adds as many strengths as its curves
    need (`numerics.observing.between`). `curves` gives those of the contexts along the vector, where somebody else has
    them read. Any other model, and a context whose curve does not converge, is run at every strength; slopes then are
    exact ones, where it offers derivatives. `summarised` is a sweep of the very same model along
    the same vector, whose strengths and summary of the vocabulary are taken over. `rounding` is the factor of
    `numerics.bands.band`, measured by `calibrate`. A grid without 0 gets it inserted, and a note says so. Logits that
    are NaN or infinite are a `ValueError` that names context and strength.

    `wanted` names the variables to observe (default: all of them), which are the same whatever else is. The model does
    not run where none of them can be found. `slope_every` and `budget` do nothing any more.
    """
    for name, value in (("slope_every", slope_every), ("budget", budget)):
        if value is not None:
            warnings.warn(f"{name} does nothing any more, and the next version refuses it", FutureWarning, 2)
    grid, notes = strengths_asked(strengths)
    if not len(contexts):
        raise ValueError("no contexts given: a sweep needs at least one")
    given, looked = len(grid), watched or Watched()
    wanted = _observable(model, looked) if wanted is None else _observable(model, looked).intersection(wanted)
    contexts = contexts if wanted else ()
    grid = grid if summarised is None else summarised.strengths
    along = [
        Reading(model=model, steering=one, watched=looked, rounding=rounding) for one in _steerings(steering, looked)
    ]
    along = along if "interplay" in wanted else along[:1]
    read = _read(along, contexts, grid, curves) if between or len(grid) > FEW else [None] * len(along)
    if between and summarised is None:
        grid = resolving(grid, [curve for some in read for curve in some or () if not unresolved(curve)])
    rows, dtype = [], ""
    summary = _summary(summarised, len(contexts), model.vocab_size, wanted, len(looked.tolerances))
    for number, context in enumerate(contexts):
        own = [None if some is None else some[number] for some in read]
        views = [one.view(context, grid, curve) for one, curve in zip(along, own, strict=True)]
        rows.append(_row(views, wanted - LOCATING if summarised else wanted))
        if summarised is None:
            summarise(summary, number, views[0], looked.tolerances.values())
        dtype = views[0].dtype
    data = _dataset(rows, summary, grid, looked)
    known = attributes_of(model, steering, dtype, notes + _said(read[0])) | {"strengths_added": len(grid) - given}
    nodes = None if read[0] is None else curves_dataset(read[0])
    return Sweep(data=data.assign_attrs(known | (attributes or {})), nodes=nodes)


def _read(along: Sequence[Reading], contexts: Sequence[Any], grid: Grid, curves: Known | None) -> list[Curves | None]:
    """The curves of the contexts along every vector; None of a model that has none."""
    first = along[0]
    if not len(contexts):
        return [None] * len(along)
    if curves is not None and len(along) == 1:
        return [curves()]
    window = float(grid[0]), float(grid[-1])
    return curves_along(first.model, contexts, window, [one.steering for one in along], first.rounding)


def _row(views: Sequence[View], wanted: Collection[str]) -> Variables:
    """What is wanted of one context."""
    seen = views[0]
    row = observe_context(seen, wanted) | observe_slopes(seen, wanted)
    return row | observe_interplay(*views) if len(views) > 1 else row


def _steerings(steering: Steering, watched: Watched) -> list[Steering]:
    """Along the vector; and, where there is another, along that and along both."""
    if watched.other_vector is None:
        return [steering]
    other = np.asarray(watched.other_vector)
    return [steering, replace(steering, vector=other), replace(steering, vector=np.asarray(steering.vector) + other)]


def _said(curves: Curves | None) -> list[str]:
    """Of the contexts whose curves are not known well enough."""
    poor = [number for number, curve in enumerate(curves or ()) if unresolved(curve)]
    many = f"{len(poor)} contexts" if len(poor) != 1 else f"context {poor[0]}"
    return [f"the curve of {many} is too sharp to be interpolated: read at the strengths of the grid"] if poor else []


def _observable(model: Any, watched: Watched) -> frozenset[str]:
    """Names of what can be observed of the model by running it, given what is watched."""
    names = frozenset(SUMMARY).union(*OBSERVERS.values())
    if watched.other_vector is not None:
        names |= {"interplay"}
    if hasattr(model, "derivative") or hasattr(model, "rays"):
        names |= OF_CHOSEN | {"slope_at_zero"}
    if not watched.ids.size:
        names -= {"log_probability", "log_ratio", "interplay", "slope_at_zero"} | OF_CHOSEN
    if watched.odds is None:
        names -= {"mean_log_odds", "greedy_log_odds"}
    return names if watched.masks is not None else names - {"concept_logit", "efficiency"}


def _summary(summarised: Sweep | None, contexts: int, vocab: int, wanted: Collection[str], tolerances: int) -> Summary:
    """Room for a summary, or the one that is there."""
    empty = empty_summary(contexts, vocab, wanted, tolerances)
    return empty if summarised is None else {name: summarised.data[name].to_numpy() for name in empty}


def _dataset(rows: list[Variables], summary: Summary, strengths: Grid, watched: Watched) -> xr.Dataset:
    found: dict[str, Any] = {name: np.stack([row[name] for row in rows]) for name in (rows[0] if rows else ())}
    found |= summary
    if watched.odds is not None:
        found["log_odds"] = watched.odds
    coords: dict[str, Any] = {"strength": strengths, "token": watched.ids}
    if "shape_departure" in found:
        coords |= {"shape": list(SHAPES), "bound": ["lower", "upper"]}
        coords |= {"reach_side": list(SIDES), "allowed": np.array(list(watched.tolerances), np.str_)}
    if "singular_values" in found:
        coords["rank"] = np.arange(1, 1 + found["singular_values"].shape[1])
    if "log_probability_slope" in found:
        coords["slope_strength"] = strengths
    if watched.masks is not None:
        coords["concept"] = watched.names
    return xr.Dataset({name: (VARIABLES[name].dimensions, values) for name, values in found.items()}, coords=coords)
