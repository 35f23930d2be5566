"""Curves inside the regions that a law leaves them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from steerlaw.rendering.figures.curves import LINES, STRENGTH, Panel, draw_panel
from steerlaw.rendering.figures.style import GREY, sheet, styled


@dataclass(frozen=True, kw_only=True)
class Region:
    """Where a law lets a curve be: from `lower` to `upper`, which may be infinite; those of one `text` share a key."""

    lower: Float[np.ndarray, " strengths"]
    upper: Float[np.ndarray, " strengths"]
    text: str
    colour: str = GREY


@styled
def bounds_figure(
    panels: Sequence[Panel],
    regions: Sequence[Sequence[Region]],
    *,
    value: str,
    key: Sequence[tuple[str, str, str]] = (),
    abscissa: str = STRENGTH,
    together: bool = True,
) -> Figure:
    """Panels side by side, each with its shaded regions; `key` holds (kind, colour, text) of curves, as in `line_key`.

    The ordinate, `value`, spans the finite values of the curves of kind "observed": all panels `together`, or each.
    A region is left out where both of its edges are infinite.
    """
    figure, axes = sheet(1, len(panels), height=2.9, sharey=together)
    for ax, panel, allowed in zip(axes, panels, regions, strict=True):
        low, high = _frame(panels if together else [panel])
        for region in allowed:
            told = np.isfinite(region.lower) | np.isfinite(region.upper)
            lower, upper = (np.clip(edge, low - 1, high + 1) for edge in (region.lower, region.upper))
            ax.fill_between(
                panel.strengths, lower, upper, where=told, color=region.colour, alpha=0.25, linewidth=0, zorder=0
            )
        draw_panel(ax, panel)
        ax.set_xlabel(abscissa)
        ax.set_ylim(low, high)
    axes[0].set_ylabel(value)
    texts = {region.text: region.colour for allowed in regions for region in allowed}
    handles = [
        *(Line2D([], [], color=colour, label=text, **LINES[kind]) for kind, colour, text in key),
        *(Patch(color=colour, alpha=0.25, linewidth=0, label=text) for text, colour in texts.items()),
    ]
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)), handlelength=2.6)
    return figure


def _frame(panels: Sequence[Panel]) -> tuple[float, float]:
    values = np.concatenate([c.values for panel in panels for c in panel.curves if c.kind == "observed"])
    values = values[np.isfinite(values)]
    low, high = values.min(), values.max()
    return float(low - 0.05 * (high - low)), float(high + 0.05 * (high - low))
