"""How far each block's steering obeys its local tilt: the divergence between the two, over the push."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from numerics.closed_forms.validity import TiltGaps, validity_radius
from steerlaw.rendering.figures.curves import PUSH, colour_key
from steerlaw.rendering.figures.style import GREY, SERIES, sheet, styled


@dataclass(frozen=True, kw_only=True)
class TiltedSite:
    """A place where a model is steered: its name, |v|/|h| there, and its gaps from the tilt at positive strengths."""

    name: str
    push: float
    gaps: TiltGaps


@styled
def validity_figure(sites: Sequence[TiltedSite], tolerance: float, *, floor: float = 1e-9) -> Figure:
    """KL(p_alpha, p_tilt) in nats over the push, both logarithmic; dots are the validity radii at the tolerance."""
    figure, (axes,) = sheet(1, 1, height=3.0)
    for site, colour in zip(sites, SERIES, strict=False):
        push = site.gaps.strengths * site.push
        axes.plot(push, site.gaps.divergence, color=colour)
        radius = validity_radius(site.gaps.strengths, site.gaps.divergence, tolerance) * site.push
        if radius > 0:
            axes.plot(radius, tolerance, "o", color=colour, markersize=5, markeredgecolor="white", zorder=5)
    axes.axhline(tolerance, color=GREY, linewidth=0.8, linestyle="--", zorder=1)
    axes.annotate(
        f"{tolerance:g} nats",
        (1, tolerance),
        (-3, 3),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        fontsize=7,
        color=GREY,
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(bottom=floor)
    axes.set_xlim(
        min(site.gaps.strengths[0] * site.push for site in sites),
        max(site.gaps.strengths[-1] * site.push for site in sites),
    )
    axes.set_xlabel(PUSH)
    axes.set_ylabel("distance from the local tilt, nats")
    colour_key(figure, [site.name for site in sites])
    return figure
