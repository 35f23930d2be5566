"""Cells hold what the model does: judged by `steerlaw verify`, compared with the model run anew by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax

from numerics.observing.grids import parse
from real_models import load_model, read_contexts, read_prompts, texts_of
from real_models.text_curves.saving import read_text_curve
from steerlaw.__main__ import main
from steerlaw.inputs.observation_file import load_observations
from steerlaw.plans.cell import read_cells
from steerlaw.plans.identity import identified
from steerlaw.plans.measuring import measure
from steerlaw.plans.plan import read_plan
from steerlaw.plans.planned import planned_cells

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(home, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "results"
    assert main(["run", str(home / "plan.toml"), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def model(home):
    return load_model(str(home / "tiny"))


def by_hand(model, home, layer):
    """The difference of means, text by text."""
    sides = []
    for kind in ("positive", "negative"):
        texts = texts_of(read_prompts(home / "prompts.jsonl"), kind)
        sides.append(np.mean([np.asarray(model.residual(text, layer), float).mean(axis=0) for text in texts], axis=0))
    return sides[0] - sides[1]


def contexts(home):
    rows = read_contexts(home / "cats.contexts.jsonl")
    return [*rows["negative"], *rows["cats"]]


def assert_next_token(observation, model, home, vector, layer, **how):
    """Log-probabilities of the watched tokens are those of the model run at each strength, within the half-widths."""
    data = observation.sweep.data
    for number, context in enumerate(contexts(home)):
        logits = np.asarray(
            model.logits(context, data["strength"].to_numpy(), layer=layer, vector=vector, **how), float
        )
        expected = log_softmax(logits, axis=1)[:, data["token"].to_numpy()].T
        found = data["log_probability"].isel(context=number).transpose("token", "strength").to_numpy()
        np.testing.assert_allclose(found, expected, atol=2e-4)


def test_each_kind_of_sweep_is_the_models_own(results, model, home):
    cells = read_cells(results)
    for cell in cells[:2]:
        [observation] = load_observations(cell.path(results))
        assert (observation.subject.model, observation.subject.layer) == ("tiny", cell.layer)
        assert set(parse(cell.strengths)) <= set(observation.sweep.strengths)
        assert_next_token(observation, model, home, by_hand(model, home, cell.layer), cell.layer)
    [text] = load_observations(cells[2].path(results))
    assert text.kind == "cross-entropy"
    words = [json.loads(line)["text"] for line in (home / "text.jsonl").read_text().splitlines()]
    ids = model.encode(words[0])
    segment = [ids[0], *ids[1:8]]
    vector, strengths = by_hand(model, home, 0), parse(cells[2].strengths)
    expected = []
    for strength in strengths:
        rows = [
            np.asarray(model.logits(segment[:n], [strength], layer=0, vector=vector), float)[0] for n in range(1, 8)
        ]
        expected.append(-log_softmax(rows, axis=1)[np.arange(7), segment[1:]].mean())
    found = text.sweep.data["cross_entropy"].transpose("strength", ...).to_numpy()[:, 0]
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("change", ["last", "unit", "random_direction", "redrawn"])
def test_what_is_steered_along_is_what_the_cell_says(results, model, home, change):
    plan = read_plan(home / "plan.toml")
    first, vector = planned_cells(plan)[0], by_hand(model, home, 0)
    norm, how = np.linalg.norm(vector), {}
    settings = {"last": {"positions": "last"}, "unit": {"unit": True}, "redrawn": {"seed": 3}}
    cell = identified(plan, replace(first, **settings.get(change, {"along": change})))
    measure(plan, cell, results)
    [observation] = load_observations(cell.path(results))
    push = observation.subject.push
    [known] = load_observations(read_cells(results)[0].path(results))
    assert push is not None
    assert known.subject.push is not None
    ratio = push / known.subject.push
    assert observation.subject.control == ("random_direction" if change == "random_direction" else None)
    if change == "last":
        how = {"positions": "last"}
    elif change == "unit":
        assert ratio == pytest.approx(1 / norm, rel=1e-5)
        vector = vector / norm
    else:
        assert (ratio == pytest.approx(1, rel=1e-5)) == (change == "random_direction")
        return
    assert_next_token(observation, model, home, vector, 0, **how)


def test_texts_are_scored_and_can_be_scored_anew(results, home):
    plan = read_plan(home / "plan.toml")
    first = planned_cells(plan)[0]
    cell = identified(plan, replace(first, observe="concept-probability", strengths="-1:1:3"))
    measure(plan, cell, results)
    curve, attributes = read_text_curve(cell.path(results))
    assert (attributes["model"], attributes["layer"]) == ("tiny", 0)
    assert curve.strengths.tolist() == [-1, 0, 1]
    expected = [float(bool({"w3", "w4"} & set(text.split()))) if text.strip() else np.nan for text in curve.texts]
    np.testing.assert_array_equal(curve.scores, expected)
    stamp = cell.path(results).stat().st_mtime_ns
    measure(plan, cell, results)
    assert cell.path(results).stat().st_mtime_ns == stamp


def test_a_cell_is_judged_by_verify(results, tmp_path, capsys):
    cell = read_cells(results)[0]
    arguments = ["verify", str(cell.path(results)), "--laws", "tilt,token_bump", "--out", str(tmp_path), "--json"]
    assert main(arguments) == 0
    assert {"tilt", "token_bump"} == set(json.loads(capsys.readouterr().out)["summary"])
