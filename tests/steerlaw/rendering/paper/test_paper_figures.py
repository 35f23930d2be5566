"""The paper's figures from a directory of results: each that has cells, its verdict and its controls."""

import json
import re
import tomllib
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

import paper_results as known
from steerlaw.plans.cell import read_cells, write_cells
from steerlaw.plans.sources import PRESETS
from steerlaw.rendering.figures.drawn import draw_all
from steerlaw.rendering.figures.paper.ability import Accuracies, accuracies
from steerlaw.rendering.figures.paper.captions import write_captions
from steerlaw.rendering.figures.paper.concepts import tangent
from steerlaw.rendering.figures.paper.measured import Measured, measured, rows_of
from steerlaw.rendering.figures.paper.table import ROWS, paper_drawings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    directory = tmp_path_factory.mktemp("results")
    known.write_results(directory)
    return directory


@pytest.fixture(scope="module")
def drawn(results):
    return {figure.name: figure for figure in draw_all(paper_drawings(results))}


def test_every_figure_of_the_paper_has_a_row():
    numbers = ["6", "7 top", "7 bottom", *(f"A.{n}" for n in range(1, 14)), "Table A.2"]
    assert [row.figure for row in ROWS] == numbers


@pytest.mark.parametrize("plan", sorted(PRESETS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_shipped_plans_name_figures_as_the_table_does(plan):
    known = {(row.figure, row.observe) for row in ROWS}
    known |= {(row.figure, "self-cross-entropy") for row in ROWS if row.observe == "cross-entropy"}  # beside it
    asked = tomllib.loads(plan.read_text())["figures"]
    assert asked
    assert {(figure["figure"], figure["observe"]) for figure in asked} <= known


def test_a_figure_is_drawn_where_there_are_cells(drawn):
    numbers = ["6", "7-top", "7-bottom", "a-3", "a-6", "a-7", "a-12", "a-13"]
    assert list(drawn) == [*(f"figure-{number}" for number in numbers), "table-a-2"]
    assert all("never" not in one.caption and "own runs" in one.caption for one in drawn.values())


def test_each_cell_stands_beside_its_own_control(results):
    cells = read_cells(results)
    for one in measured(cells, "A.7", "next-token", results):
        assert one.control is not None
        assert (one.control.layer, one.control.along) == (one.cell.layer, "random_direction")
    draws = measured(cells, "A.3", "next-token", results)
    assert [(one.cell.seed, one.control and one.control.seed) for one in draws] == [(0, 0), (1, 1), (2, 2)]
    assert [[one.cell.block for one in row] for row in rows_of(measured(cells, "A.7", "next-token", results))] == [
        ["early", "middle", "last"]
    ]


def test_a_tilt_holds_and_the_caption_counts_its_tokens_and_the_controls(drawn):
    """Under a tilt, bent or not by a factor of all logits alike, every token turns at most once."""
    caption = drawn["figure-a-7"].caption
    assert "turn at most once, holds: 24 of 24 do" in caption
    assert re.search(r"along random directions of equal norm 24 of 24 do", caption)
    assert "3 draws of the texts" in drawn["figure-a-3"].caption.replace("Mean and standard deviation over ", "")


def test_cross_entropy_that_falls_somewhere_departs_from_always_hurting(drawn):
    assert "departs, no strength lowers it in 0 of 3 panels" in drawn["figure-a-13"].caption


def test_what_is_measured_of_the_model_itself_is_shown_beside_where_there_is_any(drawn):
    assert "own unsteered distributions after the same text" in drawn["figure-a-13"].caption
    assert "own unsteered" not in drawn["figure-7-bottom"].caption
    assert drawn["figure-a-13"].svg.count("of the model itself, unsteered") == 1


def test_texts_that_lose_the_concept_depart_and_those_that_gain_it_do_not(drawn):
    rises, falls = drawn["figure-7-top"].caption, drawn["figure-a-12"].caption
    assert "1 departs" not in rises
    assert "a fall of 0.01 counts: 1 departs" in falls


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_slope_of_texts_is_predicted_as_far_as_a_nat(drawn, sign):
    prediction = known.text_prediction(sign)
    scores = prediction.tokens[:, 0].astype(float)
    (line,) = tangent(known.text_curve(sign), (prediction, scores))
    assert line.lower is not None
    assert line.upper is not None
    spread = expit(-1.0) * expit(1.0)  # both the slope and the Fisher information, by hand
    end, start = line.strengths[-1], line.values[1]
    assert end == pytest.approx(min(np.sqrt(2 / spread), 4.0))
    low, high = sorted([(line.lower[-1] - start) / end, (line.upper[-1] - start) / end])
    assert low < sign * spread < high
    assert tangent(known.text_curve(sign), None) == []
    assert "predicted by unsteered texts" in drawn["figure-7-top"].svg


def test_the_texts_of_the_fixture_have_the_probability_they_should():
    curve = known.text_curve(1.0)
    truth = expit(curve.strengths - 1)
    assert ((curve.lower <= truth) & (truth <= curve.upper)).all()
    assert np.abs(curve.values - truth).max() < 0.1


def test_ability_is_read_in_the_order_of_strengths(results, drawn):
    (cell,) = [cell for cell in read_cells(results) if cell.observe == "ability"]
    found = accuracies(cell.path(results))
    assert found.strengths.tolist() == [-5, 0, 5]
    assert found.scores.tolist() == [0.27, 0.4, 0.3]
    assert found.upper is not None
    assert found.upper.tolist() == [-0.05, 0, 0.001]
    assert found.worse == "worse from -5"
    assert "does better by more than 0.01): 1 holds." in drawn["figure-a-6"].caption


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        ([-0.2, 0.0, 0.02], [0.1, 0.0, 0.2], "departs"),
        ([-0.2, 0.0, 0.005], [0.1, 0.0, 0.2], "undecided"),
        ([-0.2, 0.0, -0.1], [-0.1, 0.0, 0.01], "holds"),
        (None, None, "undecided"),
    ],
)
def test_steering_always_hurts_is_judged_by_bounds_not_by_the_best_of_many_scores(lower, upper, verdict):
    bounds = {} if lower is None else {"lower": np.array(lower), "upper": np.array(upper)}
    found = Accuracies(strengths=np.array([-1.0, 0.0, 1.0]), scores=np.array([0.5, 0.4, 0.6]), **bounds)
    assert found.verdict == verdict


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"alphas": [1]},
        {"alphas": [1, 2], "overall_scores": [1]},
        {"alphas": ["x"], "overall_scores": [1]},
        {"alphas": [1], "overall_scores": [1], "change_lower": [0]},
        {"alphas": [1], "overall_scores": [1], "change_lower": [0], "change_upper": [float("nan")]},
    ],
)
def test_what_is_no_ability_is_refused_by_name(tmp_path, document):
    path = tmp_path / "ability.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=r"ability\.json: expected"):
        accuracies(path)


def test_captions_stand_beside_the_figures(drawn, tmp_path):
    text = write_captions(drawn.values(), tmp_path).read_text()
    assert text.count("## ") == len(drawn)
    assert "![figure-a-7](figure-a-7.svg)" in text


def test_figures_are_svg_that_does_not_change_from_run_to_run(drawn, results):
    again = {figure.name: figure for figure in draw_all(paper_drawings(results)[:1])}
    assert again["figure-6"].svg == drawn["figure-6"].svg
    assert "<svg" in drawn["figure-6"].svg


def test_results_without_cells_of_any_figure_are_refused(tmp_path):
    write_cells(tmp_path, [])
    with pytest.raises(ValueError, match="expected cells of 6, 7 top or others, got none"):
        paper_drawings(tmp_path)


def test_a_cell_of_another_kind_of_sweep_is_refused(results):
    cells = [cell for cell in read_cells(results) if cell.observe == "cross-entropy"]
    wrong = replace(cells[0], observe="next-token")
    with pytest.raises(ValueError, match="expected a sweep of kind 'next token', got none"):
        Measured(cell=wrong, control=None, results=results).observation  # noqa: B018
