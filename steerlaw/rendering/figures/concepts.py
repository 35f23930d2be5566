"""Probabilities of concepts over the strength."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from steerlaw.rendering.figures.curves import TILT_KEY, Panel, colour_key, draw_panel, line_key
from steerlaw.rendering.figures.style import sheet, styled


@styled
def concept_behaviours_figure(panels: Sequence[Panel], concept_names: Sequence[str]) -> Figure:
    """Probabilities of all concepts, one panel a context: they rise, fall or fade (the paper's Figure 4)."""
    figure, axes = sheet(1, len(panels), height=2.5, sharey=True)
    for ax, panel in zip(axes, panels, strict=True):
        draw_panel(ax, panel)
        ax.set_ylim(-0.02, 1.02)
    axes[0].set_ylabel("probability of the concept")
    colour_key(figure, concept_names)
    return figure


@styled
def target_concept_figure(panels: Sequence[Panel], columns: int) -> Figure:
    """The target concept's probability, rows of `columns` panels: observed, predicted by the tilt, random direction."""
    rows = -(-len(panels) // columns)
    figure, axes = sheet(rows, columns, height=0.6 + 2.2 * rows, sharey="row")
    for ax, panel in zip(axes, panels, strict=False):
        draw_panel(ax, panel, width=1.0 if panel.push else None)
        ax.set_ylim(-0.02, 1.02)
    for ax in axes[::columns]:
        ax.set_ylabel("probability of the target")
    for ax in axes[len(panels) :]:
        ax.set_visible(False)
    line_key(figure, TILT_KEY)
    return figure
