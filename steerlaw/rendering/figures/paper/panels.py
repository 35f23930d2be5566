"""A grid of panels in the paper's style: linear axes over the strength, a key of its own beside each panel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from steerlaw.rendering.figures.curves import LINES, STRENGTH, line_key, visible
from steerlaw.rendering.figures.style import BLACK, GREY, SERIES, WIDTH, styled

COLOURS = (*SERIES, "#8c564b")
"""One more than a series has: the paper shows eight tokens."""
ROW = 1.75
"""Inches of a row of panels."""
MOST_IN_A_ROW = 4
"""Entries of the key that fit side by side under several panels."""
NARROW = 4.2
"""Inches across where there is one panel in a row."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One curve of the strength; `kind` is a key of `LINES`, `lower` and `upper` shade a band, `name` is its key."""

    strengths: Float[np.ndarray, " strengths"]
    values: Float[np.ndarray, " strengths"]
    colour: str = BLACK
    kind: str = "observed"
    name: str | None = None
    lower: Float[np.ndarray, " strengths"] | None = None
    upper: Float[np.ndarray, " strengths"] | None = None


@dataclass(frozen=True, kw_only=True)
class Framed:
    """A panel: its title, its verdict in a few words, its lines, and `horizons`, strengths at which it is marked."""

    title: str
    verdict: str
    lines: Sequence[Line]
    horizons: Sequence[float] = ()


def horizons(
    strengths: Float[np.ndarray, " strengths"], off: Float[np.ndarray, " strengths"], allowed: float
) -> list[float]:
    """On either side of 0 the strength up to which, from 0 on, something is off by at most so much.

    >>> horizons(np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), np.array([0.2, 0.3, 0.0, 0.05, 0.4]), 0.1)
    [0.0, 1.0]
    """
    found = []
    for side in (-1, 1):
        own = np.flatnonzero(strengths * side >= 0)
        order = own[np.argsort(np.abs(strengths[own]), kind="stable")]
        beyond = off[order] > allowed
        last = len(order) - 1 if not beyond.any() else max(int(beyond.argmax()) - 1, 0)
        found += [float(strengths[order][last])] if len(order) > 1 else []
    return found


@styled
def grid(
    rows: Sequence[Sequence[Framed]],
    label: str,
    key: Sequence[tuple[str, str, str]],
    *,
    limits: tuple[float, float] | None = None,
    within: str = "",
) -> Figure:
    """Rows of panels under one label of their vertical axes; `key` are the line styles, those drawn said once below.

    Horizons are where the tilt stops to hold `within` an amount.
    """
    across = max(map(len, rows))
    wide = WIDTH if across > 1 else NARROW
    figure = Figure(figsize=(wide, 0.45 + (ROW + 0.25) * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), across, squeeze=False)
    for row, panels in enumerate(rows):
        for column in range(across):
            if column >= len(panels):
                axes[row][column].remove()
                continue
            _draw(axes[row][column], panels[column], small=across > 1)
            if limits is not None:
                axes[row][column].set_ylim(*limits)
        axes[row][0].set_ylabel(label, fontsize=7)
    drawn = {line.kind for panels in rows for panel in panels for line in panel.lines}
    key = [entry for entry in key if entry[0] in drawn]
    if any(len(panel.horizons) for panels in rows for panel in panels):
        key = [*key, ("approximation", GREY, f"the tilt holds within {within} so far")]
    line_key(figure, key, ncols=(len(key) if len(key) <= MOST_IN_A_ROW else 3) if across > 1 else 1)
    return figure


def _room(lines: Sequence[Line], drawn: tuple[float, float]) -> tuple[float, float]:
    """Vertical limits in which what was observed takes half the height or more; what was predicted may leave them."""
    measured = (line for line in lines if line.kind not in ("predicted", "approximation"))
    seen = [part for line in measured for part in (line.values, line.lower, line.upper)]
    values = np.concatenate([part for part in seen if part is not None])
    values = values[np.isfinite(values)]
    if values.size == 0 or np.ptp(values) == 0:
        return drawn
    spare = np.ptp(values) / 2
    return max(drawn[0], float(values.min() - spare)), min(drawn[1], float(values.max() + spare))


def _draw(axes: Axes, panel: Framed, *, small: bool) -> None:
    for line in panel.lines:
        if line.lower is not None and line.upper is not None:
            axes.fill_between(line.strengths, line.lower, line.upper, color=line.colour, alpha=0.18, linewidth=0)
        name = None if line.name is None else visible(line.name)
        axes.plot(line.strengths, line.values, color=line.colour, label=name, **LINES[line.kind])
    reach = [line.strengths for line in panel.lines if line.kind == "observed"]
    low, high = min(map(np.min, reach)), max(map(np.max, reach))
    axes.axhline(0, color=GREY, linewidth=0.5, zorder=1)
    for horizon in panel.horizons:
        if low < horizon < high:
            axes.axvline(horizon, color=GREY, **LINES["approximation"])
    axes.set_xlim(low, high)
    axes.set_ylim(*_room(panel.lines, axes.get_ylim()))
    axes.set_title(f"{panel.title}\n{panel.verdict}", fontsize=6.5 if small else 7.5, parse_math=False)
    axes.set_xlabel(STRENGTH, fontsize=7)
    axes.tick_params(labelsize=6)
    if any(line.name for line in panel.lines):
        key = axes.legend(
            loc="upper left", bbox_to_anchor=(1.0, 1.02), fontsize=5.5, handlelength=1.0, labelspacing=0.3, borderpad=0
        )
        for text in key.get_texts():
            text.set_parse_math(False)
