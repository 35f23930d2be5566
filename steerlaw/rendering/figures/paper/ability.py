"""Accuracy on tasks: Figure A.6."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from numerics.files.text import read_json
from steerlaw.rendering.figures.drawn import Drawn
from steerlaw.rendering.figures.paper.measured import Measured, rows_of
from steerlaw.rendering.figures.paper.panels import Framed, Line, grid
from steerlaw.rendering.figures.style import GREY, VERMILLION

KEY = (("observed", VERMILLION, "accuracy"), ("control", GREY, "along a random direction"))
ALLOWED = 0.01
"""Accuracy that may be gained and still count as none."""
Curve = Float[np.ndarray, " strengths"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Accuracies:
    """Overall scores, and bounds for their change from strength 0 at all strengths together, where these are known."""

    strengths: Curve
    scores: Curve
    lower: Curve | None = None
    upper: Curve | None = None

    @property
    def verdict(self) -> str:
        """On *steering always hurts*: no strength does better than none by more than `ALLOWED`."""
        if self.lower is None or self.upper is None:
            return "undecided"
        return "departs" if self.lower.max() > ALLOWED else "holds" if self.upper.max() <= ALLOWED else "undecided"

    @property
    def worse(self) -> str:
        """Beyond which strengths fewer answers are right for certain."""
        sure = np.zeros(0) if self.upper is None else self.strengths[self.upper < 0]
        ends = [f"{side.max():.3g}" for side in (sure[sure < 0],) if side.size]
        ends += [f"{side.min():.3g}" for side in (sure[sure > 0],) if side.size]
        return f"worse from {' and '.join(ends)}" if ends else "worse at none"


def ability_figure(shown: Sequence[Measured], name: str, title: str) -> Drawn:
    """A panel a model and concept. The claim is that no strength does better than none."""
    found = [[_panel(one) for one in row] for row in rows_of(shown)]
    verdicts = [verdict for row in found for _, verdict in row]
    told = ", ".join(f"{verdicts.count(v)} {v}" for v in ("holds", "departs", "undecided") if v in verdicts)
    return Drawn(
        name=name,
        title=title,
        caption="Drawn by steerlaw from its own runs, in the style of the paper. Accuracy on tasks against the "
        "strength; no law here predicts it. Shaded is where the change from strength 0 lies, at all strengths at once, "
        "each question beside itself unsteered. That steering always hurts (no strength does better by more than "
        f"{ALLOWED:g}): {told}.",
        figure=grid([[panel for panel, _ in row] for row in found], "accuracy", KEY, limits=(0.0, 1.0)),
    )


def _panel(one: Measured) -> tuple[Framed, str]:
    found = accuracies(one.path)
    lines = [_line(found, VERMILLION, "observed")]
    if one.control is not None:
        lines.insert(0, _line(accuracies(one.control.path(one.results)), GREY, "control", shaded=False))
    title = f"{one.cell.model}, {one.cell.concept}, {one.where}"
    verdict = f"always hurts: {found.verdict}; {found.worse}"
    return Framed(title=title, verdict=verdict, lines=lines), found.verdict


def _line(found: Accuracies, colour: str, kind: str, *, shaded: bool = True) -> Line:
    band = {}
    if shaded and found.lower is not None and found.upper is not None:
        start = found.scores[int(np.argmin(np.abs(found.strengths)))]
        band = {"lower": np.clip(start + found.lower, 0, 1), "upper": np.clip(start + found.upper, 0, 1)}
    return Line(strengths=found.strengths, values=found.scores, colour=colour, kind=kind, **band)


def accuracies(path: Path) -> Accuracies:
    """The scores of a file, by ascending strength; anything else is a `ValueError` that names the file."""
    document = read_json(path)
    names = ["alphas", "overall_scores"]
    if isinstance(document, dict) and "change_lower" in document:
        names += ["change_lower", "change_upper"]
    try:
        columns = [np.array(document[name], np.float64) for name in names]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: expected numbers under {', '.join(names)}, got others ({error})") from error
    if columns[0].ndim != 1 or any(c.shape != columns[0].shape or not np.isfinite(c).all() for c in columns):
        shapes = ", ".join(str(column.shape) for column in columns)
        raise ValueError(f"{path}: expected as many finite {' and '.join(names[1:])} as alphas, got shapes {shapes}")
    order = np.argsort(columns[0], kind="stable")
    return Accuracies(**dict(zip(("strengths", "scores", "lower", "upper"), (c[order] for c in columns), strict=False)))
