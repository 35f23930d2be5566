"""`steerlaw eval` and a plan's ability cell: what they write, and what they refuse."""

import json

import numpy as np
import pytest

from numerics.files.text import read_json
from real_models import load_vector
from steerlaw.__main__ import main
from steerlaw.inputs.reference_files import read_result_file
from steerlaw.plans.cell import read_cells
from steerlaw.rendering.figures.paper.ability import accuracies
from tiny_checkpoint import tiny_checkpoint
from toy_models import stdlib_gpt
from toy_models.cloze import TASK

PLAN = """
[texts]
positive = "shipped:stdlib_gpt/data/{concept}.vector.{negatives}.jsonl"
negative = "shipped:stdlib_gpt/data/{concept}.vector.{negatives}.jsonl"
contexts = "shipped:stdlib_gpt/data/{concept}.contexts.jsonl"
tasks = "shipped:stdlib_gpt/data/tasks"

[models.stdlib-gpt]
checkpoint = "shipped:stdlib_gpt/checkpoint"
blocks = { middle = 2 }

[concepts.uppercase]
score = "capitals"

[ability]
tasks = ["cloze"]
limit = 24

[[figures]]
figure = "A.6"
models = ["stdlib-gpt"]
concepts = ["uppercase"]
observe = "ability"
strengths = "-16:16:3"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("eval"))


def line(made, *more):
    return [str(word) for word in ("eval", "--model", made.model, "--vector", made.vector, *more)]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--tasks", "a,,b"], "--tasks: expected names of tasks separated by commas, got 'a,,b'"),
        (["--tasks", "a", "--task-files", __file__], "is a file, expected the directory that it is in"),
        (["--tasks", "a", "--level", "1"], "--level: expected a number above 0 and below 1"),
    ],
)
def test_wrong_use_is_told_before_anything_is_loaded(made, capsys, more, told):
    assert main(line(made, *more)) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1


@pytest.mark.slow
def test_a_plan_and_the_command_measure_the_same_and_the_shipped_model_knows_its_texts(tmp_path, capsys, monkeypatch):
    """Chance is a quarter: unsteered it is right more often than 99 % of guessers, and far out it is not."""
    pytest.importorskip("lm_eval")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    (tmp_path / "plan.toml").write_text(PLAN)
    results = tmp_path / "results"
    assert main(["run", str(tmp_path / "plan.toml"), "--out", str(results)]) == 0
    (cell,) = read_cells(results)
    found = accuracies(cell.path(results))
    assert found.strengths.tolist() == [-16, 0, 16]
    assert found.scores[1] >= 13 / 24
    assert found.scores[0] < found.scores[1] > found.scores[2]
    assert read_result_file(cell.path(results)).kind == "scores"
    (vector,) = (results / "vectors").glob("*.safetensors")
    out = tmp_path / "ability.json"
    asked = ["--model", str(stdlib_gpt.CHECKPOINT), "--vector", str(vector), "--layer", "2", "--strengths=-16:16:3"]
    task = ["--tasks", TASK, "--task-files", str(stdlib_gpt.TEXTS.tasks), "--limit", "24", "--out", str(out), "--json"]
    capsys.readouterr()
    assert main(["eval", *asked, *task]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(load_vector(vector)) == {0, 1, 2, 3}
    written, ours = read_json(out), read_json(cell.path(results))
    assert told["overall_scores"] == written["overall_scores"] == ours["overall_scores"]
    np.testing.assert_array_equal(written["change_upper"], ours["change_upper"])
    assert written["questions"] == {TASK: 24}
