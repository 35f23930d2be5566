"""Probabilities that texts hold the concept: the top of Figure 7, and Figures A.11 and A.12."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from numerics.bands.band import Band
from numerics.bands.shapes import rising
from real_models.text_curves.curve import TextCurve
from real_models.text_curves.saving import read_text_curve
from steerlaw.rendering.figures.drawn import Drawn
from steerlaw.rendering.figures.paper.measured import Measured, rows_of, setting
from steerlaw.rendering.figures.paper.panels import Framed, Line, grid
from steerlaw.rendering.figures.predicted import concept_probability
from steerlaw.rendering.figures.style import BLACK, GREY, VERMILLION

KEY = (
    ("observed", VERMILLION, "texts with the concept"),
    ("predicted", BLACK, "tilt: the next token in the target set"),
    ("control", GREY, "along a random direction"),
)
ALLOWED = 0.01
"""Probability that a curve may fall and still be said to rise."""


def concepts_figure(shown: Sequence[Measured], name: str, title: str, tilts: Mapping[tuple, Measured]) -> Drawn:
    """A panel a model, concept and block. The claim is Theorem 3.6's, that the concept's probability rises throughout.

    `tilts` are next-token cells of the same setting, by `setting`: the tilt predicts the next token, not a text.
    """
    found = [[_panel(one, tilts.get(setting(one.cell))) for one in row] for row in rows_of(shown)]
    verdicts = [verdict for row in found for _, verdict in row]
    told = ", ".join(f"{verdicts.count(v)} {v}" for v in ("holds", "departs", "undecided") if v in verdicts)
    return Drawn(
        name=name,
        title=title,
        caption="Drawn by steerlaw from its own runs, in the style of the paper. The probability that a text holds the "
        "concept, with a band for all strengths at once, from 0 to 1 where too few texts resemble those there. The "
        "claim is that it rises throughout (the paper: sigmoidal, with mismatches). Verdicts on the panels, where a "
        f"fall of {ALLOWED:g} counts: {told}. Dashed is the next token's law, which need not be that of texts.",
        figure=grid([[panel for panel, _ in row] for row in found], "probability", KEY, limits=(-0.03, 1.03)),
    )


def _panel(one: Measured, tilt: Measured | None) -> tuple[Framed, str]:
    curve = _read(one.path)
    lines = [_line(curve, VERMILLION, "observed")]
    baseline = None if tilt is None else tilt.observation.baseline
    if baseline is not None and baseline.concepts is not None and baseline.log_odds is not None:
        predicted = concept_probability(baseline, 0, curve.strengths)
        lines.append(Line(strengths=curve.strengths, values=predicted, kind="predicted"))
    if one.control is not None:
        lines.insert(0, _line(_read(one.control.path(one.results)), GREY, "control"))
    band = Band(strengths=curve.strengths, lower=curve.lower[:, None], upper=curve.upper[:, None])
    fall = rising(band)
    verdict = "departs" if fall.least[0] > ALLOWED else "holds" if fall.most[0] <= ALLOWED else "undecided"
    title = f"{one.cell.model}, {one.cell.concept}, {one.where}"
    return Framed(title=title, verdict=f"rises throughout: {verdict}", lines=lines), verdict


def _line(curve: TextCurve, colour: str, kind: str) -> Line:
    lower, upper = (np.asarray(curve.lower), np.asarray(curve.upper)) if kind == "observed" else (None, None)
    values = np.asarray(curve.values)
    return Line(strengths=curve.strengths, values=values, colour=colour, kind=kind, lower=lower, upper=upper)


def _read(path: Path) -> TextCurve:
    return read_text_curve(path)[0]
