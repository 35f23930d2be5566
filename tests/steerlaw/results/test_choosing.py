"""The chosen strength: exact where the tilt is exact, measured where it is not, and honest about the difference."""

# pyright: reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportOptionalIterable=false, reportOptionalOperand=false, reportArgumentType=false, reportOperatorIssue=false

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import log_softmax, rel_entr, softmax

from steerlaw.results.choosing import choose
from toy_models import ufm_instances

INSTANCE = next(i for i in ufm_instances() if i.name == "ufm-exact/weighted/random")
VECTOR = INSTANCE.model.steering_vector(INSTANCE.positive, INSTANCE.negative)
WHERE = {"layer": 0, "vector": VECTOR}
OUTSIDE = [7]


class Saturating:
    """The toy model with a strength that saturates at 1: the tilt holds near 0 and breaks farther out."""

    name, vocab_size = "saturating", INSTANCE.model.vocab_size

    def logits(self, tokens, strengths, **where):
        return INSTANCE.model.logits(tokens, np.tanh(strengths), **where)

    def derivative(self, tokens, strengths, **where):
        rate = 1 / np.cosh(np.asarray(strengths)) ** 2
        return rate[:, None] * INSTANCE.model.derivative(tokens, np.tanh(strengths), **where)


def spent(model, alpha):
    steered, base = (softmax(np.asarray(model.logits(OUTSIDE, [a], **WHERE))[0]) for a in (alpha, 0.0))
    return rel_entr(steered, base).sum()


@pytest.mark.parametrize("budget", [1e-3, 0.1, 1.0])
def test_prediction_and_measurement_agree_where_logits_are_affine(budget):
    choice = choose(INSTANCE.model, OUTSIDE, budget=budget, **WHERE)
    root = brentq(lambda a: spent(INSTANCE.model, a) - budget, 1e-6, 10)
    assert choice.predicted == pytest.approx(root, rel=1e-9)
    assert choice.measured == pytest.approx(root, rel=1e-3)
    assert abs(choice.measured - root) <= choice.within + 1e-9
    assert choice.spent == pytest.approx(budget, rel=1e-6)
    assert choice.valid_to == np.inf
    assert choice.to_json()["valid_to"] is None


def test_a_model_that_saturates_needs_more_than_predicted_and_the_theory_ends_before():
    choice = choose(Saturating(), OUTSIDE, budget=0.5, tolerance=0.001, **WHERE)
    assert choice.measured > choice.predicted > choice.valid_to > 0
    assert spent(Saturating(), choice.measured) == pytest.approx(0.5, rel=1e-3)
    assert choice.spent == pytest.approx(spent(Saturating(), choice.predicted))
    assert choice.spent < 0.5
    tilt = log_softmax(np.asarray(INSTANCE.model.logits(OUTSIDE, [choice.valid_to], **WHERE))[0])
    steered = log_softmax(np.asarray(Saturating().logits(OUTSIDE, [choice.valid_to], **WHERE))[0])
    assert (np.exp(steered) * (steered - tilt)).sum() == pytest.approx(0.001, rel=0.01)


def test_a_budget_out_of_reach_is_never_spent():
    choice = choose(Saturating(), OUTSIDE, budget=50.0, **WHERE)
    assert (choice.predicted, choice.measured, choice.spent) == (np.inf, np.inf, None)
    assert set(choice.leading) == {"unsteered"}
    assert choice.to_json()["measured"] is None


def test_the_concept_is_reported_where_it_rises():
    target = INSTANCE.model.baseline(INSTANCE.positive, INSTANCE.negative).concepts[0]
    choice = choose(INSTANCE.model, OUTSIDE, budget=0.5, concept=target, **WHERE)
    assert choice.concept is not None
    before, predicted, measured = choice.concept
    base = softmax(np.asarray(INSTANCE.model.logits(OUTSIDE, [0.0], **WHERE))[0])
    assert before == pytest.approx(base[target].sum())
    assert before < predicted == pytest.approx(measured, rel=1e-2)


def test_what_a_choice_needs():
    with pytest.raises(ValueError, match="budget: expected a positive number of nats"):
        choose(INSTANCE.model, OUTSIDE, budget=-1.0, **WHERE)
    with pytest.raises(ValueError, match="tolerance: expected a positive number of nats"):
        choose(INSTANCE.model, OUTSIDE, budget=1.0, tolerance=0.0, **WHERE)

    class Blind:
        name = "blind"

    with pytest.raises(ValueError, match="blind: offers no derivative"):
        choose(Blind(), OUTSIDE, budget=1.0, **WHERE)
    assert replace(choose(INSTANCE.model, OUTSIDE, budget=0.1, **WHERE), budget=2.0).budget == 2.0
