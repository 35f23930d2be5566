"""Continuations beside the slider are what the model says, token by token, where its curve was steered to."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from curves_to_explore import explored
from numerics.baseline import Baseline
from real_models import load_model
from steerlaw.experiments.experiment import Experiment
from steerlaw.inputs.subjects import Subject
from steerlaw.results.exploring.continued import PUSHES, TOKENS, continued
from tiny_checkpoint import tiny_checkpoint

PUSH = 0.8
VECTOR = np.random.default_rng(2).normal(size=8)
CONTEXTS = [[0, 3, 1, 4], [0, 9, 2]]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(tiny_checkpoint(tmp_path_factory.mktemp("tiny")).model, dtype="float64")


def experiment(model: Any, **more: Any) -> Experiment:
    known: dict[str, Any] = {"model": "tiny", "layer": 1, "concept": "any", "contexts": CONTEXTS, "push": PUSH}
    return Experiment(
        subject=Subject(**known | more.pop("subject", {})),
        model=model,
        vector=VECTOR,
        baseline=Baseline(log_probs=np.full((2, 37), -np.log(37))),
        strengths=np.linspace(-1, 1, 5),
        rounding=1.0,
        **more,
    )


def contexts(**more: Any) -> list[Any]:
    return [replace(explored(seed=5, context=number), push=PUSH, **more) for number in range(2)]


def greedy(model: Any, prompt: list[int], strength: float) -> str:
    """One token after the other, each from a whole pass over all that is there."""
    ids = list(prompt)
    for _ in range(TOKENS):
        logits = np.asarray(model.logits(ids, np.array([strength]), layer=1, vector=VECTOR))[0]
        ids.append(int(np.argmax(logits)))
    return model.tokenizer.decode(ids[len(prompt) :])


def test_each_is_the_greedy_text_at_its_strength(model):
    found = continued(contexts(), [experiment(model)])
    low, high = found[0].curve.window
    expected = [push / PUSH for push in PUSHES if low <= push / PUSH <= high]
    assert 0.0 in expected
    assert len(expected) < len(PUSHES)
    for one, prompt in zip(found, CONTEXTS, strict=True):
        assert [said.strength for said in one.continuations] == expected
        assert [said.text for said in one.continuations] == [greedy(model, prompt, at) for at in expected]
    assert len({said.text for said in found[0].continuations}) > 1


def test_only_models_that_write_and_are_steered_throughout_are_continued(model):
    for other in (
        experiment(model, positions="last"),
        experiment(replace(model, tokenizer=None)),
        experiment(model, subject={"layer": 0}),
        experiment(model, subject={"control": "random_direction"}),
    ):
        assert not any(one.continuations for one in continued(contexts(), [other]))
    long = experiment(model, subject={"contexts": [list(range(1, 37)) + list(range(1, 29))] * 2})
    assert not any(one.continuations for one in continued(contexts(), [long]))
