"""Next-token curves: run a model over strengths, one context at a time, and keep what the comparator needs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from numerics.arrays import ArrayLike
from numerics.bands.band import ROUNDING, around
from numerics.bands.outward import SIDES
from numerics.observing.answers import attributes_of, checked_rows, strengths_asked
from numerics.observing.exact_slopes import SlopeObserver, Slopes, peaks_by_slopes
from numerics.observing.model import SteeredModel, Steering
from numerics.observing.observers.context import (
    OBSERVERS,
    Variables,
    observe_concepts,
    observe_context,
    observe_interplay,
    observe_tokens,
)
from numerics.observing.observers.view import View
from numerics.observing.refine import finer_grid
from numerics.observing.remembered import Remembered
from numerics.observing.summary import TOLERANCES, Summary, empty_summary, summarise
from numerics.observing.sweep import Sweep
from numerics.observing.variables import SHAPES, SUMMARY, VARIABLES
from numerics.observing.watched import Watched, leading

LOCATING = frozenset({"slope_peak_lower", "slope_peak_upper"})
LOCATED = 8
"""Of the chosen tokens, how many of the likeliest get their peaks by root-finding."""

Grid = Float[np.ndarray, " strengths"]


def observe_next_token(
    model: SteeredModel,
    contexts: Sequence[Any],
    strengths: Float[ArrayLike, " strengths"] | Sequence[float],
    steering: Steering,
    watched: Watched | None = None,
    *,
    slope_every: int = 8,
    budget: int = 0,
    rounding: float = ROUNDING,
    summarised: Sweep | None = None,
    wanted: Collection[str] | None = None,
    attributes: dict[str, Any] | None = None,
) -> Sweep:
    """Steered next-token curves of every context: what is `watched` in full, the whole vocabulary in summary.

    Every `slope_every`-th strength gets the exact slope, where the model offers derivatives (0: never). Up to `budget`
    strengths are added where the watched tokens and concepts need them: where they bend between neighbours, turn, or by
    their exact slopes have turned (`numerics.observing.refine`). `summarised` is a sweep of the very same model along
    the same vector, whose strengths and summary of the vocabulary are taken over. `rounding` is the factor of
    `numerics.bands.band`, measured by `calibrate`. A grid without 0 gets it inserted, and a note says so. Logits that
    are NaN or infinite are a `ValueError` that names context and strength.

    `wanted` names the variables to observe (default: all of them), which are the same whatever else is. The model does
    not run where none of them can be found, and strengths are added only where it runs.
    """
    grid, notes = strengths_asked(strengths)
    if not len(contexts):
        raise ValueError("no contexts given: a sweep needs at least one")
    asking = _asking(model, steering, watched or Watched(), rounding, slopes=slope_every > 0, twice=budget > 0)
    sloped, given = grid[:: slope_every or 1], len(grid)
    wanted = _observable(asking) if wanted is None else _observable(asking).intersection(wanted)
    if not wanted:
        contexts = ()
    elif summarised is not None:
        grid, sloped = summarised.strengths, np.asarray(summarised.data.get("slope_strength", sloped))
    elif budget and (asking.watched.ids.size or asking.watched.masks is not None):
        grid = _finer(asking, contexts, grid, sloped, budget)
    rows, dtype, summary = [], "", _summary(summarised, len(contexts), model.vocab_size, wanted)
    for number, context in enumerate(contexts):
        view = asking.view(context, grid)
        rows.append(_row(asking, context, view, sloped, wanted - LOCATING if summarised else wanted))
        if summarised is None:
            summarise(summary, number, view)
        dtype = view.logits.dtype
    data = _dataset(rows, summary, grid, sloped, asking.watched)
    known = attributes_of(model, steering, dtype, notes) | {"strengths_added": len(grid) - given}
    return Sweep(data=data.assign_attrs(known | (attributes or {})))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asking:
    """A steered model and what is watched of it."""

    model: Any
    steering: Steering
    watched: Watched
    rounding: float
    slopes: SlopeObserver | None

    def view(self, context: Any, strengths: Grid, vector: Any = None) -> View:
        """The logits of a context, along another vector if one is given."""
        where = self.steering.keywords | ({} if vector is None else {"vector": vector})
        answer = self.model.logits(context, strengths, **where)
        return View(
            strengths=strengths,
            logits=checked_rows(answer, strengths, f"context {str(context)[:40]!r}: the logits", "vocab"),
            rounding=self.rounding,
            tokens=self.watched.ids,
            log_odds=self.watched.odds,
            concepts=self.watched.masks,
        )


def _asking(model: Any, steering: Steering, watched: Watched, rounding: float, *, slopes: bool, twice: bool) -> _Asking:
    """One that is asked twice at a strength remembers what it said."""
    asked = Remembered(model) if twice and not isinstance(model, Remembered) else model
    observer = None
    if slopes and watched.ids.size and hasattr(model, "derivative"):
        observer = SlopeObserver(model=asked, steering=steering, tokens=watched.ids, rounding=rounding)
    return _Asking(model=asked, steering=steering, watched=watched, rounding=rounding, slopes=observer)


def _observable(asking: _Asking) -> frozenset[str]:
    """Names of what can be observed of the model by running it, given what is watched."""
    names = frozenset(SUMMARY).union(*OBSERVERS.values())
    if asking.watched.other_vector is not None:
        names |= {"interplay"}
    if asking.slopes is not None:
        names |= {"log_probability_slope", "slope_at_zero"} | LOCATING
    if not asking.watched.ids.size:
        names -= {"log_probability", "log_ratio", "interplay"}
    if asking.watched.odds is None:
        names -= {"mean_log_odds", "greedy_log_odds"}
    return names if asking.watched.masks is not None else names - {"concept_logit", "efficiency"}


def _row(asking: _Asking, context: Any, view: View, sloped: Grid, wanted: Collection[str]) -> Variables:
    """What is wanted of one context."""
    row = observe_context(view, wanted) | _slopes(asking.slopes, context, view, sloped, wanted)
    if "interplay" in wanted:
        other = asking.watched.other_vector
        along = (other, np.asarray(asking.steering.vector) + np.asarray(other))
        row |= observe_interplay(view, *(asking.view(context, view.strengths, vector) for vector in along))
    return row


def _finer(asking: _Asking, contexts: Sequence[Any], strengths: Grid, sloped: Grid, budget: int) -> Grid:
    """The strengths with at most `budget` more, where the watched tokens and concepts of any context need them."""
    curves, with_slopes = [], []
    for context in contexts:
        view = asking.view(context, strengths)
        found = observe_tokens(view) | observe_concepts(view)
        shown = [name for name in ("log_probability", "concept_logit") if name in found]
        bands = [around(strengths, found[name].T, found[f"{name}_halfwidth"][:, None]) for name in shown]
        curves += bands
        if asking.slopes is not None:
            slopes, halfwidth = asking.slopes.slopes(context, sloped)
            with_slopes.append((bands[0], around(sloped, slopes, halfwidth[:, None])))
    return finer_grid(curves, with_slopes, budget)


def _slopes(
    observer: SlopeObserver | None,
    context: Any,
    view: View,
    strengths: Float[np.ndarray, " some"],
    wanted: Collection[str],
) -> Variables:
    """Exact slopes of the chosen tokens, of all at 0, and the peaks of the likeliest as their roots; as wanted."""
    found: Variables = {}
    if observer is None or LOCATING.union({"log_probability_slope", "slope_at_zero"}).isdisjoint(wanted):
        return found
    slopes, halfwidth = observer.slopes(context, strengths)
    if "log_probability_slope" in wanted:
        found |= {"log_probability_slope": slopes.T, "log_probability_slope_halfwidth": halfwidth}
    if "slope_at_zero" in wanted:
        found["slope_at_zero"] = observer.slope_at_zero(context)
    if LOCATING.isdisjoint(wanted):
        return found
    logits = view.logits[:, observer.tokens]
    likeliest = leading(logits[view.base], LOCATED)
    near = view.strengths[(logits[:, likeliest] - view.log_normaliser[:, None]).argmax(axis=0)]

    def slopes_at(at: Float[np.ndarray, " some"]) -> Slopes:
        values, width = observer.slopes(context, at)
        return values[:, likeliest], width

    peaks = np.full((observer.tokens.size, 2), np.nan)
    peaks[likeliest] = peaks_by_slopes(slopes_at, strengths, (slopes[:, likeliest], halfwidth), near)
    return found | {"slope_peak_lower": peaks[:, 0], "slope_peak_upper": peaks[:, 1]}


def _summary(summarised: Sweep | None, contexts: int, vocab: int, wanted: Collection[str]) -> Summary:
    """Room for a summary, or the one that is there."""
    empty = empty_summary(contexts, vocab, wanted)
    return empty if summarised is None else {name: summarised.data[name].to_numpy() for name in empty}


def _dataset(rows: list[Variables], summary: Summary, strengths: Grid, sloped: Grid, watched: Watched) -> xr.Dataset:
    found: dict[str, Any] = {name: np.stack([row[name] for row in rows]) for name in (rows[0] if rows else ())}
    found |= summary
    if watched.odds is not None:
        found["log_odds"] = watched.odds
    coords: dict[str, Any] = {"strength": strengths, "token": watched.ids}
    if "shape_departure" in found:
        coords |= {"shape": list(SHAPES), "bound": ["lower", "upper"]}
        coords |= {"side": list(SIDES), "allowed": list(TOLERANCES)}
    if "singular_values" in found:
        coords["rank"] = np.arange(1, 1 + found["singular_values"].shape[1])
    if "log_probability_slope" in found:
        coords["slope_strength"] = sloped
    if watched.masks is not None:
        coords["concept"] = watched.names
    return xr.Dataset({name: (VARIABLES[name].dimensions, values) for name, values in found.items()}, coords=coords)
