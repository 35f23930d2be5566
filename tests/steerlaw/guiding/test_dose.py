"""One strength for all prompts: the promise about the next prompt, and what the strength does."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, logsumexp, softmax

from real_models import load_model
from steerlaw.guiding import dose
from tiny_checkpoint import tiny_checkpoint

CONCEPT = np.arange(37) % 5 == 1


class Found:
    """A choice on one prompt."""

    norms, valid_to, within = None, 1.0, 0.0

    def __init__(self, measured):
        self.measured = measured


def dosed(monkeypatch, spend, risk) -> Any:
    """The dose where prompts just spend their budgets at these strengths."""
    measured = iter(spend)
    monkeypatch.setattr(dose, "choose", lambda *_, **__: Found(next(measured)))
    monkeypatch.setattr(dose, "_effect", lambda *_: (0.1, np.zeros(3)))
    model: Any = None
    return dose.dose_for(model, range(len(spend)), layer=0, vector=np.ones(2), concept=CONCEPT, budget=0.5, risk=risk)


@settings(max_examples=60)
@given(st.integers(1, 40), st.floats(0.02, 0.6), st.integers(0, 99))
def test_the_next_prompt_keeps_the_budget_as_often_as_promised(n, risk, seed):
    """Of exchangeable strengths the newest lies above the k-th smallest of the others with chance 1 - k/(n + 1)."""
    draws = np.random.default_rng(seed).exponential(size=(400, n + 1))
    with pytest.MonkeyPatch.context() as patch:
        found = dosed(patch, draws[0, :-1], risk)
    rank = int((draws[0, :-1] < found.strength).sum())  # of the strength among the others
    kept = np.mean(draws[:, -1] >= np.sort(draws[:, :-1], axis=1)[:, rank])
    assert kept > found.confidence - 4 * (found.confidence * (1 - found.confidence) / 400) ** 0.5 - 1e-12
    assert found.confidence >= 1 - risk - 1e-12 or rank == 0  # 1 - risk is itself rounded
    assert found.confidence == pytest.approx(1 - (rank + 1) / (n + 1))
    assert found.kept == pytest.approx(1 - rank / n)


def test_a_budget_that_is_never_spent_has_no_dose(monkeypatch):
    assert dosed(monkeypatch, [np.inf, np.inf], 0.1) is None
    assert dosed(monkeypatch, [np.inf, 2.0], 0.1).strength == 2.0


@pytest.mark.slow
def test_what_the_dose_does(tmp_path):
    model = load_model(tiny_checkpoint(tmp_path).model, dtype="float64")
    vector, prompts = np.random.default_rng(0).normal(size=8), [[0, 3, 1], [0, 5], [0, 7, 2, 2]]
    found: Any = dose.dose_for(model, prompts, layer=0, vector=vector, concept=CONCEPT, budget=0.05, risk=0.3)
    nats, shares = [], []
    for prompt in prompts:
        at = [0.0, found.strength / 2, found.strength]
        ell = log_softmax(np.asarray(model.logits(prompt, at, layer=0, vector=vector)), axis=1)
        nats.append(softmax(ell[2]) @ (ell[2] - ell[0]))
        shares.append(np.exp(np.asarray(logsumexp(ell[:, CONCEPT], axis=1))))
    assert max(nats) <= 0.05  # k = 1 of 3: the smallest
    assert max(nats) > 0.049
    assert found.kept == 1
    assert found.nats == pytest.approx(np.median(nats))
    np.testing.assert_allclose(found.concept, np.median(shares, axis=0))
    assert found.to_json()["prompts"] == 3
