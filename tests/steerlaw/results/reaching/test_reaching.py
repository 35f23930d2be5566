"""How far laws hold on a model whose logits are affine up to a known push, by either prediction, in every form told."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

from numerics.baseline import Baseline
from numerics.judging.horizons.tolerance import Tolerance
from numerics.observing.grids import strength_grid
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.watched import Watched
from steerlaw.inputs.subjects import Observation, Subject
from steerlaw.rendering.figures.survival import survival_drawings
from steerlaw.rendering.page.reach import reach_section
from steerlaw.rendering.page.survival import survival_panels
from steerlaw.rendering.table import reach_lines
from steerlaw.results.judging import judged
from steerlaw.results.reaching.answers import answers, half_reaches, middle, sentence, weakest_rows
from steerlaw.results.reaching.rows import horizon_rows
from theory.catalogue import find_law

VOCAB, CONTEXTS = 12, [[1], [2], [3], [4]]
GENERATOR = np.random.default_rng(5)
BASE, ODDS = GENERATOR.standard_normal((2, 4, VOCAB))
TARGET = np.arange(VOCAB) < 3
PUSH = 0.5


class Stopping:
    """Logits that are affine in the strength up to 1 for the first context, 2 for the second, ..., and then stand."""

    name, vocab_size = "stopping", VOCAB

    def logits(self, tokens, strengths, *, layer, vector):
        context = tokens[0] - 1
        reach = np.clip(np.asarray(strengths), -tokens[0], tokens[0])[:, None]
        return BASE[context] + reach * 3 * ODDS[context]


class Waving(Stopping):
    """Logits that swing ever farther."""

    def logits(self, tokens, strengths, *, layer, vector):
        alpha = np.asarray(strengths)[:, None]
        return BASE[tokens[0] - 1] + 0.3 * alpha * np.sin(2 * alpha + np.arange(VOCAB))


def observed(model: Any, **more: Any) -> Observation:
    prompts = 3 * ODDS.mean(axis=0)[::-1]
    sweep = observe_next_token(
        model,
        CONTEXTS,
        strength_grid(8.0, 129),
        Steering(layer=2, vector=np.ones(1)),
        Watched(tokens=np.arange(VOCAB), log_odds=prompts, concepts=TARGET[None], **more),
        attributes={"push": PUSH},
    )
    baseline = Baseline(
        log_probs=log_softmax(BASE, axis=1), log_odds=prompts, local_log_odds=3 * ODDS, concepts=TARGET[None]
    )
    subject = Subject(model="m", layer=2, concept="c", contexts=CONTEXTS, push=PUSH)
    return Observation(subject=subject, kind="next token", sweep=sweep, baseline=baseline)


@pytest.fixture(scope="module")
def found():
    laws = [find_law(law) for law in ("tilt", "token_bump", "target_increases", "mean_log_odds")]
    return list(judged(observed(Stopping()), laws, None))


def bumps(observation: Observation, tolerance: Tolerance) -> Any:
    """How far out on both sides every token's curve is a bump; None where that is not known."""
    found = [one.finding for one in judged(observation, [find_law("token_bump")], tolerance)]
    (bump,) = (one for one in found if one.tokens is None and one.log_odds == "prompts")
    return bump.horizons.get("both")


def test_how_far_every_token_is_a_bump_is_known_at_what_a_sweep_was_told_and_at_no_other_tolerance():
    stock, little = Tolerance(amount=0.1), Tolerance(amount=0.3)
    told, usual = observed(Waving(), tolerances={"0.3": (0.3, 0.0), "2%": (0.0, 0.02)}), observed(Waving())
    assert bumps(told, stock) is None
    assert bumps(usual, little) is None
    near, far = bumps(usual, stock), bumps(told, little)
    known = np.isfinite(near.lower)  # of interior tokens
    assert known.any()
    assert (near.lower <= far.lower)[known].all()
    assert (near.upper <= far.upper)[known].all()
    assert (near.upper < far.upper)[known].any()
    assert bumps(told, Tolerance(amount=0.02, relative=True)) is not None


@pytest.fixture(scope="module")
def rows(found):
    return horizon_rows(found)


def test_two_predictions_are_judged_apart_and_never_pooled(found):
    tilts = {one.finding.log_odds: one.finding for one in found if one.finding.law == "tilt"}
    assert set(tilts) == {"prompts", "local"}
    assert tilts["local"].claim != tilts["prompts"].claim
    local, prompts = (tilts[which].horizons["both"] for which in ("local", "prompts"))
    assert (local.lower >= np.arange(1, 5)[:, None]).all()
    assert (prompts.lower.min(axis=1) < 0.2).all()
    means = [one.finding for one in found if one.finding.law == "mean_log_odds"]
    assert {one.log_odds for one in means} == {"prompts"}  # what is observed is itself made of the prompts' log-odds


