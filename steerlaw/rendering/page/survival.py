"""The picture that opens the page: on how many curves each law still holds, by how far one steers, a line a block."""

from collections.abc import Sequence
from html import escape

import numpy as np
from jaxtyping import Float

from steerlaw.results.reaching.answers import LAWS, USUAL, named, place, weakest_rows
from steerlaw.results.reaching.rows import HorizonRow

WIDTH, HEIGHT = 270, 180
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 40
PUSHES = (0.05, 0.25, 1.0, 4.0)
COLOURS = 6


def survival_panels(rows: Sequence[HorizonRow]) -> str:
    """A panel a law of each model and concept, the first of these open."""
    own = [row for row in weakest_rows(rows) if row.law in LAWS]
    groups: dict[tuple[str, str | None], list[HorizonRow]] = {}
    for row in own:
        groups.setdefault((row.model, row.concept), []).append(row)
    parts = []
    for number, ((model, concept), some) in enumerate(groups.items()):
        panels = "".join(_panel(law, some) for law in dict.fromkeys(named(row) for row in sorted(some, key=_order)))
        layers = sorted({row.layer for row in some if row.layer is not None})
        key = "".join(f'<span class="line s{n % COLOURS}"></span>block {layer}' for n, layer in enumerate(layers))
        title = escape(place(model, concept, None))
        parts.append(
            f"<details{'' if number else ' open'}><summary><b>{title}</b>: "
            "share of curves on which each law still holds</summary>"
            f'<p class="key">{key}</p><div class="panels">{panels}</div></details>'
        )
    return "".join(parts)


def _order(row: HorizonRow) -> tuple[int, str]:
    return LAWS.index(row.law), named(row)


def _panel(law: str, rows: Sequence[HorizonRow]) -> str:
    own = sorted((row for row in rows if named(row) == law), key=lambda row: row.layer or 0)
    layers = sorted({row.layer for row in rows if row.layer is not None})
    lines = "".join(_line(row, layers.index(row.layer) if row.layer in layers else 0) for row in own)
    said = "; ".join(
        f"{'all blocks' if row.layer is None else f'block {row.layer}'} {_at(row, USUAL):.0%} at push {USUAL:g}"
        for row in own
    )
    name = escape(f"{law}: share of curves that obey, by push; {said}")
    return (
        f"<div><h3>{escape(law)}</h3>"
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">{_axes()}{lines}</svg></div>'
    )


def _at(row: HorizonRow, push: float) -> float:
    return float(np.interp(push, row.push.at, (row.push.least + row.push.most) / 2))


def _line(row: HorizonRow, number: int) -> str:
    """The middle of the two bounds of the share, and between them a veil."""
    at, colour = row.push.at, f"s{number % COLOURS}"
    ends = [*_points(at, row.push.most), *reversed(_points(at, row.push.least))]
    middle = _points(at, (row.push.least + row.push.most) / 2)
    return (
        f'<polygon class="veil {colour}" points="{" ".join(ends)}"/>'
        f'<polyline class="{colour}" points="{" ".join(middle)}"/>'
    )


def _points(at: Float[np.ndarray, " n"], shares: Float[np.ndarray, " n"]) -> list[str]:
    return [f"{_x(float(a)):.1f},{_y(float(s)):.1f}" for a, s in zip(at, shares, strict=True)]


def _x(push: float) -> float:
    low, high = np.log(PUSHES[0]), np.log(8.0)
    return LEFT + (np.log(push) - low) / (high - low) * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)


def _axes() -> str:
    """Where people steer is left of push 1, which is marked."""
    lines = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(share):.1f}" y2="{_y(share):.1f}"/>'
        f'<text x="{LEFT - 6}" y="{_y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>'
        for share in (0.0, 0.5, 1.0)
    )
    ticks = "".join(
        f'<text x="{_x(push):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{push:g}</text>' for push in PUSHES
    )
    usual = f'<line class="here" x1="{_x(USUAL):.1f}" x2="{_x(USUAL):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    return (
        f"{lines}{ticks}{usual}"
        f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">push, norms of the residual</text>'
    )
