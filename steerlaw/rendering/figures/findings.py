"""What the paper saw language models do, over the depth of the steered block, beside the controls."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from steerlaw.inputs.subjects import Control
from steerlaw.rendering.figures.drawn import Drawing, Drawn, slug
from steerlaw.rendering.figures.style import BLUE, GREY, PURPLE, VERMILLION, sheet, styled
from steerlaw.rendering.words import CONTROLS
from steerlaw.results.findings import ROWS, BlockFinding

APART = 0.06
"""Blocks between neighbouring marks, which would else hide one another."""

LOOKS: dict[Control | None, tuple[str, str]] = {
    None: (VERMILLION, "o"),
    "random_direction": (GREY, "s"),
    "permuted_log_odds": (BLUE, "D"),
    "random_weights": (PURPLE, "^"),
}
"""Colour and mark of the model itself and of its controls."""


def findings_drawings(findings: Sequence[BlockFinding]) -> list[Drawing]:
    """One figure a model: a row of panels a concept; nothing where nothing was found."""
    models = dict.fromkeys(found.holding.model for found in findings)
    return [Drawing(name=slug(model, "findings"), draw=partial(_findings, model, findings)) for model in models]


def _findings(model: str, findings: Sequence[BlockFinding], name: str) -> Drawn | None:
    own = [found for found in findings if found.holding.model == model and found.holding.layer is not None]
    return Drawn(
        name=name,
        title=f"{model}: what the paper saw, block by block",
        caption="Shares that the theory has at 100 %. Separation: target tokens rise faster than others at "
        "strength 0 (area under the ROC curve; chance is one half). Bumps: watched tokens that should peak "
        "inside the window rise, peak and fall. Domination: the tokens most probable at the ends of the window "
        "are of extremal log-odds (the 1 % that the strength favours most). Bars are 95 % intervals over "
        "contexts, whatever their distribution.",
        figure=findings_figure(own),
    )


@styled
def findings_figure(findings: Sequence[BlockFinding]) -> Figure:
    """A row of panels a concept, one a finding: shares over the blocks, with intervals, beside the controls."""
    concepts = list(dict.fromkeys(found.concept for found in findings))
    figure, axes = sheet(len(concepts), len(ROWS), height=0.5 + 2.0 * len(concepts), sharex=True, sharey=True)
    panels = iter(axes)
    for concept in concepts:
        for name in ROWS:
            ax = next(panels)
            _panel(ax, [f for f in findings if f.concept == concept and f.holding.law == name])
            ax.set_title(name if concept is None else f"{name}, {concept}", parse_math=False)
    for ax in axes[-len(ROWS) :]:
        ax.set_xlabel("steered block")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    seen = {found.holding.control for found in findings}
    shown = [(control, look) for control, look in LOOKS.items() if control in seen]
    handles = [Line2D([], [], color=colour, marker=mark, markersize=4) for _, (colour, mark) in shown]
    words = ["along the vector" if control is None else CONTROLS[control] for control, _ in shown]
    figure.legend(handles, words, loc="outside lower center", ncols=len(shown))
    return figure


def _panel(axes: Axes, findings: Sequence[BlockFinding]) -> None:
    for number, (control, (colour, mark)) in enumerate(LOOKS.items()):
        lines = sorted((f.holding for f in findings if f.holding.control == control), key=lambda line: line.layer or 0)
        axes.errorbar(
            [(line.layer or 0) + APART * (number - 1) for line in lines],
            [line.share.share for line in lines],
            yerr=[
                [line.share.share - line.share.lower for line in lines],
                [line.share.upper - line.share.share for line in lines],
            ],
            color=colour,
            marker=mark,
            markersize=3.5,
            linewidth=1.2 if control is None else 0.8,
            elinewidth=0.8,
        )
    axes.set_ylim(-0.03, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