def test_a_tilt_holds_as_far_as_its_logits_are_affine(rows):
    (row,) = (row for row in rows if (row.law, row.log_odds, row.weighing) == ("tilt", "local", "count"))
    assert (row.contexts, row.curves) == (4, 48)
    at = row.push.at
    np.testing.assert_array_equal(row.push.least[at <= PUSH], 1.0)
    assert (row.push.most[at > 4.3 * PUSH] < 0.1).all()
    assert row.nats is not None
    assert row.nats.least[0] == 1
    assert row.skill is not None
    np.testing.assert_allclose(row.skill[(at >= 0.1) & (at <= PUSH)], 1.0, atol=1e-9)
    assert np.isnan(row.skill[0])  # nothing of the grid is that near, so that nothing has moved
    assert row.skill[at > 4 * PUSH].max() < 0.9
    low, high = row.push.median()
    assert 2 * PUSH <= low <= high <= 4 * PUSH


def test_half_reaches_are_the_least_and_the_most_over_blocks_and_concepts(rows):
    (tilt,) = (row for row in rows if (row.law, row.log_odds, row.weighing) == ("tilt", "local", "mass"))
    about = ("tilt", tilt.claim, "m", None)
    (reach,) = {half_reaches([one])[about] for one in rows if half_reaches([one]).get(about) == (tilt.half.push,) * 2}
    assert 2 * PUSH <= reach[0] <= 3 * PUSH
    farther = replace(tilt, layer=3, half=replace(tilt.half, push=None))
    assert half_reaches([tilt, farther])[about] == (reach[0], np.inf)
    assert set(half_reaches([replace(tilt, control="random_direction")])) == {(*about[:3], "random_direction")}


def test_rows_are_json_with_every_weighing(rows):
    shown = [row.to_json() for row in rows]
    assert {row["weighing"] for row in shown if row["law"] == "token_bump"} == {"count", "mass", "chosen"}
    for row in shown:
        curve = row["survival"]["push"]
        assert len({len(values) for values in curve.values()}) == 1
        assert all(low <= high for low, high in zip(curve["least"], curve["most"], strict=True))


def test_the_opening_picture_has_controls_dashed_beside_the_laws_that_have_them_in_push_and_in_nats(rows):
    null = [replace(row, control="random_direction") for row in rows if row.law == "tilt"]
    page = survival_panels([*rows, *null])
    panels = re.findall(r"<div><h3>(.*?)</h3>(.*?)</div>", page)
    names = [name for name, _ in panels]
    assert len(names) == 2 * len(set(names))
    for unit, some in (("push", panels[: len(names) // 2]), ("nats", panels[len(names) // 2 :])):
        for name, drawn in some:
            label = re.search(r'aria-label="(.*?)"', drawn)
            assert label
            assert f"at {unit} 1" in label[1]
            assert ("along a random direction" in label[1]) == name.startswith("tilt ")
            dashed, line = drawn.count('polyline class="control'), drawn.count("<polyline")
            assert (dashed, line) == ((1, 2) if name.startswith("tilt ") else (0, 1))
    assert page.count("random direction</p>") == 1
    assert "random direction" not in survival_panels(rows)


def test_the_question_is_answered_law_by_law(rows):
    (answer,) = answers(rows, push=0.75)
    assert answer.holding["tilt"] == ("local",)
    assert sorted(answer.laws["tilt"]) == ["local", "prompts"]
    assert re.search(r"; by the local log-odds alone .*\btilt\b", answer.say())
    assert f"{len(answer.holding)} of {len(answer.laws)} laws hold" in answer.say()
    (tilt,) = (row for row in weakest_rows(rows) if (row.law, row.log_odds) == ("tilt", "local"))
    said = sentence(tilt)
    assert "block 2" in said
    assert "norm" in said
    assert "nats" in said
    assert middle(rows) == list(rows)
    assert said in reach_lines(rows)


def test_the_page_and_the_figure_show_them(rows):
    page = reach_section(rows)
    assert "tilt (local)" in page
    assert "<table>" in page
    assert page.index('class="answer"') < page.index('class="panels"') < page.index("<table>")
    assert reach_section([]).startswith("<p>No model")
    (drawing,) = survival_drawings(rows)
    drawn = drawing.draw(drawing.name)
    assert drawn is not None
    assert drawn.name.endswith("horizons")
    (tilt,) = (row for row in rows if (row.law, row.log_odds, row.weighing) == ("tilt", "local", "mass"))
    drawn_lines = [line for axes in drawn.figure.axes for line in axes.lines]
    middles = (tilt.push.least + tilt.push.most) / 2
    assert any(
        np.shape(line.get_ydata()) == np.shape(middles) and np.allclose(np.asarray(line.get_ydata()), middles)
        for line in drawn_lines
    )
