"""Accuracy on tasks: Figure A.6."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from numerics.files.text import read_json
from steerlaw.rendering.figures.drawn import Drawn
from steerlaw.rendering.figures.paper.measured import Measured, rows_of
from steerlaw.rendering.figures.paper.panels import Framed, Line, grid
from steerlaw.rendering.figures.style import GREY, VERMILLION

KEY = (("observed", VERMILLION, "accuracy"), ("control", GREY, "along a random direction"))


def ability_figure(shown: Sequence[Measured], name: str, title: str) -> Drawn:
    """A panel a model and concept. The claim is that no strength does better than none."""
    found = [[_panel(one) for one in row] for row in rows_of(shown)]
    flat = [best for row in found for _, best in row]
    return Drawn(
        name=name,
        title=title,
        caption="Drawn by steerlaw from its own runs, in the style of the paper. Accuracy on tasks against the "
        "strength; no law here predicts it. That steering always hurts "
        f"{'holds' if all(flat) else 'departs'}: strength 0 is best in {sum(flat)} of {len(flat)} panels.",
        figure=grid([[panel for panel, _ in row] for row in found], "accuracy", KEY, limits=(0.0, 1.0)),
    )


def _panel(one: Measured) -> tuple[Framed, bool]:
    strengths, scores = accuracies(one.path)
    lines = [Line(strengths=strengths, values=scores, colour=VERMILLION)]
    if one.control is not None:
        at, values = accuracies(one.control.path(one.results))
        lines.insert(0, Line(strengths=at, values=values, colour=GREY, kind="control"))
    best = int(np.argmax(scores))
    unsteered = scores[int(np.argmin(np.abs(strengths)))]
    verdict = "best at strength 0" if scores[best] <= unsteered else f"best at strength {strengths[best]:.3g}"
    title = f"{one.cell.model}, {one.cell.concept}, {one.where}"
    return Framed(title=title, verdict=verdict, lines=lines), bool(scores[best] <= unsteered)


def accuracies(path: Path) -> tuple[Float[np.ndarray, " strengths"], Float[np.ndarray, " strengths"]]:
    """Strengths, ascending, and overall scores; anything else is a `ValueError` that names the file."""
    document = read_json(path)
    try:
        strengths = np.array(document["alphas"], np.float64)
        scores = np.array(document["overall_scores"], np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: expected numbers under alphas and overall_scores, got others ({error})") from error
    if strengths.ndim != 1 or strengths.shape != scores.shape or not np.isfinite([strengths, scores]).all():
        raise ValueError(f"{path}: expected as many finite overall_scores as alphas, got {scores.shape}")
    order = np.argsort(strengths, kind="stable")
    return strengths[order], scores[order]
