"""Next-token probabilities over the strength: bumps on a toy model, predictions beside observations on a real one."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from steerlaw.rendering.figures.curves import TILT_KEY, Panel, colour_key, draw_panel, line_key, visible
from steerlaw.rendering.figures.style import sheet, styled


@styled
def token_bumps_figure(panels: Sequence[Panel], concept_names: Sequence[str]) -> Figure:
    """Probabilities of all tokens, coloured by concept, for strengths of both signs; dots are the predicted peaks.

    The paper's Figures 3 and B.1.
    """
    figure, axes = sheet(1, len(panels), height=2.7, sharey=True)
    for ax, panel in zip(axes, panels, strict=True):
        draw_panel(ax, panel)
        ax.set_yscale("log")
        ax.set_ylim(1e-4, 1.3)
    axes[0].set_ylabel("probability of the next token")
    colour_key(figure, concept_names)
    return figure


@styled
def token_curves_figure(
    panels: Sequence[Panel], controls: Sequence[Panel], tokens: Sequence[str], *, floor: float = 1e-5
) -> Figure:
    """Probabilities of a few tokens, a column a layer: above, steered and predicted; below, along a random direction.

    `tokens` are the texts of the tokens in the order of their colours, the same on every panel. The axis of
    probabilities is logarithmic from `floor`; the paper's Figure 6.
    """
    if controls:
        figure, axes = sheet(2, len(panels), height=4.6, sharex="col", sharey=True, height_ratios=[1.6, 1])
    else:
        figure, axes = sheet(1, len(panels), height=3.2, sharey=True)
    for ax, panel in zip(axes, [*panels, *controls], strict=True):
        steered = panel in panels
        draw_panel(ax, panel, width=1.0 if panel.push else None, above=steered)
        ax.set_yscale("log")
        ax.set_ylim(floor, 1.5)
        if steered and controls:
            ax.set_xlabel("")
    figure.supylabel("probability of the next token", fontsize=8)
    colour_key(figure, [visible(text) for text in tokens], side="upper")
    line_key(figure, TILT_KEY)
    return figure
