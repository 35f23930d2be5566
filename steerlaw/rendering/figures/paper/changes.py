"""Changes of the next token's probability: Figures 6, A.1, A.2, A.4, A.5 and A.7 to A.10."""

from collections.abc import Sequence

import numpy as np

from steerlaw.inputs.subjects import Observation
from steerlaw.rendering.figures.curves import darker
from steerlaw.rendering.figures.drawn import Drawn
from steerlaw.rendering.figures.paper.measured import Measured, rows_of
from steerlaw.rendering.figures.paper.panels import COLOURS, Framed, Line, grid
from steerlaw.rendering.figures.paper.tokens import SEEN, TokenCurves, token_curves
from steerlaw.rendering.figures.style import BLACK, GREY

CONTEXT = 0
"""The context that is shown."""
WITHIN = 0.1
"""Nats within which a curve of the whole vocabulary is taken to have a shape."""
KEY = (
    ("observed", BLACK, "observed"),
    ("predicted", BLACK, "tilt, predicted"),
    ("control", GREY, "along a random direction"),
)


def changes_figure(shown: Sequence[Measured], name: str, title: str) -> Drawn:
    """A panel a model, concept and block: the eight tokens likeliest at the largest strength, as the paper shows them.

    The verdict is on the paper's claim as it is put, that these turn at most once, within what a reader sees; it
    stands beside the random direction's own eight tokens, and beside what the choice of tokens leaves out.
    """
    rows = rows_of(shown)
    panels, counts = [], np.zeros(4, int)
    for row in rows:
        panels.append([])
        for one in row:
            framed, own = _panel(one)
            panels[-1].append(framed)
            counts += own
    return Drawn(
        name=name,
        title=title,
        caption=_caption(counts, [share for one in shown if (share := _by_mass(one.observation)) is not None]),
        figure=grid(panels, "change of probability", KEY, within=f"{SEEN:g}"),
    )


def _panel(one: Measured) -> tuple[Framed, np.ndarray]:
    """The panel, and of its tokens those that turn at most once and all of them, then of its control's."""
    curves = token_curves(one.observation, CONTEXT)
    lines = [*_null_lines(one), *_lines(curves, one.observation)]
    counts = [curves.turning_once, len(curves.tokens), 0, 0]
    verdict = f"turn at most once: {curves.turning_once} of {len(curves.tokens)}"
    if one.null is not None:
        null = token_curves(one.null, CONTEXT)
        counts[2:] = null.turning_once, len(null.tokens)
        verdict += f" (random: {null.turning_once} of {len(null.tokens)})"
    title = f"{one.cell.model}, {one.cell.concept}, {one.where}"
    return Framed(title=title, verdict=verdict, lines=lines, horizons=[curves.horizon]), np.array(counts)


def _lines(curves: TokenCurves, observation: Observation) -> list[Line]:
    predicted = [None] * len(curves.tokens) if curves.predicted is None else curves.predicted
    lines = []
    for colour, token, values, tilt in zip(COLOURS, curves.tokens.tolist(), curves.changes, predicted, strict=False):
        name = token_name(observation, token)
        lines.append(Line(strengths=curves.strengths, values=values, colour=colour, name=name))
        if tilt is not None:
            lines.append(Line(strengths=curves.strengths, values=tilt, colour=darker(colour), kind="predicted"))
    return lines


def _null_lines(one: Measured) -> list[Line]:
    if one.null is None:
        return []
    null = token_curves(one.null, CONTEXT)
    return [Line(strengths=null.strengths, values=y, colour=GREY, kind="control") for y in null.changes]


def token_name(observation: Observation, token: int) -> str:
    """A token's text, or its id where that is not known."""
    text = observation.subject.token_text
    return (text(token) if text else "") or str(token)


def _by_mass(observation: Observation) -> float | None:
    """The share of the vocabulary, by unsteered probability, whose curve over the window is a bump or monotone."""
    data, baseline = observation.sweep.data, observation.baseline
    if "shape_departure" not in data or baseline is None:
        return None
    most = data["shape_departure"].isel(context=CONTEXT, bound=1).transpose("vocab", "shape").to_numpy()
    return float(np.exp(baseline.log_probs[CONTEXT])[(most <= WITHIN).any(axis=1)].sum())


def _caption(counts: np.ndarray, masses: Sequence[float]) -> str:
    once, tokens, null_once, null_tokens = counts.tolist()
    verdict = "holds" if once == tokens else "departs"
    text = (
        f"Drawn by steerlaw from its own runs, in the style of the paper. In each panel the eight tokens "
        "that are most likely at the largest strength, after one context. The paper's claim, that they turn at most "
        f"once, {verdict}: {once} of {tokens} do, within {SEEN:g} of probability"
    )
    text += f"; along random directions of equal norm {null_once} of {null_tokens} do." if null_tokens else "."
    if masses:
        least, most = f"{100 * min(masses):.0f}", f"{100 * max(masses):.0f}"
        text += (
            f" Of the whole vocabulary by unsteered probability, {least if least == most else f'{least} to {most}'} % "
            f"rise, fall or bump over the whole window within {WITHIN:g} nat."
        )
    return text
