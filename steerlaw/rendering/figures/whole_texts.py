"""Whole texts against the strength: a score, events under their bound, nats a text and nats along a text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from steerlaw.rendering.figures.drawn import Drawing, Drawn, slug
from steerlaw.rendering.figures.style import BLUE, GREEN, GREY, PURPLE, VERMILLION, sheet, styled
from steerlaw.results.whole_texts import Band, Event, TextRow

LOOKS = (PURPLE, GREEN, BLUE)
"""Colours of events."""


def whole_text_drawings(rows: Sequence[TextRow]) -> list[Drawing]:
    """A figure a model, block and concept."""
    return [
        Drawing(
            name=slug(row.model, row.concept or "", "" if row.layer is None else str(row.layer), row.score, "texts"),
            draw=partial(_drawn, row),
        )
        for row in rows
    ]


def _drawn(row: TextRow, name: str) -> Drawn:
    where = row.model if row.concept is None else f"{row.model}, steered towards {row.concept}"
    return Drawn(
        name=name,
        title=f"{where}: whole texts of {row.tokens} tokens",
        caption=f"From {row.texts} texts drawn at the strengths that are marked, reweighted to the others, in bands "
        "that hold at all strengths at once; where too few texts resemble those of a strength there is nothing. Blue "
        f"is what {row.unsteered_texts} other texts, unsteered, predict: the slope at 0 with its interval, and nats as "
        "alpha squared times half the Fisher information. Dashed, a random direction. Dotted, what the texts' nats "
        "allow an event at most, given how often it is seen unsteered (estimated).",
        figure=whole_text_figure(row),
    )


@styled
def whole_text_figure(row: TextRow) -> Figure:
    """Four panels: the score with its predicted slope; events under their bounds; nats a text; nats by position."""
    figure, (score, events, nats, along) = sheet(2, 2, height=4.6)
    strengths = np.array(row.strengths)
    _score(score, row, strengths)
    for event, colour in zip(row.events, LOOKS, strict=False):
        _event(events, event, strengths, colour)
    events.set_title("events, and what the nats allow")
    events.yaxis.set_major_formatter(PercentFormatter(1))
    events.set_ylim(-0.03, 1.03)
    if row.events:
        events.legend(loc="best")
    _line(nats, strengths, row.nats, VERMILLION)
    nats.set_title("nats a text, KL(P_alpha, P_0)", parse_math=False)
    top = max((v for v, r in zip(row.nats.values, row.reliable, strict=True) if r), default=1.0)
    if row.information is not None:
        fine = np.linspace(strengths.min(), strengths.max(), 101)
        low, middle, high = (
            fine**2 * number / 2 for number in (row.information.lower, row.information.value, row.information.upper)
        )
        nats.plot(fine, middle, color=BLUE, linewidth=0.9)
        nats.fill_between(fine, low, high, color=BLUE, alpha=0.15, linewidth=0)
    nats.set_ylim(-0.03 * top, 1.3 * top or 1.0)
    for axes in (score, events, nats):
        axes.set_xlabel("strength")
    positions = 1 + np.arange(len(row.by_position))
    along.plot(positions, row.by_position, color=VERMILLION, linewidth=0.9)
    along.plot(positions, row.predicted_by_position, color=BLUE, linewidth=0.9)
    at = "" if row.costs_at is None else f" at {row.costs_at:.3g}"
    along.set_title(f"nats by token{at}")
    along.set_xlabel("token of the text")
    return figure


def _score(axes: Axes, row: TextRow, strengths: np.ndarray) -> None:
    _line(axes, strengths, row.band, VERMILLION)
    if row.along_random is not None:
        other = np.array(row.random_strengths)
        axes.plot(other, row.along_random.values, "--", color=GREY, linewidth=0.9)
    floor = axes.get_ylim()
    axes.plot(row.sampled_at, np.full(len(row.sampled_at), 0.02), "|", color=GREY, transform=axes.get_xaxis_transform())
    zero = np.flatnonzero(strengths == 0)
    if row.predicted is not None and zero.size:
        base, reach = row.band.values[int(zero[0])], np.linspace(strengths.min(), strengths.max(), 3) / 2
        slope = row.predicted.slope
        axes.plot(reach, base + slope.value * reach, color=BLUE, linewidth=1.0)
        ends = base + np.outer([slope.lower, slope.upper], reach)
        axes.fill_between(reach, ends.min(axis=0), ends.max(axis=0), color=BLUE, alpha=0.15, linewidth=0)
    axes.set_ylim(floor)
    if row.share:
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_title(f"{row.score}, predicted slope in blue", parse_math=False)


def _event(axes: Axes, event: Event, strengths: np.ndarray, colour: str) -> None:
    _line(axes, strengths, event.band, colour, label=event.event)
    axes.plot(strengths, event.bound, ":", color=colour, linewidth=0.9)


def _line(axes: Axes, strengths: np.ndarray, band: Band, colour: str, label: str | None = None) -> None:
    """The curve in its band, where there is one."""
    values, lower, upper = (np.array(part) for part in (band.values, band.lower, band.upper))
    seen = np.isfinite(lower) & np.isfinite(upper) & ~((lower == 0) & (upper == 1))
    axes.fill_between(strengths, np.where(seen, lower, np.nan), np.where(seen, upper, np.nan), color=colour, alpha=0.15)
    axes.plot(strengths, np.where(seen, values, np.nan), color=colour, linewidth=1.2, label=label)
