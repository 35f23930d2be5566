"""A set of tokens along the log-odds, and how its probability turns with the strength."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from numerics import concept_curves
from numerics.closed_forms.certified import certified_turning_points
from steerlaw.rendering.figures.curves import STRENGTH
from steerlaw.rendering.figures.style import GREY, VERMILLION, sheet, styled


@dataclass(frozen=True, kw_only=True)
class TurningSet:
    """A set of tokens under one base distribution, its log-probabilities and the log-odds along which it is steered."""

    title: str
    log_probs: Float[np.ndarray, " vocab"]
    log_odds: Float[np.ndarray, " vocab"]
    members: Bool[np.ndarray, " vocab"]


@styled
def turns_figure(sets: Sequence[TurningSet], strengths: Float[np.ndarray, " strengths"]) -> Figure:
    """Above, unsteered probabilities over the log-odds; below, the probability of the set over the strength.

    Dots are the turning points, each proved by ball arithmetic to lie within the width of its dot.
    """
    figure, axes = sheet(2, len(sets), height=3.7, height_ratios=[1, 1.8])
    for one, above, below in zip(sets, axes[: len(sets)], axes[len(sets) :], strict=True):
        _tokens(above, one)
        _probability(below, one, strengths)
    axes[0].set_ylabel("unsteered\nprobability")
    axes[len(sets)].set_ylabel("probability of the set")
    handles = [Patch(color=VERMILLION, label="tokens of the set"), Patch(color=GREY, label="other tokens")]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, handlelength=1.2)
    return figure


def _tokens(axes: Axes, one: TurningSet) -> None:
    heights = np.exp(one.log_probs)
    for side, colour in ((one.members, VERMILLION), (~one.members, GREY)):
        axes.vlines(one.log_odds[side], heights.min() / 4, heights[side], color=colour, linewidth=3.5)
    axes.margins(x=0.08)
    axes.set_yscale("log")
    axes.set_ylim(heights.min() / 4, 1.5)
    axes.set_title(one.title)
    axes.set_xlabel("log-odds M(z)")


def _probability(axes: Axes, one: TurningSet, strengths: Float[np.ndarray, " strengths"]) -> None:
    turns = [sum(pair) / 2 for pair in certified_turning_points(one.log_probs, one.log_odds, one.members)]
    log_inside, _ = concept_curves(one.log_probs, one.log_odds, strengths, one.members[None])
    probability = np.exp(np.asarray(log_inside)[0])
    axes.plot(strengths, probability, color=VERMILLION)
    heights = np.interp(turns, strengths, probability)
    axes.plot(turns, heights, "o", color=VERMILLION, markersize=4.5, markeredgecolor="white")
    axes.axvline(0, color=GREY, linewidth=0.6, zorder=1)
    axes.set_xlim(strengths.min(), strengths.max())
    axes.set_xlabel(STRENGTH)
