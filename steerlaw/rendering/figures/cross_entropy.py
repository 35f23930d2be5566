"""The change of cross-entropy over the strength, with its quadratic and its exact law."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from steerlaw.rendering.figures.curves import Curve, Panel, draw_panel, line_key
from steerlaw.rendering.figures.style import BLACK, BLUE, GREY, VERMILLION, sheet, styled

COLOURS = {"observed": VERMILLION, "predicted": BLACK, "approximation": BLUE, "control": GREY}
TEXTS = {
    "observed": "observed",
    "predicted": "exact law of the tilt",
    "approximation": "quadratic",
    "control": "control: random direction of equal norm",
}


@styled
def cross_entropy_figure(panels: Sequence[Panel], *, near: float | None = None) -> Figure:
    """Change of cross-entropy, nats: the curves' kinds say which is observed, exact law, quadratic and control.

    `near` adds to each panel an inset with the strengths up to it, where the quadratic is close. The paper's Figure 5
    and the bottom of Figure 7.
    """
    figure, axes = sheet(1, len(panels), height=2.8, sharey=True)
    for ax, panel in zip(axes, panels, strict=True):
        coloured = replace(panel, curves=[replace(c, colour=COLOURS[c.kind]) for c in panel.curves])
        draw_panel(ax, coloured, width=1.0 if panel.push else None)
        if near is not None:
            _inset(ax, coloured, near)
    axes[0].set_ylim(*_frame([c for p in panels for c in p.curves if c.kind in ("observed", "control")]))
    axes[0].set_ylabel("change of cross-entropy, nats")
    kinds = [kind for kind in TEXTS if any(c.kind == kind for panel in panels for c in panel.curves)]
    line_key(figure, [(kind, COLOURS[kind], TEXTS[kind]) for kind in kinds])
    return figure


def _frame(curves: Sequence[Curve]) -> tuple[float, float]:
    """Limits that show every observed curve whole; a quadratic may leave through the top."""
    values = np.concatenate([c.values for c in curves])
    low, high = min(0.0, float(np.nanmin(values))), float(np.nanmax(values))
    return low - 0.04 * (high - low), high + 0.06 * (high - low)


def _inset(axes: Axes, panel: Panel, near: float) -> None:
    keep = np.abs(panel.strengths) <= near * (1 + 1e-9)
    if keep.sum() < 3:  # the grid is too coarse to show anything there
        return
    middle = replace(
        panel,
        title=f"|α| ≤ {near:g}",
        strengths=panel.strengths[keep],
        curves=[replace(c, values=c.values[keep]) for c in panel.curves],
        push=None,
    )
    inset = axes.inset_axes((0.31, 0.5, 0.38, 0.4))
    draw_panel(inset, middle)
    inset.set_xlabel("")
    inset.title.set(fontsize=7, backgroundcolor="white")
    inset.tick_params(labelsize=6)
