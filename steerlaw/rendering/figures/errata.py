"""Remarks on the published text (v1) as pictures, each drawn from the remark's own exact instance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float

from numerics import concept_curves, cross_entropy_change, turning_points
from numerics.baseline import Baseline
from steerlaw.rendering.figures.curves import Curve, Panel, colour_key, draw_panel, line_key
from steerlaw.rendering.figures.drawn import Drawn
from steerlaw.rendering.figures.predicted import cross_entropy_laws
from steerlaw.rendering.figures.style import BLACK, BLUE, GREY, SERIES, VERMILLION, sheet, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from theory.errata import Erratum

NAMES = ("the target", "concept 1", "concept 2")


def erratum_figure(entry: Erratum) -> Drawn:
    """The picture of an entry; a `ValueError` for one that has none."""
    if entry.id not in PICTURES:
        raise ValueError(f"{entry.id}: has no picture; those that have: {', '.join(PICTURES)}")
    title, caption, draw = PICTURES[entry.id]
    return Drawn(name=f"erratum-{entry.number}", title=title, caption=caption, figure=draw(entry.instance))


@styled
def _inner_concept(data: Any) -> Figure:
    strengths = np.linspace(-2, 2, 401)
    probabilities = _probabilities(data, strengths)
    curves = [Curve(values=y, colour=colour) for y, colour in zip(probabilities, SERIES, strict=False)]
    figure, (axes,) = sheet(1, 1, height=2.7)
    draw_panel(axes, Panel(title="", strengths=strengths, curves=curves))
    start = probabilities[2, len(strengths) // 2]
    axes.axhline(start, color=SERIES[2], linewidth=0.8, linestyle=":")
    axes.annotate("concept 2, unsteered", (-2, start), (4, 3), textcoords="offset points", fontsize=7, color=SERIES[2])
    axes.set_yscale("log")
    axes.set_ylim(1e-4, 1.5)
    axes.set_ylabel("probability of the concept")
    colour_key(figure, NAMES)
    return figure


@styled
def _turns_twice(data: Any) -> Figure:
    windows = ((-14, 4), (-2.6, 0.6))
    turns = turning_points(*_law(data), _members(data)[1])
    grids = [np.union1d(np.linspace(*window, 401), turns) for window in windows]
    probabilities = np.split(_probabilities(data, np.concatenate(grids))[1], [len(grids[0])])
    figure, axes = sheet(1, 2, height=2.7)
    for ax, title, strengths, values in zip(axes, ("from afar", "near 0"), grids, probabilities, strict=True):
        marks = [(at, values[strengths == at][0], VERMILLION) for at in turns]
        curve = Curve(values=values, colour=VERMILLION)
        draw_panel(ax, Panel(title=title, strengths=strengths, curves=[curve], marks=marks))
    axes[1].set_ylim(0.011, 0.0165)
    axes[0].set_ylabel("probability of concept 1")
    return figure


@styled
def _uncalibrated(instance: Any) -> Figure:
    (log_probs, log_odds), strengths = _law(instance.data), np.linspace(-0.4, 0.4, 401)
    evaluated = np.log(np.array([[float(r) for r in instance.evaluation]]))
    calibrated, shifted = (
        np.asarray(cross_entropy_change(log_probs[None], log_odds, strengths, data=data)) for data in (None, evaluated)
    )
    lowest = int(shifted.argmin())
    curves = [Curve(values=shifted, colour=VERMILLION), Curve(values=calibrated, kind="predicted")]
    marks = [(strengths[lowest], shifted[lowest], VERMILLION)]
    figure, (axes,) = sheet(1, 1, height=2.7)
    draw_panel(axes, Panel(title="", strengths=strengths, curves=curves, marks=marks))
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=1)
    axes.set_ylabel("change of cross-entropy, nats")
    line_key(
        figure,
        [
            ("observed", VERMILLION, "text with 10 % of uniform tokens mixed in"),
            ("predicted", BLACK, "text that follows the model's own distribution"),
        ],
    )
    return figure


@styled
def _quadratic(data: Any) -> Figure:
    contexts = [_law(replace(data, context=k)) for k in range(len(data.inside))]
    baseline = Baseline(
        log_probs=np.array([log_probs for log_probs, _ in contexts]),
        log_odds=contexts[0][1],
        weights=np.full(len(contexts), 1 / len(contexts)),
    )
    figure, axes = sheet(1, 2, height=2.7)
    for ax, reach in zip(axes, (1.0, 0.1), strict=True):
        strengths = np.linspace(0, reach, 201)
        exact, quadratic = cross_entropy_laws(baseline, strengths)
        curves = [Curve(values=exact), Curve(values=quadratic, kind="approximation", colour=BLUE)]
        draw_panel(ax, Panel(title=f"up to α = {reach:g}", strengths=strengths, curves=curves))
        short = f"{100 * (1 - quadratic[-1] / exact[-1]):.2g} % short"
        # convex curves leave the lower right corner free
        ax.text(0.98, 0.08, short, transform=ax.transAxes, ha="right", color=BLUE)
    axes[0].set_ylabel("change of cross-entropy, nats")
    line_key(figure, [("observed", BLACK, "exact change"), ("approximation", BLUE, "quadratic of Theorem 3.8")])
    return figure


def _law(data: Any) -> tuple[Float[np.ndarray, " vocab"], Float[np.ndarray, " vocab"]]:
    """Log-probabilities after the context at hand, and log-odds, of an exact instance; float64."""
    return np.log([float(p) for p in data.base]), np.array([float(m) for m in data.log_odds])


def _members(data: Any) -> Bool[np.ndarray, "concepts vocab"]:
    return np.array([np.isin(np.arange(len(data.base)), data.tokens(k)) for k in range(len(data.inside))])


def _probabilities(data: Any, strengths: Float[np.ndarray, " strengths"]) -> Float[np.ndarray, "concepts strengths"]:
    log_inside, _ = concept_curves(*_law(data), strengths, _members(data))
    return np.exp(np.asarray(log_inside))


PICTURES = {
    "inner_concept_limit": (
        "A concept without extremal tokens vanishes",
        "Nine tokens in three concepts, after a context of concept 1. Concept 2 holds neither the largest nor the "
        "smallest log-odds: its probability rises, then tends to 0 at both ends, and not to where it started.",
        _inner_concept,
    ),
    "concept_turns_twice": (
        "A concept that turns twice",
        "Concept 1 holds the token of smallest log-odds, so its probability falls from 1 to 0 over all strengths. On "
        "its way it rises for a while: the dots mark where it turns.",
        _turns_twice,
    ),
    "calibration": (
        "Steering can lower the cross-entropy",
        "Change of cross-entropy after one context. On text that follows the model's own distribution no strength "
        "lowers it; on text that does not, a small strength does: the dot is the minimum.",
        _uncalibrated,
    ),
    "quadratic_is_local": (
        "The quadratic is local",
        "The exact change of cross-entropy and the quadratic of Theorem 3.8, on the smoothed data of nine tokens with "
        "a context of each concept.",
        _quadratic,
    ),
}
