"""How many directions a steered model moves in: the singular values of its log-probabilities."""

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from numerics.observing.sweep import Sweep
from steerlaw.rendering.figures.curves import colour_key
from steerlaw.rendering.figures.style import SERIES, sheet, styled


@styled
def singular_values_figure(sweeps: Mapping[str, Sweep], *, context: int = 0, ranks: int = 12) -> Figure:
    """The leading singular values of each named sweep, less row and column means, as shares of the first.

    Hollow where they are within the rounding of the logits.
    """
    figure, (axes,) = sheet(1, 1, height=2.9)
    for sweep, colour in zip(sweeps.values(), SERIES, strict=False):
        values = sweep.data.singular_values.values[context][:ranks]
        rounding = sweep.data.singular_values_halfwidth.values[context]
        shares, rank = values / values[0], range(1, len(values) + 1)
        axes.plot(rank, shares, color=colour, linewidth=0.9)
        for n, share, real in zip(rank, shares, values > rounding, strict=True):
            axes.plot(n, share, "o", color=colour, markersize=4.5, markerfacecolor=colour if real else "white")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("rank")
    axes.set_ylabel("singular value, share of the first")
    colour_key(figure, list(sweeps))
    return figure
