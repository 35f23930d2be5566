"""What a strength costs and what it buys: predicted by the local tilt, and measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import expit, logit

from numerics import concept_curves, divergence_curves, efficiency_curves
from steerlaw.rendering.figures.curves import Curve, Panel, draw_panel, line_key
from steerlaw.rendering.figures.style import BLACK, BLUE, GREEN, GREY, VERMILLION, sheet, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from numerics.observing.sweep import Sweep
    from steerlaw.results.choosing.choice import Choice

BUDGETS = 3
"""How many budgets the axis of what is spent shows."""
KEY = (("observed", VERMILLION, "measured"), ("predicted", BLACK, "predicted: the local tilt"))


@dataclass(frozen=True, kw_only=True)
class LocalTilt:
    """What is known before steering: the unsteered distribution, the logits' slope at strength 0, and the concept."""

    log_probs: Float[np.ndarray, " vocab"]
    slope: Float[np.ndarray, " vocab"]
    concept: Bool[np.ndarray, " vocab"]


@styled
def spending_figure(sweep: Sweep, tilt: LocalTilt, choice: Choice) -> Figure:
    """KL(p_alpha, p) over the strength, measured and predicted, up to three budgets; where the budget is spent."""
    strengths = sweep.strengths[sweep.strengths >= 0]
    measured = sweep.data.kl_forward.values[0][sweep.strengths >= 0]
    predicted = np.asarray(divergence_curves(tilt.log_probs, tilt.slope, strengths)[0])
    shown = np.maximum.accumulate(np.minimum(measured, predicted)) <= BUDGETS * choice.budget
    figure, (axes,) = sheet(1, 1, height=3.1)
    _pair(axes, strengths[shown], measured[shown], predicted[shown])
    end = strengths[shown][-1]
    axes.axhline(choice.budget, color=GREY, linewidth=0.8, linestyle="--", zorder=1)
    axes.annotate("budget", (end, choice.budget), (-3, 3), textcoords="offset points", ha="right", color=GREY)
    for name, alpha, colour, side in (
        ("measured", choice.measured, VERMILLION, "right"),
        ("predicted", choice.predicted, BLACK, "left"),
    ):
        if alpha <= end:
            axes.plot([alpha, alpha], [0, choice.budget], color=colour, linewidth=0.7)
            axes.plot(alpha, choice.budget, "o", color=colour, markersize=5, markeredgecolor="white", zorder=5)
            axes.annotate(
                f"{name} {alpha:.3f}",
                (alpha, 0),
                (-4 if side == "right" else 4, 4),
                textcoords="offset points",
                ha=side,
                fontsize=7,
                color=colour,
            )
    _valid(axes, choice, end)
    axes.set_ylim(0, BUDGETS * choice.budget)
    axes.set_ylabel(r"spent: KL$(p_\alpha, p)$, nats")
    line_key(figure, KEY)
    return figure


@styled
def buying_figure(sweep: Sweep, tilt: LocalTilt, choice: Choice) -> Figure:
    """Left, the concept's probability, with the steepest rise that `strength_needed` allows; right, the efficiency."""
    beyond = sweep.strengths > 0
    strengths, concept = sweep.strengths[beyond], tilt.concept[None]
    log_inside, log_outside = concept_curves(tilt.log_probs, tilt.slope, strengths, concept)
    start = float(logit(np.exp(tilt.log_probs[tilt.concept]).sum()))
    fastest = tilt.slope[tilt.concept].max() - tilt.slope[~tilt.concept].min()
    figure, (bought, share) = sheet(1, 2, height=3.0)
    _pair(
        bought,
        strengths,
        expit(sweep.data.concept_logit.values[0, 0][beyond]),
        expit(np.asarray(log_inside - log_outside)[0]),
        Curve(values=expit(start + fastest * strengths), kind="approximation", colour=BLUE),
    )
    bought.set_yscale("log")
    bought.set_ylim(0.8 * expit(start), 1)
    bought.set_ylabel("probability of the concept")
    efficiency = np.asarray(efficiency_curves(tilt.log_probs, tilt.slope, strengths, concept))[0]
    _pair(share, strengths, sweep.data.efficiency.values[0, 0][beyond], efficiency)
    share.set_ylim(bottom=0)
    share.set_ylabel("share of the nats that buys the concept")
    for axes in (bought, share):
        _valid(axes, choice, strengths[-1], named=axes is share)
    line_key(figure, [*KEY, ("approximation", BLUE, "steepest rise of any tilt by these log-odds")])
    return figure


def _pair(axes: Axes, strengths: np.ndarray, measured: np.ndarray, predicted: np.ndarray, *more: Curve) -> None:
    curves = [Curve(values=measured, colour=VERMILLION), Curve(values=predicted, kind="predicted"), *more]
    draw_panel(axes, Panel(title="", strengths=strengths, curves=curves))
    axes.set_xlim(0, strengths[-1])


def _valid(axes: Axes, choice: Choice, end: float, *, named: bool = True) -> None:
    """Shade the strengths up to which the model is within the tolerance of its tilt."""
    reach = min(choice.valid_to, end)
    axes.axvspan(0, reach, color=GREEN, alpha=0.12, linewidth=0, zorder=0)
    if named:
        text = f"within {choice.tolerance:g} nats\nof the tilt"
        axes.text(
            reach, 0.97, text + " ", color=GREEN, fontsize=7, ha="right", va="top", transform=axes.get_xaxis_transform()
        )
