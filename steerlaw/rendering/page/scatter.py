"""A scatter plot of predicted against observed numbers of one quantity, in one unit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 270, 250
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 10, 42
NOISE = 2.0**-23
"""Of the largest number of its kind: what is smaller is the rounding of single precision."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """What was predicted, and between which bounds it was observed; `control` is along a random direction."""

    predicted: float
    lower: float
    upper: float
    name: str
    control: bool


def without_noise(values: Sequence[float | None]) -> list[float | None]:
    """The numbers, 0 in place of those that rounding cannot tell from it beside the largest of them."""
    largest = max((abs(value) for value in values if value is not None and np.isfinite(value)), default=0.0)
    return [0.0 if value is not None and abs(value) <= NOISE * largest else value for value in values]


def scatter(quantity: str, unit: str, points: Sequence[Point]) -> str:
    """Both axes on one scale, with the line of equality; a bar is what the observation leaves open."""
    known = [value for point in points for value in (point.predicted, point.lower, point.upper) if np.isfinite(value)]
    cleaned = [value for value in without_noise([*known, 0.0]) if value is not None]
    low, high = min(cleaned), max(cleaned)
    room = 0.06 * ((high - low) or 1.0)
    low, high = low - room, high + room

    def x(value: float) -> float:
        return round(LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    largest = max(map(abs, cleaned))

    def told(value: float) -> float:
        return 0.0 if abs(value) <= NOISE * largest else value

    drawn = []
    for point in points:
        lower, upper = (float(np.clip(told(end), low, high)) for end in (point.lower, point.upper))
        across, name = x(told(point.predicted)), escape(_words(point, told))
        kind = "ring" if point.control else "dot"
        drawn.append(
            f'<g class="{kind}"><title>{name}</title>'
            f'<line x1="{across}" x2="{across}" y1="{y(lower)}" y2="{y(upper)}"/>'
            f'<circle cx="{across}" cy="{y((lower + upper) / 2)}" r="4"/></g>'
        )
    ticks = "".join(
        f'<text x="{x(tick)}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{tick:.3g}</text>'
        f'<text x="{LEFT - 6}" y="{y(tick) + 4}" text-anchor="end">{tick:.3g}</text>'
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick)}" y2="{y(tick)}"/>'
        f'<line class="grid" x1="{x(tick)}" x2="{x(tick)}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        for tick in _ticks(low, high)
    )
    equal = f'<line class="here" x1="{x(low)}" y1="{y(low)}" x2="{x(high)}" y2="{y(high)}"/>'
    label = escape(f"{quantity} in {unit}, predicted against observed at {len(points)} places")
    return (
        f'<div><h3>{escape(quantity)}</h3><svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{label}">{ticks}{equal}{"".join(drawn)}'
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">predicted, {escape(unit)}</text>'
        "</svg></div>"
    )


def _words(point: Point, told: Callable[[float], float]) -> str:
    predicted, lower, upper = (f"{told(value):.3g}" for value in (point.predicted, point.lower, point.upper))
    return f"{point.name}: predicted {predicted}, observed {lower} to {upper}"


def _ticks(low: float, high: float) -> list[float]:
    """At most six round numbers; 0 is one of them where it lies between."""
    raw = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * (1 - 1e-9))
    first, last = int(np.ceil(low / step)), int(np.floor(high / step))
    return [float(k * step) for k in range(first, last + 1)]
