"""The picture that opens the page: on how many curves each law still holds, by how far one steers, a line a block.

Dashed beside it is the same along a random direction of equal norm. By push, and folded below, by nats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
from jaxtyping import Float

from numerics.judging.horizons.survival import Survival
from steerlaw.results.reaching.answers import LAWS, USUAL, control_of, named, place, weakest_rows
from steerlaw.results.reaching.rows import NATS, PUSHES, HorizonRow

WIDTH, HEIGHT = 270, 180
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 40
COLOURS = 6


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What lies across a panel, on a scale of logarithms; `usual` is a line up to which people steer."""

    unit: Literal["push", "nats"]
    says: str
    low: float
    high: float
    ticks: tuple[float, ...]
    usual: float | None = None

    def x(self, reach: float) -> float:
        """Where a reach lies in the panel."""
        low, high = np.log(self.low), np.log(self.high)
        return LEFT + (np.log(reach) - low) / (high - low) * (WIDTH - LEFT - RIGHT)


PUSH = Axis(
    unit="push",
    says="push, norms of the residual",
    low=PUSHES[0],
    high=8.0,
    ticks=(0.05, 0.25, 1.0, 4.0),
    usual=USUAL,
)
SPENT = Axis(unit="nats", says="nats spent", low=NATS[0], high=NATS[-1], ticks=(0.02, 0.1, 0.5, 2.0))


def survival_panels(rows: Sequence[HorizonRow]) -> str:
    """A panel a law of each model and concept, the first of these open."""
    own = [row for row in weakest_rows(rows) if row.law in LAWS]
    groups: dict[tuple[str, str | None], list[HorizonRow]] = {}
    for row in own:
        groups.setdefault((row.model, row.concept), []).append(row)
    parts = []
    for number, ((model, concept), some) in enumerate(groups.items()):
        layers = sorted({row.layer for row in some if row.layer is not None})
        key = "".join(f'<span class="line s{n % COLOURS}"></span>block {layer}' for n, layer in enumerate(layers))
        if any(control_of(row, rows) for row in some):
            key += '<span class="line control"></span>random direction'
        title = escape(place(model, concept, None))
        parts.append(
            f"<details{'' if number else ' open'}><summary><b>{title}</b>: "
            "share of curves on which each law still holds</summary>"
            f'<p class="key">{key}</p>{_panels(some, rows, PUSH)}'
            f"<details><summary>The same by nats spent</summary>{_panels(some, rows, SPENT)}</details></details>"
        )
    return "".join(parts)


def _panels(some: Sequence[HorizonRow], rows: Sequence[HorizonRow], axis: Axis) -> str:
    laws = dict.fromkeys(named(row) for row in sorted(some, key=_order))
    return f'<div class="panels">{"".join(_panel(law, some, rows, axis) for law in laws)}</div>'


def _order(row: HorizonRow) -> tuple[int, str]:
    return LAWS.index(row.law), named(row)


def _panel(law: str, some: Sequence[HorizonRow], rows: Sequence[HorizonRow], axis: Axis) -> str:
    own = sorted((row for row in some if named(row) == law), key=lambda row: row.layer or 0)
    layers = sorted({row.layer for row in some if row.layer is not None})
    drawn, told = [], []
    for row in own:
        colour = f"s{(layers.index(row.layer) if row.layer in layers else 0) % COLOURS}"
        curve, null = getattr(row, axis.unit), control_of(row, rows)
        beside = None if null is None else getattr(null, axis.unit)
        drawn += [] if beside is None else [_control(beside, colour, axis)]
        if curve is not None:
            drawn.append(_line(curve, colour, axis))
            told.append(_said(row, curve, beside, axis))
    name = escape(f"{law}: share of curves that obey, by {axis.unit}; {'; '.join(told)}")
    return (
        f"<div><h3>{escape(law)}</h3>"
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">'
        f"{_axes(axis)}{''.join(drawn)}</svg></div>"
    )


def _said(row: HorizonRow, curve: Survival, beside: Survival | None, axis: Axis) -> str:
    """For those who cannot see it: the share at one norm, or one nat, and along the random direction."""
    where = "all blocks" if row.layer is None else f"block {row.layer}"
    aside = "" if beside is None else f" ({_at(beside):.0%} along a random direction)"
    return f"{where} {_at(curve):.0%} at {axis.unit} 1{aside}"


def _at(curve: Survival) -> float:
    return float(np.interp(1.0, curve.at, _middle(curve)))


def _middle(curve: Survival) -> Float[np.ndarray, " reaches"]:
    return (curve.least + curve.most) / 2


def _line(curve: Survival, colour: str, axis: Axis) -> str:
    """The middle of the two bounds of the share, and between them a veil."""
    ends = [*_points(curve.at, curve.most, axis), *reversed(_points(curve.at, curve.least, axis))]
    return (
        f'<polygon class="veil {colour}" points="{" ".join(ends)}"/>'
        f'<polyline class="{colour}" points="{" ".join(_points(curve.at, _middle(curve), axis))}"/>'
    )


def _control(curve: Survival, colour: str, axis: Axis) -> str:
    points = " ".join(_points(curve.at, _middle(curve), axis))
    return f'<polyline class="control {colour}" points="{points}"/>'


def _points(at: Float[np.ndarray, " n"], shares: Float[np.ndarray, " n"], axis: Axis) -> list[str]:
    return [f"{axis.x(float(a)):.1f},{_y(float(s)):.1f}" for a, s in zip(at, shares, strict=True)]


def _y(share: float) -> float:
    return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)


def _axes(axis: Axis) -> str:
    """Where people steer is left of push 1, which is marked."""
    lines = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(share):.1f}" y2="{_y(share):.1f}"/>'
        f'<text x="{LEFT - 6}" y="{_y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>'
        for share in (0.0, 0.5, 1.0)
    )
    ticks = "".join(
        f'<text x="{axis.x(tick):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{tick:g}</text>'
        for tick in axis.ticks
    )
    usual = ""
    if axis.usual is not None:
        at = f"{axis.x(axis.usual):.1f}"
        usual = f'<line class="here" x1="{at}" x2="{at}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    return f'{lines}{ticks}{usual}<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{axis.says}</text>'
