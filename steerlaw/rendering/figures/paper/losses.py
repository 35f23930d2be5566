"""Changes of cross-entropy: the bottom of Figure 7 and Figure A.13."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from steerlaw.inputs.subjects import Observation
from steerlaw.rendering.figures.drawn import Drawn
from steerlaw.rendering.figures.paper.measured import Measured, rows_of, setting
from steerlaw.rendering.figures.paper.panels import Framed, Line, grid, horizons
from steerlaw.rendering.figures.predicted import cross_entropy_laws
from steerlaw.rendering.figures.style import BLACK, BLUE, GREEN, GREY, VERMILLION

KEY = (
    ("observed", VERMILLION, "observed"),
    ("predicted", BLACK, "exact law of the tilt"),
    ("approximation", BLUE, "quadratic"),
    ("beside", GREEN, "of the model itself, unsteered"),
    ("control", GREY, "along a random direction"),
)
ALLOWED = 0.1
"""Nats within which the exact law of the tilt counts as holding."""
Curve = Float[np.ndarray, " strengths"]


def losses_figure(shown: Sequence[Measured], name: str, title: str, own: Mapping[tuple, Measured]) -> Drawn:
    """A panel a model, concept and block; the verdict is on *steering always hurts*: no strength lowers it.

    `own` are self cross-entropy's cells, by `setting`, which are shown beside: their change is a divergence.
    """
    found = [[_panel(one, own.get(setting(one.cell))) for one in row] for row in rows_of(shown)]
    flat = [(panel, hurts) for row in found for panel, hurts in row]
    always = sum(hurts for _, hurts in flat)
    shown_values = [np.r_[line.values] for panel, _ in flat for line in panel.lines if line.kind == "observed"]
    low, high = min(0.0, *(values.min() for values in shown_values)), max(values.max() for values in shown_values)
    return Drawn(
        name=name,
        title=title,
        caption="Drawn by steerlaw from its own runs, in the style of the paper. Change of cross-entropy on text that "
        "built no vector. The paper has steering always hurt, quadratically near 0: "
        f"{'holds' if always == len(flat) else 'departs'}, no strength lowers it in {always} of {len(flat)} panels. "
        "The laws of the tilt have no plateau; a final normalisation makes one (Proposition 4.1)."
        f"{_beside(flat)}",
        figure=grid(
            [[panel for panel, _ in row] for row in found],
            "change of cross-entropy, nats",
            KEY,
            within=f"{ALLOWED:g} nat",
            limits=(float(low - 0.05 * (high - low)), float(high + 0.08 * (high - low))),
        ),
    )


def _beside(panels: Sequence[tuple[Framed, bool]]) -> str:
    if not any(line.kind == "beside" for panel, _ in panels for line in panel.lines):
        return ""
    return (
        " Beside it the change of cross-entropy on the model's own unsteered distributions after the same text: "
        "KL(p, p_alpha), which cannot fall, so that what lies below it is what text gains."
    )


def _panel(one: Measured, own: Measured | None) -> tuple[Framed, bool]:
    strengths, change = cross_entropy_change(one.observation)
    lines = [Line(strengths=strengths, values=change, colour=VERMILLION)]
    baseline, marks = one.observation.baseline, list[float]()
    if baseline is not None and baseline.log_odds is not None:
        exact, quadratic = cross_entropy_laws(baseline, strengths)
        marks = horizons(strengths, np.abs(exact - change), ALLOWED)
        lines.append(Line(strengths=strengths, values=exact, kind="predicted"))
        lines.append(Line(strengths=strengths, values=quadratic, kind="approximation", colour=BLUE))
    if own is not None:
        at, values = cross_entropy_change(own.observation)
        lines.append(Line(strengths=at, values=values, kind="beside", colour=GREEN))
    if one.null is not None:
        at, values = cross_entropy_change(one.null)
        lines.append(Line(strengths=at, values=values, kind="control", colour=GREY))
    halfwidth = float(one.observation.sweep.data["cross_entropy_halfwidth"].max())
    lowest = int(np.argmin(change))
    hurts = bool(change[lowest] >= -2 * halfwidth)
    verdict = "no strength lowers it" if hurts else f"lowest {change[lowest]:.2g} at strength {strengths[lowest]:.3g}"
    title = f"{one.cell.model}, {one.cell.concept}, {one.where}"
    return Framed(title=title, verdict=verdict, lines=lines, horizons=marks), hurts


def cross_entropy_change(observation: Observation) -> tuple[Curve, Curve]:
    """The strengths, and the mean over segments less that at strength 0."""
    strengths = observation.sweep.strengths
    values, _, weight = observation.sweep.cross_entropy()
    mean = (values * weight).sum("segment").transpose("strength").to_numpy()
    return strengths, mean - mean[int(np.argmin(np.abs(strengths)))]
