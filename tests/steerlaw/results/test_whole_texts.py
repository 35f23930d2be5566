"""What is said of whole texts, on a chain that is enumerated: predicted by one set of texts, observed on another."""

# pyright: reportOptionalMemberAccess=false

import json
from dataclasses import replace

import numpy as np
import pytest

from numerics.files.netcdf import read_netcdf
from real_models.text_curves.saving import write_texts
from steerlaw.inputs.swept_texts import is_swept_texts, read_swept_texts
from steerlaw.rendering.figures.whole_texts import whole_text_drawings
from steerlaw.rendering.page.texts import texts_section
from steerlaw.results.whole_texts import text_rows
from texts_of_a_chain import GRID, chain_curve, chain_prediction, chain_texts, exact_share, log_probs


@pytest.fixture(scope="module")
def row():
    (row,) = text_rows([chain_texts(random=(0.01, -0.02, 5.0))])
    return row


def test_predicted_and_observed_hold_the_exact_slope(row):
    """That of the enumerated curve, at a level of 1e-3, fixed seed; and so they agree."""
    h = 1e-4
    slope = float(np.diff(exact_share([-h, h]))[0] / (2 * h))
    bend = float(np.diff(exact_share([-h, 0.0, h]), 2)[0] / h**2)
    prediction, unsteered = chain_prediction()
    for found in (prediction.derivatives(unsteered, 1e-3), chain_curve().derivatives(1e-3)):
        assert found.slope.lower <= slope <= found.slope.upper
        assert found.curvature.lower <= bend <= found.curvature.upper
        assert found.slope.upper - found.slope.lower < 1.5 * abs(slope)
    assert (row.predicted, row.observed) == (prediction.derivatives(unsteered), chain_curve().derivatives())
    assert row.agree is True
    assert row.observed.over == (-0.02, 0.02)
    logs = log_probs([-h, 0.0, h])
    information = np.exp(logs[:, 1]) @ ((logs[:, 2] - logs[:, 0]) / (2 * h)) ** 2
    assert row.information.lower <= information <= row.information.upper


def test_the_sentence_has_the_numbers(row):
    said = row.say()
    before, after = exact_share([0.0, 1.2])
    assert said.startswith("chain, w1 <b>, block 2: in texts of 3 tokens the share of target tokens rises from")
    numbers = [row.band.values[list(GRID).index(s)] for s in (0.0, 1.2)]
    assert numbers == pytest.approx([before, after], abs=0.1)
    assert f"{numbers[0]:.1%} to {numbers[1]:.1%} at 1.2, costing {row.nats.values[-1]:.2g} nats" in said
    assert f"predicted {row.predicted.slope.value:.2g} ±" in said
    assert f"observed {row.observed.slope.value:.2g} ±" in said
    assert said.endswith("steeper than along 2 of 3 random directions.")
    (bare,) = text_rows([chain_texts(predicted=None, unsteered=None, events={})])
    assert "predicted" not in bare.say()
    assert bare.agree is None
    assert row.change.lower < after - before < row.change.upper
    unsure = replace(row, change=replace(row.change, lower=-0.1))
    assert "goes from" in unsure.say()
    assert "which may be chance" in unsure.say()


def test_a_wrong_prediction_is_noticed():
    """S three times too large: the intervals of the two slopes do not meet."""
    (row,) = text_rows([chain_texts(slip=3.0)])
    assert row.agree is False


def test_events_stay_within_what_nats_allow_unless_they_do_not(row):
    """The law holds of any event; one whose unsteered share is not what it was, breaks it."""
    (event,) = row.events
    assert event.within
    assert event.unsteered <= event.at_most <= event.bound[0]
    curve, (_, unsteered) = chain_curve(), chain_prediction()
    planted = {"planted": (np.ones(len(curve.texts)), np.zeros(len(unsteered)))}
    (broken,) = text_rows([chain_texts(events=planted)])
    assert not broken.events[0].within
    assert "these do not: planted" in texts_section([broken])


def test_nats_by_token_add_up_to_those_of_the_text(row):
    assert row.costs_at == 1.2
    assert sum(row.by_position) == pytest.approx(row.nats.values[-1], rel=0.25)
    assert row.nats.lower[-1] <= sum(row.by_position) <= row.nats.upper[-1]
    assert sum(row.predicted_by_position) == pytest.approx(1.2**2 / 2 * row.information.value)


def test_as_json_figure_and_section(row):
    """JSON that strict readers take, an SVG with its panels, and HTML in which a concept's name stays text."""
    record = json.loads(json.dumps(row.to_json(), allow_nan=False))
    assert record["says"] == row.say()
    assert len(record["band"]["values"]) == len(record["strengths"]) == len(GRID)
    (drawing,) = whole_text_drawings([row])
    drawn = drawing.draw(drawing.name)
    assert drawn is not None
    assert len(drawn.figure.axes) == 4
    assert "<svg" in drawn.svg
    page = texts_section([row])
    assert "w1 &lt;b&gt;" in page
    assert "w1 <b>" not in page
    assert f"{row.predicted.slope.value:.3g} (" in page
    assert "--texts" in texts_section([])


@pytest.mark.slow
def test_a_file_gives_back_what_was_predicted(tmp_path):
    path, prediction = tmp_path / "t.nc", chain_prediction()
    write_texts(path, chain_curve(), prediction, model="chain", layer=2, tokens=3, score="target tokens", concept="c")
    assert is_swept_texts(read_netcdf(path))
    (row,) = text_rows([read_swept_texts(path)])
    (known,) = text_rows([chain_texts(concept="c", events={})])
    assert replace(row, events=()) == known
    assert [event.event for event in row.events] == ["loops"]
    write_texts(path, chain_curve(), None, model="chain", layer=2, tokens=3, score="s")
    assert read_swept_texts(path).predicted is None
