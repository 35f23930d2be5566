"""The sections of the page: laws as mathematics, departures in their units, noughts as noughts, controls in place."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.judging.predicted_numbers import Gap
from numerics.judging.verdict import Outcome, Verdict
from steerlaw.rendering.figures.saving import svg_text
from steerlaw.rendering.page.departures import departures_section
from steerlaw.rendering.page.derivations import mathematics
from steerlaw.rendering.page.lean import lean
from steerlaw.rendering.page.numbers import numbers_section
from steerlaw.rendering.page.scatter import NOISE, Point, scatter, without_noise
from steerlaw.rendering.page.verdicts import verdicts_section
from steerlaw.results.lines import summary_lines
from steerlaw.results.predicted_rows import PredictedRow
from steerlaw.results.verdict_rows import Place, VerdictRow, counted
from theory.catalogue import laws
from theory.printing.notation import latex

MATHML = "{http://www.w3.org/1998/Math/MathML}"


@pytest.mark.parametrize("law", laws().values(), ids=lambda law: law.id)
def test_every_law_is_set_as_mathematics(law):
    root = ElementTree.fromstring(mathematics(latex(law.statement)).replace("&#x", "&amp;#x"))
    assert root.tag == f"{MATHML}math"
    assert {one.tag.removeprefix(MATHML) for one in root.iter()} & {"mo", "mi"}
    written = "".join(root.itertext())
    assert "\\" not in written  # no command of LaTeX is left unread


def test_what_is_no_latex_is_still_said():
    assert "frac" in mathematics(r"\frac{<b>")
    assert "<b>" not in mathematics(r"\frac{<b>")


def row(law, unit, departure, ends, *, model="m", claim="c", control=None, verdict: Outcome = "departs") -> VerdictRow:
    horizon = None if ends is None else {"push": [ends / 2, ends]}
    found = Verdict(
        law=law, claim=claim, verdict=verdict, departure=departure, tolerance=0.1, unit=unit,
        evidence="deterministic", witness={"strengths": [1.5], "values": [-2.0]}, horizon=horizon,
    )  # fmt: skip
    return VerdictRow(verdict=found, place=Place(model=model, control=control, quantity="q"), counts=counted([verdict]))


def test_departures_are_by_law_and_unit_and_the_earliest_first():
    rows = [
        row("tilt", "log_probability", 9.0, 2.0, model="late"),
        row("tilt", "log_probability", 1.0, 0.5, model="early"),
        row("tilt", "log_probability", 5.0, 0.7, model="early"),
        row("tilt", "probability", 0.3, None, model="unknown"),
        row("entropy", "nats", 2.0, 1.0),
        row("entropy", "nats", 2.0, 1.0, control="random_direction", model="null"),
        row("derivative", "nats", 0.0, 1.0, verdict="holds"),
    ]
    page = departures_section(rows)
    titles = [re.sub("<[^>]*>", "", title) for title in re.findall("<h3>.*?</h3>", page)]
    assert titles == ["entropy, in nats", "tilt, in log probability", "tilt, in probability"]
    assert page.index("early") < page.index("late")
    assert page.count("early") == 1  # of each claim and model the first
    assert "null" not in page
    assert "(1.5, -2)" in page
    assert departures_section(rows[-1:]) == "<p>No law departs on any model.</p>"


def test_the_table_keeps_controls_with_their_model_and_links_to_the_law():
    rows = [
        row("tilt", "nats", 2.0, 1.0),
        row("tilt", "nats", 1.0, 1.0, control="random_direction"),
        row("entropy", "nats", 0.0, None, verdict="holds"),
    ]
    page = verdicts_section(summary_lines(rows))
    bodies = re.findall("<tbody.*?</tbody>", page, re.S)
    assert [re.search('data-law="(.*?)"', body)[1] for body in bodies] == ["entropy", "tilt"]  # type: ignore[index]
    assert 'data-tags="only-holds"' in bodies[0]
    assert 'data-tags="departs"' in bodies[1]
    assert bodies[1].count("<tr") == 2
    assert bodies[1].count("control-row") == 1
    assert 'href="#law-tilt"' in bodies[1]


NUMBERS = st.floats(-1e9, 1e9)


@given(st.lists(NUMBERS, min_size=1, max_size=8))
def test_what_rounding_cannot_tell_from_nought_is_nought(values):
    largest = max(map(abs, values))
    for value, kept in zip(values, without_noise([*values]), strict=True):
        assert kept == (0.0 if abs(value) <= NOISE * largest else value)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.floats(0, 1e3), st.booleans()), min_size=1, max_size=8))
def test_a_point_lies_above_the_line_when_more_was_observed_than_predicted(cases):
    points = [
        Point(predicted=predicted, lower=seen - width, upper=seen + width, name="n", control=control)
        for predicted, seen, width, control in cases
    ]
    svg = ElementTree.fromstring(scatter("q & r", "nats", points))
    line = next(one for one in svg.iter("line") if one.attrib["class"] == "here")
    ends = [float(line.attrib[name]) for name in ("x1", "y1", "x2", "y2")]
    circles = list(svg.iter("circle"))
    assert len(circles) == len(points)
    span = max(abs(v) for p in points for v in (p.predicted, p.lower, p.upper)) or 1.0
    for point, circle in zip(points, circles, strict=True):
        x, y = float(circle.attrib["cx"]), float(circle.attrib["cy"])
        equal = ends[1] + (x - ends[0]) / (ends[2] - ends[0]) * (ends[3] - ends[1])
        if (point.lower + point.upper) / 2 > point.predicted + 0.02 * span:
            assert y < equal + 0.2
        if (point.lower + point.upper) / 2 < point.predicted - 0.02 * span:
            assert y > equal - 0.2
    assert [one.attrib["class"] for one in svg.iter("g")] == ["ring" if p.control else "dot" for p in points]


def number(predicted, lower, upper, *, quantity="a peak", unit="strength", control=None) -> PredictedRow:
    gap = Gap(
        quantity=quantity, unit=unit, sense="equal", predicted=predicted, lower=lower, upper=upper,
        gap=0.0, largest=0.0, count=3,
    )  # fmt: skip
    return PredictedRow(model="m", instance=None, layer=1, concept=None, control=control, gap=gap)


def test_a_picture_a_quantity_and_unit():
    page = numbers_section(
        [
            number(1.0, 1e-17, 2.0),
            number(1.0, 0.5, 2.0, control="random_direction"),
            number(1.0, 0.5, 2.0, control="permuted_log_odds"),
            number(3.0, 2.0, 4.0, quantity="a slope", unit="nats"),
            number(None, 2.0, 4.0, quantity="unpredicted", unit="nats"),
        ]
    )
    assert page.count("<svg") == 2
    assert page.count('class="ring"') == 1
    assert page.count('class="dot"') == 2
    assert "1e-17" not in page
    assert ">0 to 2<" in page
    assert numbers_section([]) == "<p>No law predicted a number here.</p>"


def test_ticks_of_a_plot_are_few_and_round():
    for span in np.geomspace(1e-6, 1e6, 40):
        page = scatter("q", "u", [Point(predicted=0.0, lower=span, upper=span, name="n", control=False)])
        ticks = re.findall(r'text-anchor="end">(.*?)<', page)
        assert 2 <= len(ticks) <= 7
        assert "0" in ticks


def test_a_lean_figure_is_the_same_picture():
    """Every element is there, what is pointed at keeps its name, and no path moves by a hundredth of a point."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.plot(np.linspace(0, 1, 50), np.random.default_rng(0).normal(size=50), clip_on=True)
    axes.set_title("$x^2$ & more")
    heavy = svg_text(figure, "name", "A title")
    light = lean(heavy)
    assert len(light) < 0.8 * len(heavy)
    before, after = (list(ElementTree.fromstring(text).iter()) for text in (heavy, light))
    assert [one.tag for one in before] == [one.tag for one in after]
    names = {one.attrib["id"] for one in after if "id" in one.attrib}
    used = set(re.findall(r'(?:href="#|url\(#)([^")]*)', light))
    assert used
    assert names == used
    for one, other in zip(before, after, strict=True):
        if "d" in one.attrib:
            was, now = (np.array(re.findall(r"-?[\d.]+", path.attrib["d"]), float) for path in (one, other))
            np.testing.assert_allclose(now, was, atol=0.01)
