"""Probabilities that texts hold the concept: the top of Figure 7, and Figures A.11 and A.12."""

from collections.abc import Sequence

import numpy as np

from numerics.bands.band import Band
from numerics.bands.shapes import rising
from numerics.files.netcdf import read_netcdf
from real_models.text_curves.curve import TextCurve
from real_models.text_curves.prediction import TextPrediction
from real_models.text_curves.saving import read_prediction, read_text_curve
from steerlaw.rendering.figures.drawn import Drawn
from steerlaw.rendering.figures.paper.measured import Measured, rows_of
from steerlaw.rendering.figures.paper.panels import Framed, Line, grid
from steerlaw.rendering.figures.style import BLACK, GREY, VERMILLION

KEY = (
    ("observed", VERMILLION, "texts with the concept"),
    ("predicted", BLACK, "slope at 0, predicted by unsteered texts"),
    ("control", GREY, "along a random direction"),
)
ALLOWED = 0.01
"""Probability that a curve may fall and still be said to rise."""
NATS = 1.0
"""Up to how many nats a text the predicted slope is drawn."""


def concepts_figure(shown: Sequence[Measured], name: str, title: str) -> Drawn:
    """A panel a model, concept and block. The claim is Theorem 3.6's, that the concept's probability rises throughout.

    The tilt speaks of the next token, not of a text: of texts the law `text_score` predicts the slope at strength 0.
    """
    found = [[_panel(one) for one in row] for row in rows_of(shown)]
    verdicts = [verdict for row in found for _, verdict in row]
    told = ", ".join(f"{verdicts.count(v)} {v}" for v in ("holds", "departs", "undecided") if v in verdicts)
    return Drawn(
        name=name,
        title=title,
        caption="Drawn by steerlaw from its own runs, in the style of the paper. The probability that a text holds the "
        "concept, with a band for all strengths at once, from 0 to 1 where too few texts resemble those there. The "
        "claim is that it rises throughout (the paper: sigmoidal, with mismatches). Verdicts on the panels, where a "
        f"fall of {ALLOWED:g} counts: {told}. Dashed, with its interval, is the slope at strength 0 that other texts, "
        f"unsteered, predict (law text_score), as far as they predict a text to cost {NATS:g} nat.",
        figure=grid([[panel for panel, _ in row] for row in found], "probability", KEY, limits=(-0.03, 1.03)),
    )


def _panel(one: Measured) -> tuple[Framed, str]:
    groups = read_netcdf(one.path)
    curve, _ = read_text_curve(one.path, groups)
    lines = [_line(curve, VERMILLION, "observed"), *tangent(curve, read_prediction(one.path, groups))]
    if one.control is not None:
        control, _ = read_text_curve(one.control.path(one.results))
        lines.insert(0, _line(control, GREY, "control"))
    band = Band(strengths=curve.strengths, lower=curve.lower[:, None], upper=curve.upper[:, None])
    fall = rising(band)
    verdict = "departs" if fall.least[0] > ALLOWED else "holds" if fall.most[0] <= ALLOWED else "undecided"
    title = f"{one.cell.model}, {one.cell.concept}, {one.where}"
    return Framed(title=title, verdict=f"rises throughout: {verdict}", lines=lines), verdict


def _line(curve: TextCurve, colour: str, kind: str) -> Line:
    lower, upper = (np.asarray(curve.lower), np.asarray(curve.upper)) if kind == "observed" else (None, None)
    values = np.asarray(curve.values)
    return Line(strengths=curve.strengths, values=values, colour=colour, kind=kind, lower=lower, upper=upper)


def tangent(curve: TextCurve, predicted: tuple[TextPrediction, np.ndarray] | None) -> list[Line]:
    """Through the curve at strength 0 with the predicted slope, to where alpha^2 I(0)/2 is `NATS`."""
    zero = np.flatnonzero(curve.strengths == 0)
    if predicted is None or not zero.size or not (information := predicted[0].information().value) > 0:
        return []
    slope, reach = predicted[0].derivatives(predicted[1]).slope, np.sqrt(2 * NATS / information)
    at = np.linspace(max(-reach, curve.strengths.min()), min(reach, curve.strengths.max()), 3)
    rises = np.sort(np.outer([slope.lower, slope.value, slope.upper], at), axis=0)
    lower, values, upper = curve.values[zero[0]] + rises
    return [Line(strengths=at, values=values, kind="predicted", lower=lower, upper=upper)]
