"""Models to sweeps: run a model over strengths, one context at a time, and keep what the comparator needs."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from numerics.bands.band import ROUNDING, around, check_strengths, rounding_halfwidth
from numerics.observing.exact_slopes import SlopeObserver, Slopes, peaks_by_slopes
from numerics.observing.grids import with_zero
from numerics.observing.model import CrossEntropyModel, SteeredModel
from numerics.observing.observers import (
    DIMENSIONS,
    Variables,
    observe_concepts,
    observe_context,
    observe_interplay,
    observe_tokens,
)
from numerics.observing.refine import finer_grid
from numerics.observing.remembered import Remembered
from numerics.observing.summary import empty_summary, summarise, summary_variables
from numerics.observing.sweep import Sweep
from numerics.observing.view import View

Progress = Callable[[Iterable], Iterable]

LOCATED = 8
"""Of the chosen tokens, how many of the likeliest get their peaks by root-finding."""


def observe_next_token(
    model: SteeredModel,
    contexts: Sequence[Any],
    strengths: Float[ArrayLike, " strengths"] | Sequence[float],
    *,
    layer: Any,
    vector: Float[ArrayLike, "..."],
    log_odds: Float[ArrayLike, " vocab"] | None = None,
    concepts: Bool[ArrayLike, "concepts vocab"] | None = None,
    concept_names: Sequence[str] | None = None,
    tokens: Int[ArrayLike, " tokens"] | Sequence[int] | None = None,
    dominant: int = 0,
    derivative_every: int = 8,
    budget: int = 0,
    other_vector: Float[ArrayLike, "..."] | None = None,
    summarised: Sweep | None = None,
    rounding: float = ROUNDING,
    attributes: dict[str, Any] | None = None,
    progress: Progress = iter,
) -> Sweep:
    """Steered next-token curves of every context: the chosen `tokens` in full, the whole vocabulary in summary.

    `dominant` tokens that lead at either end of the grid are observed too, marked `chosen_after` because the sweep
    itself chose them. Every `derivative_every`-th strength gets the exact slope, where the model offers derivatives (0:
    never). Up to `budget` strengths are added where the chosen tokens and the concepts need them: where they bend
    between neighbours, turn, or by their exact slopes have turned (`numerics.observing.refine`). With an `other_vector`
    the model is steered along it and along the sum of both as well, for the interplay of the two. `summarised` is a
    sweep of the very same model along the same vector, whose strengths and summary of the vocabulary are taken over.
    `rounding` is the factor of `numerics.bands.band`, measured by `calibrate`. A grid without 0 gets it inserted, and a
    note says so. Logits that are NaN or infinite are a `ValueError` that names context and strength.
    """
    strengths, inserted = with_zero(strengths)
    check_strengths(strengths, least=3)
    if not len(contexts):
        raise ValueError("no contexts given: a sweep needs at least one")
    asked: Any = model if budget == 0 or isinstance(model, Remembered) else Remembered(model)

    def run(context: Any, at: Float[np.ndarray, " some"], along: Any = vector) -> Float[np.ndarray, "some vocab"]:
        return _checked(asked.logits(context, at, layer=layer, vector=along), at, context)

    ends = strengths[[0, -1]]
    ids, after = _token_ids(tokens, dominant, lambda: (run(context, ends) for context in contexts))
    odds = None if log_odds is None else np.asarray(log_odds, np.float64)
    masks = None if concepts is None else np.atleast_2d(np.asarray(concepts, bool))
    observer = None
    if derivative_every and ids.size and hasattr(model, "derivative"):
        observer = SlopeObserver(model=asked, layer=layer, vector=vector, tokens=ids, rounding=rounding)

    def view(context: Any, at: Float[np.ndarray, " some"], along: Any = vector) -> View:
        logits = run(context, at, along)
        return View(strengths=at, logits=logits, rounding=rounding, tokens=ids, log_odds=odds, concepts=masks)

    sloped, given = strengths[:: derivative_every or 1], len(strengths)
    if summarised is not None:
        strengths, sloped = summarised.strengths, np.asarray(summarised.data.get("slope_strength", sloped))
    elif budget and (ids.size or masks is not None):
        views = ((context, view(context, strengths)) for context in contexts)
        strengths = _finer(views, observer, sloped, budget)

    rows, summary, dtype = [], empty_summary(len(contexts), model.vocab_size), ""
    if summarised is not None:
        summary = {name: summarised.data[name].to_numpy() for name in summary}
    for number, context in enumerate(progress(contexts)):
        seen = view(context, strengths)
        row = observe_context(seen) | _slopes(observer, context, seen, sloped, located=summarised is None)
        if other_vector is not None and ids.size:
            others = (other_vector, np.asarray(vector) + np.asarray(other_vector))
            row |= observe_interplay(seen, *(view(context, strengths, along) for along in others))
        rows.append(row)
        if summarised is None:
            summarise(summary, number, seen)
        dtype = str(seen.logits.dtype)
    data = _dataset(rows, summary, strengths, ids, after, sloped, concept_names, masks)
    if odds is not None:
        data["log_odds"] = ("vocab", odds)
    known = _attributes(model, layer, vector, dtype, inserted) | {"strengths_added": len(strengths) - given}
    return Sweep(data=data.assign_attrs(known | (attributes or {})))


def observe_cross_entropy(
    model: CrossEntropyModel,
    blocks: Any,
    strengths: Float[ArrayLike, " strengths"] | Sequence[float],
    *,
    layer: Any,
    vector: Float[ArrayLike, "..."],
    weights: Float[ArrayLike, " blocks"] | None = None,
    budget: int = 0,
    rounding: float = ROUNDING,
    attributes: dict[str, Any] | None = None,
) -> Sweep:
    """Cross-entropy (nats per token) of every block of text, or of every context of a model with a known data law.

    Up to `budget` strengths are added where the mean over the blocks bends between neighbours or turns.
    """
    strengths, inserted = with_zero(strengths)
    check_strengths(strengths, least=3)

    def losses_at(at: Float[np.ndarray, " some"]) -> Float[np.ndarray, "some blocks"]:
        losses = np.asarray(model.cross_entropy(blocks, at, layer=layer, vector=vector))
        if losses.shape[0] != len(at):
            raise ValueError(f"{model.name}: cross-entropy has shape {losses.shape}, expected [{len(at)}, blocks]")
        _refuse_bad(losses, at, f"{model.name}: the cross-entropy")
        return losses

    losses, given = losses_at(strengths), len(strengths)
    share = np.full(losses.shape[1], 1.0) if weights is None else np.asarray(weights, np.float64)
    if budget:
        halfwidth = rounding_halfwidth(losses.dtype, np.abs(losses).max(axis=1), rounding)
        mean = around(strengths, (losses @ share / share.sum())[:, None], halfwidth[:, None])
        added = np.setdiff1d(finer_grid([mean], [], budget), strengths)
        if added.size:
            losses = np.concatenate([losses, losses_at(added)])
            order = np.argsort(np.concatenate([strengths, added]))
            strengths, losses = np.concatenate([strengths, added])[order], losses[order]
    scale = np.abs(losses).max(axis=1).astype(np.float64)
    data = xr.Dataset(
        {
            "cross_entropy": (("block", "strength"), losses.T.astype(np.float64)),
            "cross_entropy_halfwidth": (("strength",), rounding_halfwidth(losses.dtype, scale, rounding)),
            "block_weight": (("block",), share / share.sum()),
        },
        coords={"strength": strengths},
    )
    known = _attributes(model, layer, vector, str(losses.dtype), inserted) | {"strengths_added": len(strengths) - given}
    return Sweep(data=data.assign_attrs(known | (attributes or {})))


def merge(*sweeps: Sweep) -> Sweep:
    """One sweep of the variables of several over the same strengths; attributes of earlier ones win."""
    attributes: dict[str, Any] = {}
    for sweep in reversed(sweeps):
        attributes |= sweep.attributes
    data = xr.merge([sweep.data for sweep in sweeps], join="exact", compat="no_conflicts", combine_attrs="drop")
    return Sweep(data=data.assign_attrs(attributes))


def choose_tokens(
    log_probs: Float[ArrayLike, "contexts vocab"],
    log_odds: Float[ArrayLike, " vocab"],
    concepts: Bool[ArrayLike, "concepts vocab"] | None = None,
    k: int = 8,
) -> Int[np.ndarray, " tokens"]:
    """Ids of tokens to watch, chosen from the unsteered model alone: at most 4k, ascending, without repeats.

    The k most probable (mean probability over contexts), the k of largest and of smallest log-odds, and the k most
    probable of the target concept (the first row of `concepts`).
    """
    mass = np.exp(np.atleast_2d(np.asarray(log_probs, np.float64))).mean(axis=0)
    odds = np.asarray(log_odds, np.float64)
    rankings = [mass, odds, -odds]
    if concepts is not None:
        rankings.append(np.where(np.atleast_2d(np.asarray(concepts, bool))[0], mass, -1.0))
    return np.unique(np.concatenate([_leading(ranking, k) for ranking in rankings]))


def _leading(values: Float[np.ndarray, " vocab"], k: int) -> Int[np.ndarray, " leading"]:
    return np.argsort(-values, kind="stable")[:k] if k < values.size else np.arange(values.size)


def _token_ids(tokens, dominant: int, ends: Callable[[], Iterable[np.ndarray]]):
    """The chosen ids, then those that only the ends of the sweep show to matter; and which those are."""
    chosen = np.unique(np.asarray([] if tokens is None else tokens, np.int64))
    if dominant == 0:
        return chosen, np.zeros(chosen.size, bool)
    leading = [_leading(row, dominant) for end in ends() for row in end]
    late = np.setdiff1d(np.concatenate(leading), chosen)
    return np.concatenate([chosen, late]), np.arange(chosen.size + late.size) >= chosen.size


def _finer(
    views: Iterable[tuple[Any, View]], observer: SlopeObserver | None, sloped: Float[np.ndarray, " some"], budget: int
) -> Float[np.ndarray, " strengths"]:
    """The strengths with at most `budget` more, where the chosen tokens and concepts of any context need them."""
    curves, with_slopes = [], []
    for context, view in views:
        found = observe_tokens(view) | observe_concepts(view)
        shown = [name for name in ("log_probability", "concept_logit") if name in found]
        bands = [around(view.strengths, found[name].T, found[f"{name}_halfwidth"][:, None]) for name in shown]
        curves += bands
        if observer is not None:
            slopes, halfwidth = observer.slopes(context, sloped)
            with_slopes.append((bands[0], around(sloped, slopes, halfwidth[:, None])))
    return finer_grid(curves, with_slopes, budget)


def _slopes(
    observer: SlopeObserver | None, context: Any, view: View, strengths: Float[np.ndarray, " some"], *, located: bool
) -> Variables:
    """Exact slopes of the chosen tokens, of all at 0 and, if `located`, the peaks of the likeliest as their roots."""
    if observer is None:
        return {}
    slopes, halfwidth = observer.slopes(context, strengths)
    found = {
        "log_probability_slope": slopes.T,
        "log_probability_slope_halfwidth": halfwidth,
        "slope_at_zero": observer.slope_at_zero(context),
    }
    if not located:
        return found
    logits = view.logits[:, observer.tokens]
    likeliest = _leading(logits[view.base], LOCATED)
    near = view.strengths[(logits[:, likeliest] - view.log_normaliser[:, None]).argmax(axis=0)]

    def slopes_at(at: Float[np.ndarray, " some"]) -> Slopes:
        values, width = observer.slopes(context, at)
        return values[:, likeliest], width

    peaks = np.full((observer.tokens.size, 2), np.nan)
    peaks[likeliest] = peaks_by_slopes(slopes_at, strengths, (slopes[:, likeliest], halfwidth), near)
    return found | {"slope_peak_lower": peaks[:, 0], "slope_peak_upper": peaks[:, 1]}


def _dataset(rows, summary, strengths, ids, after, sloped, names, masks) -> xr.Dataset:
    variables = {
        name: (("context", *DIMENSIONS.get(name, ("strength",))), np.stack([row[name] for row in rows]))
        for name in rows[0]
    }
    coords: dict[str, Any] = {"strength": strengths, "token": ids, "chosen_after": ("token", after)}
    coords["rank"] = np.arange(1, 1 + len(rows[0]["singular_values"]))
    if "log_probability_slope" in variables:
        coords["slope_strength"] = sloped
    if masks is not None:
        coords["concept"] = list(names or (f"concept {n}" for n in range(len(masks))))
    return xr.Dataset(
        variables | summary_variables(summary),
        coords=coords | {"shape": ["rising", "falling", "bump"], "bound": ["lower", "upper"]},
    )


def _checked(
    logits: Array | np.ndarray, strengths: Float[np.ndarray, " some"], context: Any
) -> Float[np.ndarray, "some vocab"]:
    values = np.asarray(logits)
    if values.ndim != 2 or len(values) != len(strengths):
        raise ValueError(f"logits have shape {values.shape}, expected [{len(strengths)} strengths, vocab]")
    _refuse_bad(values, strengths, f"context {str(context)[:40]!r}: the logits")
    return values


def _refuse_bad(values: np.ndarray, strengths: Float[np.ndarray, " strengths"], what: str) -> None:
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise ValueError(f"{what} are not finite at strength {strengths[bad.argmax()]:g}; try smaller strengths")


def _attributes(model: Any, layer: Any, vector: Any, dtype: str, inserted: bool) -> dict[str, Any]:
    notes = ["0 was inserted into the strengths: changes are counted from there"] if inserted else []
    return {
        "model": model.name,
        "layer": np.asarray(layer).tolist(),
        "control": None,
        "vector_norm": float(np.linalg.norm(np.asarray(vector, np.float64))),
        "dtype": dtype,
        "notes": notes,
    }
