"""One curve drawn small: the observed band, how far its claim holds, and the points that show a departure."""

from collections.abc import Sequence
from html import escape

import numpy as np

from steerlaw.results.pictures import CurvePicture

WIDTH, HEIGHT, MARGIN = 150, 56, 4
FLAT, NOTHING = 1e-3, 1e-9
"""A curve that moves by less than such a share of its size, or by less than this, is drawn level."""


def curve_picture(picture: CurvePicture) -> str:
    """An SVG without words, named by words: shaded is where the claim holds, rings are the witness."""
    witness = [value for _, value in picture.witness]
    values = np.concatenate([picture.lower, picture.upper, witness])
    seen = values[np.isfinite(values)]
    if not seen.size:
        return ""
    low, high = _range(float(seen.min()), float(seen.max()))
    first, last = float(picture.at[0]), float(picture.at[-1])

    def x(at: float) -> float:
        share = (min(max(at, first), last) - first) / ((last - first) or 1.0)
        return round(MARGIN + share * (WIDTH - 2 * MARGIN), 1)

    def y(value: float) -> float:
        share = (min(max(value, low), high) - low) / ((high - low) or 1.0)
        return round(HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN), 1)

    upper, lower = (
        [f"{x(a):g},{y(v):g}" for a, v in zip(picture.at, values, strict=True)]
        for values in (picture.upper, picture.lower)
    )
    parts = []
    if picture.horizon is not None and picture.along == "strength":
        reach = picture.horizon[0]
        start, end = x(-reach), x(reach)
        parts.append(f'<rect class="within" x="{start}" y="0" width="{end - start:.1f}" height="{HEIGHT}"/>')
    if first <= 0 <= last:
        parts.append(f'<line class="grid" x1="{x(0)}" x2="{x(0)}" y1="0" y2="{HEIGHT}"/>')
    if upper == lower:
        parts.append(f'<polyline class="curve" points="{" ".join(upper)}"/>')
    else:
        parts.append(f'<polygon class="curve" points="{" ".join([*upper, *reversed(lower)])}"/>')
    parts += [f'<circle class="witness" cx="{x(at)}" cy="{y(value)}" r="3.5"/>' for at, value in picture.witness]
    return (
        f'<svg class="small" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">'
        f"<title>{escape(described(picture))}</title>{''.join(parts)}</svg>"
    )


def _range(low: float, high: float) -> tuple[float, float]:
    """Vertical limits: of what moves by no more than rounding, wide enough that it looks as level as it is."""
    least = max(FLAT * max(abs(low), abs(high)), NOTHING)
    return (low, high) if high - low >= least else ((low + high - least) / 2, (low + high + least) / 2)


def described(picture: CurvePicture) -> str:
    """The picture in words."""
    low, high = picture.lower.min(), picture.upper.max()
    along = picture.along.replace("_", "-")
    parts = [
        f"{picture.quantity} of {picture.place or picture.model}",
        f"between {low:.3g} and {high:.3g} for {along} {picture.at[0]:.3g} to {picture.at[-1]:.3g}",
        horizon_words(picture.horizon),
    ]
    if picture.witness:
        parts.append(f"witness at {along} {_listed([at for at, _ in picture.witness])}")
    return "; ".join(part for part in parts if part)


def horizon_words(horizon: tuple[float, float] | None) -> str:
    """How far a claim holds, in sizes of strengths."""
    if horizon is None:
        return ""
    certain, ends = horizon
    if np.isinf(ends):
        return f"holds at least up to |alpha| = {certain:.3g}" if certain > 0 else "no end of its horizon was seen"
    return f"holds up to |alpha| = {certain:.3g}, and from {ends:.3g} on it does not"


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)
