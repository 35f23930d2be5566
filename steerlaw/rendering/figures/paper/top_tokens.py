"""The full words most likely at the largest strength: Table A.2."""

import unicodedata
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from steerlaw.inputs.subjects import Observation
from steerlaw.rendering.figures.curves import visible
from steerlaw.rendering.figures.drawn import Drawn
from steerlaw.rendering.figures.paper.changes import token_name
from steerlaw.rendering.figures.paper.measured import Measured
from steerlaw.rendering.figures.paper.tokens import farther_right
from steerlaw.rendering.figures.style import BLACK, GREY, WIDTH, styled

WORDS = 8
SHORTEST = 2
"""Letters of a full word."""


def top_tokens_figure(shown: Sequence[Measured], name: str, title: str) -> Drawn:
    """A row a model and concept: along the vector, and below in grey along the random direction."""
    rows = []
    for one in shown:
        known = one.observation.baseline
        target = None if known is None or known.concepts is None else np.asarray(known.concepts[0], bool)
        words = full_words(one.observation)
        inside = sum(bool(target[token]) for token, _ in words) if target is not None else None
        strengths = one.observation.sweep.strengths
        strength = float(strengths[-1 if farther_right(strengths) else 0])
        label = f"{one.cell.model}, {one.cell.concept}, block {one.cell.layer}, at {strength:.4g}"
        rows.append((label, [word for _, word in words], inside, False))
        if one.null is not None:
            rows.append(("  random direction", [word for _, word in full_words(one.null)], None, True))
    counted = [(inside, len(words)) for _, words, inside, _ in rows if inside is not None]
    inside, words = (sum(column) for column in zip(*counted, strict=True)) if counted else (0, 0)
    told = f" {inside} of {words} are in the target sets, which were fixed before any sweep." if counted else ""
    return Drawn(
        name=name,
        title=title,
        caption="Drawn by steerlaw from its own runs, as the paper's table. The full-word tokens (letters, "
        f"{SHORTEST} or more) of largest mean probability over contexts at the largest strength.{told}",
        figure=_table([row[:2] + row[3:] for row in rows]),
    )


def full_words(observation: Observation) -> list[tuple[int, str]]:
    """Ids and texts of the likeliest tokens at the strength farthest from 0 that are words by themselves."""
    data = observation.sweep.data
    end = "end" if farther_right(observation.sweep.strengths) else "start"
    if end not in data:
        raise ValueError(f"the sweep holds no {end} of every token; run the plan again with its tables")
    mean = np.exp(data[end].transpose("context", "vocab").to_numpy()).mean(axis=0)
    found: list[tuple[int, str]] = []
    for token in np.argsort(-mean, kind="stable").tolist():
        text = token_name(observation, token).strip()
        if is_full_word(text) and text not in {word for _, word in found}:
            found.append((token, text))
        if len(found) == WORDS:
            break
    return found


def is_full_word(text: str) -> bool:
    """Letters alone, in any script, `SHORTEST` or more.

    >>> [is_full_word(text) for text in ("evil", "d'", "x", "böse", "42")]
    [True, False, False, True, False]
    """
    return len(text) >= SHORTEST and all(unicodedata.category(c).startswith(("L", "M")) for c in text)


@styled
def _table(rows: Sequence[tuple[str, list[str], bool]]) -> Figure:
    step = 0.2
    rows = [("model, concept, block and strength", ["likeliest", "full", "words"], False), *rows]
    figure = Figure(figsize=(WIDTH, 0.1 + step * len(rows)))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows), 0)
    axes.axhline(1, color=BLACK, linewidth=0.7)
    for number, (label, words, null) in enumerate(rows):
        colour = GREY if null else BLACK
        axes.text(0.01, number + 0.5, label, fontsize=7, va="center", parse_math=False, color=colour)
        text = "  ".join(visible(word) for word in words)
        axes.text(0.42, number + 0.5, text, fontsize=7, va="center", parse_math=False, color=colour)
    return figure
