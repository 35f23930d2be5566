"""The main picture: how far each law holds, block by block, beside a random direction."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from steerlaw.rendering.figures.drawn import Drawing, Drawn, slug
from steerlaw.rendering.figures.style import GREY, SERIES, WIDTH, styled
from steerlaw.results.judging import LOCAL
from steerlaw.results.reaching.answers import LAWS, control_of, named, weakest_rows
from steerlaw.results.reaching.rows import NATS, PUSHES, HorizonRow


def survival_drawings(rows: Sequence[HorizonRow]) -> list[Drawing]:
    """A figure a model and concept; nothing where no strength has a push."""
    places = dict.fromkeys((row.model, row.concept) for row in rows if row.control is None)
    return [
        Drawing(name=slug(model, concept or "", "horizons"), draw=partial(_survival, model, concept, rows))
        for model, concept in places
    ]


def _survival(model: str, concept: str | None, rows: Sequence[HorizonRow], name: str) -> Drawn | None:
    own = [row for row in rows if (row.model, row.concept) == (model, concept)]
    shown = [row for row in weakest_rows(own) if row.law in LAWS]
    if not shown:
        return None
    where = model if concept is None else f"{model}, steered towards {concept}"
    return Drawn(
        name=name,
        title=f"{where}: how far the laws hold",
        caption="Share of the curves on which each law still holds within the tolerance, by how far one steers: on the "
        "left in norms of the residual, on the right in nats of KL(p_alpha, p). Of a law with several claims the one "
        "that fails first; curves of tokens weigh by base probability. A colour a block; what grids and bands leave "
        "open is shaded; dashed, the same along a random direction.",
        figure=survival_figure(shown, own),
    )


@styled
def survival_figure(rows: Sequence[HorizonRow], all_rows: Sequence[HorizonRow]) -> Figure:
    """A row a law and prediction, push on the left, nats on the right; each row's control from `all_rows` dashed."""
    laws = list(dict.fromkeys(named(row) for law in LAWS for row in rows if row.law == law))
    layers = sorted({row.layer for row in rows if row.layer is not None})
    figure = Figure(figsize=(WIDTH, 0.7 + 1.25 * len(laws)), layout="constrained")
    axes = figure.subplots(len(laws), 2, squeeze=False, sharey=True, sharex="col")
    for law, (left, right) in zip(laws, axes, strict=True):
        shown = [row for row in rows if named(row) == law]
        for row in shown:
            colour = SERIES[layers.index(row.layer) % len(SERIES)] if row.layer in layers else GREY
            null = control_of(row, all_rows)
            _curve(left, row, null, colour, "push")
            _curve(right, row, null, colour, "nats")
        left.set_title(": ".join([law, *_said(shown)]), parse_math=False)
    for ax, grid, says in ((axes[-1, 0], PUSHES, "push, norms of the residual"), (axes[-1, 1], NATS, "nats spent")):
        ax.set_xscale("log")
        ax.set_xlim(grid[0], grid[-1])
        ax.set_xlabel(says)
        ticks = [tick for tick in (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8) if grid[0] <= tick <= grid[-1]]
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
    axes[0, 0].set_ylim(-0.03, 1.03)
    axes[0, 0].yaxis.set_major_formatter(PercentFormatter(1))
    handles = [Line2D([], [], color=SERIES[n % len(SERIES)]) for n in range(len(layers))]
    words = [f"block {layer}" for layer in layers]
    handles.append(Line2D([], [], color=GREY, linestyle="--"))
    figure.legend(handles, [*words, "random direction"], loc="outside lower center", ncols=min(len(words) + 1, 6))
    return figure


def _said(rows: Sequence[HorizonRow]) -> list[str]:
    """What the claim says, where it is the same in all rows."""
    claims = {row.claim.removesuffix(LOCAL) for row in rows}
    return list(claims) if len(claims) == 1 else []


def _curve(axes: Axes, row: HorizonRow, null: HorizonRow | None, colour: str, unit: str) -> None:
    for which, style in ((row, "-"), (null, "--")):
        curve = None if which is None else getattr(which, unit)
        if curve is not None:
            middle = (curve.least + curve.most) / 2
            axes.plot(curve.at, middle, style, color=colour, linewidth=1.3 if style == "-" else 0.8)
            if style == "-" and np.any(curve.most > curve.least):
                axes.fill_between(curve.at, curve.least, curve.most, color=colour, alpha=0.15, linewidth=0)
