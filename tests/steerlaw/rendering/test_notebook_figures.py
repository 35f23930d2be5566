"""Figures and texts of the notebooks: the numbers drawn are those of the laws, of the errata and of the choice."""

from typing import Any

import numpy as np
import pytest

from numerics.closed_forms.validity import TiltGaps
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.watched import Watched
from steerlaw.rendering.figures.budget import LocalTilt, buying_figure, spending_figure
from steerlaw.rendering.figures.curves import LINES
from steerlaw.rendering.figures.errata import PICTURES, erratum_figure
from steerlaw.rendering.figures.ranks import singular_values_figure
from steerlaw.rendering.figures.validity import TiltedSite, validity_figure
from steerlaw.rendering.notebook import erratum
from steerlaw.results.choosing.choose import choose
from theory.errata import errata
from toy_models import graded_weights
from toy_models.ufm import exact_ufm

MODEL = exact_ufm(graded_weights())
CONTRAST = (0, 1, 2), (4, 5, 6, 8)
WHERE: dict[str, Any] = {"layer": 0, "vector": MODEL.steering_vector(*CONTRAST)}
PROMPT = [7]
STRENGTHS = np.linspace(-0.5, 2, 51)


def curves(axes: Any, kind: str) -> list[np.ndarray]:
    """The `[x, y]` of every curve drawn in the style of this kind."""
    style = LINES[kind]["linewidth"]
    drawn = [np.array(line.get_data()) for line in axes.lines if line.get_linewidth() == style]
    return [curve for curve in drawn if curve.shape[1] > 2]


def dots(axes: Any) -> np.ndarray:
    return np.array([(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_marker() == "o"])


def test_a_figure_for_the_errata_that_have_one():
    entries = errata()
    assert set(PICTURES) < set(entries)
    with pytest.raises(ValueError, match="dominating_tokens: has no picture"):
        erratum_figure(entries["dominating_tokens"])


def test_the_concept_is_drawn_turning_where_its_slope_has_its_certified_zeros():
    entry = errata()["concept_turns_twice"]
    zeros = [float(x) for x in entry.check().facts[-1].value.split(", ")]
    for axes in erratum_figure(entry).figure.axes:
        np.testing.assert_allclose(dots(axes)[:, 0], zeros, atol=1e-5)


def test_the_uncalibrated_minimum_is_that_of_the_erratum():
    (axes,) = erratum_figure(errata()["calibration"]).figure.axes
    np.testing.assert_allclose(dots(axes), [(-0.138, -0.0263)], atol=2e-3)


def test_the_quadratic_falls_short_as_the_erratum_says():
    wide, near = erratum_figure(errata()["quadratic_is_local"]).figure.axes
    assert [text.get_text() for text in (*wide.texts, *near.texts)] == ["55 % short", "2.5 % short"]


def test_the_inner_concept_vanishes_at_both_ends():
    (axes,) = erratum_figure(errata()["inner_concept_limit"]).figure.axes
    _, inner = curves(axes, "observed")[2]
    start = inner[len(inner) // 2]
    assert start == pytest.approx(1 / 40)
    assert max(inner[0], inner[-1]) < start / 10 < inner.max() / 10


@pytest.mark.parametrize("entry", errata().values(), ids=lambda e: e.id)
def test_an_erratum_reads_with_every_fact_and_its_verdict(entry):
    text = str(erratum(entry.id))
    assert f"### {entry.number}. {entry.kind.capitalize()}" in text
    assert text.count("- **") == len(entry.check().facts)
    assert ("undecided" if entry.evidence == "measured" else "holds") in text.splitlines()[-1]


def test_an_unknown_erratum_is_refused():
    with pytest.raises(ValueError, match="no_such: no such entry"):
        erratum("no_such")


def test_the_price_and_what_it_buys_where_the_model_is_a_tilt():
    baseline = MODEL.baseline(*CONTRAST, PROMPT)
    assert baseline.concepts is not None
    target = baseline.concepts[0]
    choice = choose(MODEL, PROMPT, budget=0.5, concept=target, **WHERE)
    sweep = observe_next_token(
        MODEL,
        [PROMPT],
        STRENGTHS,
        Steering(**WHERE),
        Watched(log_odds=baseline.log_odds, concepts=target[None]),
    )
    slope = np.asarray(MODEL.derivative(PROMPT, np.zeros(1), **WHERE))[0]
    tilt = LocalTilt(log_probs=baseline.log_probs[0], slope=slope, concept=target)
    (axes,) = spending_figure(sweep, tilt, choice).axes
    np.testing.assert_allclose(curves(axes, "observed"), curves(axes, "predicted"), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(dots(axes), [(choice.measured, 0.5), (choice.predicted, 0.5)])
    bought, share = buying_figure(sweep, tilt, choice).axes
    for ax in (bought, share):
        np.testing.assert_allclose(curves(ax, "observed"), curves(ax, "predicted"), rtol=1e-6)
    (bound,), (measured,) = curves(bought, "approximation"), curves(bought, "observed")
    assert (bound[1] >= measured[1]).all()


def test_validity_radii_lie_on_the_tolerance():
    strengths = np.geomspace(0.01, 1, 101)
    gaps = TiltGaps(strengths=strengths, oscillation=strengths**2, divergence=strengths**4)
    sites = [TiltedSite(name=f"block {n}", push=1.0 + n, gaps=gaps) for n in range(2)]
    ((first, tolerance), (second, _)) = dots(validity_figure(sites, tolerance=1e-4).axes[0])
    assert tolerance == 1e-4
    assert 0.09 < first <= 0.1
    assert second == 2 * first


def test_rounding_is_drawn_hollow():
    sweep = observe_next_token(MODEL, [PROMPT], STRENGTHS, Steering(**WHERE))
    (axes,) = singular_values_figure({"tilt": sweep}, ranks=4).axes
    faces = [line.get_markerfacecolor() for line in axes.lines if line.get_marker() == "o"]
    assert faces[0] != "white"
    assert faces[1:] == ["white"] * 3
    assert dots(axes)[0].tolist() == [1, 1]
