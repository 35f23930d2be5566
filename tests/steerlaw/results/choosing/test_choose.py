"""The chosen strength: exact where the tilt is exact, measured where it is not, and honest about the difference."""

# pyright: reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportOptionalIterable=false, reportOptionalOperand=false, reportArgumentType=false, reportOperatorIssue=false

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import log_softmax, rel_entr, softmax

from steerlaw.results.choosing.choice import Advice, Choice, Norms
from steerlaw.results.choosing.choose import choose
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


def every_choice():
    """Choices of every outcome: strengths reached and not, a concept that rises, falls, or is not asked about."""
    strengths, concepts = (0.5, 2.0, np.inf), (None, (0.2, 0.4, 0.3), (0.2, 0.1, 0.4), (0.2, 0.1, 0.1))
    for predicted, measured, valid_to, concept, slope, norms, empty in product(
        strengths, strengths, strengths, concepts, (-1.0, 1.0), (None, Norms(vector=2.0, residual=4.0)), (False, True)
    ):
        seen = (0.0, predicted, measured)
        yield Choice(
            budget=0.5,
            predicted=predicted,
            measured=measured,
            within=1e-3,
            searched=64.0,
            spent=0.4 if np.isfinite(predicted) else None,
            tolerance=0.01,
            valid_to=valid_to,
            concept=concept and tuple(c if np.isfinite(a) else None for c, a in zip(concept, seen, strict=True)),
            concept_slope=None if concept is None else slope,
            leading={"unsteered": (1, 2)},
            norms=norms,
            empty=empty,
        )


def test_advice_never_contradicts_what_was_found():
    """Over every outcome: what is never reached is never trusted, and each thing to say is said somewhere."""
    said = set()
    for choice in every_choice():
        advice, sentences = set(choice.advice), choice.say()
        said |= advice
        assert len({Advice.NEVER, Advice.PREDICTED, Advice.MEASURED} & advice) == 1
        assert (choice.measured == np.inf) == (Advice.NEVER in advice) == ("trust the" not in sentences)
        if choice.trusted is not None:
            assert np.isfinite(choice.strengths[choice.trusted])
            assert f"trust the {choice.trusted} strength" in sentences
        assert (Advice.EMPTY in advice) == choice.empty
        down = advice & {Advice.AGAINST, Advice.FALLS}
        if choice.concept is None:
            assert not down
        elif choice.trusted is not None:
            before, after = choice.concept[0], dict(zip(choice.strengths, choice.concept, strict=True))[choice.trusted]
            assert bool(down) == (after < before)
        if Advice.AGAINST in down:
            assert choice.concept_slope < 0
        assert "nan" not in sentences
        assert "None" not in sentences
        assert "{" not in sentences
    assert said == set(Advice)


def test_json_holds_every_unit_and_the_tokens_texts():
    for choice in every_choice():
        record = json.loads(json.dumps(choice.to_json(lambda token: f"<{token}>"), allow_nan=False))
        assert record["advice"] == choice.say()
        assert record["leading"]["unsteered"] == [{"id": 1, "text": "<1>"}, {"id": 2, "text": "<2>"}]
        assert record["concept"] is None or len(record["concept"]) == 3
        for name in ("predicted", "measured", "valid_to"):
            alpha, units = getattr(choice, name), record["units"][name]
            assert units["alpha"] == record[name] == (alpha if np.isfinite(alpha) else None)
            if choice.norms and np.isfinite(alpha):
                assert (units["alpha|v|"], units["alpha|v|/|h|"]) == (2 * alpha, alpha / 2)
            else:
                assert units["alpha|v|"] is units["alpha|v|/|h|"] is None


def test_a_negated_vector_is_told_from_the_concepts_slope():
    target = INSTANCE.model.baseline(INSTANCE.positive, INSTANCE.negative).concepts[0]
    along, against = (
        choose(INSTANCE.model, OUTSIDE, budget=0.2, concept=target, layer=0, vector=side * np.asarray(VECTOR))
        for side in (1, -1)
    )
    assert along.advice == (Advice.PREDICTED,)
    assert against.advice == (Advice.PREDICTED, Advice.AGAINST)
    step = 1e-5
    ends = [softmax(row)[target].sum() for row in np.asarray(INSTANCE.model.logits(OUTSIDE, [-step, step], **WHERE))]
    slope = np.diff(np.log(ends) - np.log1p(-np.array(ends)))[0] / (2 * step)
    assert along.concept_slope == pytest.approx(slope, rel=1e-6)
    assert against.concept_slope == pytest.approx(-slope, rel=1e-6)


@pytest.mark.parametrize("name", ["budget", "tolerance"])
@pytest.mark.parametrize("amount", [0.0, -1.0, np.nan, np.inf, -np.inf])
def test_amounts_of_nats_are_positive(name, amount):
    with pytest.raises(ValueError, match=f"{name}: expected a positive number of nats"):
        choose(INSTANCE.model, OUTSIDE, **{"budget": 0.5, "tolerance": 0.1, name: amount}, **WHERE)


def test_what_a_choice_needs():

    class Blind:
        name = "blind"

    with pytest.raises(ValueError, match="blind: offers no derivative"):
        choose(Blind(), OUTSIDE, budget=1.0, **WHERE)
    assert replace(choose(INSTANCE.model, OUTSIDE, budget=0.1, **WHERE), budget=2.0).budget == 2.0


@pytest.mark.parametrize("negative", [False, True])
def test_strengths_below_0_are_those_along_the_other_way(negative):
    """Signed where they are shown; the divergences of both directions are SciPy's."""
    choice = choose(Saturating(), OUTSIDE, budget=0.05, explained=(0.01,), negative=negative, **WHERE)
    sign = -1 if negative else 1
    told = choice.to_json()
    steered, base = (
        softmax(np.asarray(Saturating().logits(OUTSIDE, [a], **WHERE))[0]) for a in (sign * choice.measured, 0.0)
    )
    assert told["measured"] == sign * choice.measured
    assert choice.units(choice.measured)["alpha"] == sign * choice.measured
    assert choice.units(0.0)["alpha"] == 0
    assert rel_entr(steered, base).sum() == pytest.approx(0.05, rel=1e-3)
    assert choice.reverse["measured"] == pytest.approx(rel_entr(base, steered).sum(), rel=1e-9)
    assert choice.reverse["unsteered"] == 0
    (seen,) = choice.budgets
    assert told["budgets"][0]["strength"] == sign * seen.strength
    there = softmax(np.asarray(Saturating().logits(OUTSIDE, [sign * seen.strength], **WHERE))[0])
    assert rel_entr(there, base).sum() == pytest.approx(0.01, rel=1e-3)
    assert seen.changed == pytest.approx(np.maximum(there - base, 0).sum())
    assert seen.leading == np.argmax(there)
    assert ("strength -" in choice.say()) == (negative and choice.valid_to < np.inf)
    json.dumps(told, allow_nan=False)


def test_a_probability_of_the_concept_is_reached_where_it_is_said_to_be():
    concept = INSTANCE.model.baseline(INSTANCE.positive, INSTANCE.negative).concepts[0]

    def share(model, alpha):
        return softmax(np.asarray(model.logits(OUTSIDE, [alpha], **WHERE))[0])[concept].sum()

    wanted = (share(Saturating(), 0.0) + share(Saturating(), 0.5)) / 2
    target = choose(Saturating(), OUTSIDE, budget=0.05, concept=concept, target=wanted, **WHERE).target
    assert share(Saturating(), target.measured) == pytest.approx(wanted, rel=1e-3)
    assert share(INSTANCE.model, target.predicted) == pytest.approx(wanted, rel=1e-3)  # its own tilt is the toy model
    assert target.predicted < target.measured
    never = choose(Saturating(), OUTSIDE, budget=0.05, concept=concept, target=1 - 1e-9, **WHERE)
    assert never.target.measured == np.inf
    assert never.to_json()["target"]["measured"] is None
    with pytest.raises(ValueError, match=r"target is 0\.5, expected a probability between 0 and 1 of a concept"):
        choose(Saturating(), OUTSIDE, budget=0.05, target=0.5, **WHERE)


def test_budgets_that_are_never_spent_are_shown_as_such():
    (seen,) = choose(Saturating(), OUTSIDE, budget=0.05, explained=(50.0,), **WHERE).budgets
    assert (seen.strength, seen.changed, seen.leading, seen.reverse) == (np.inf, None, None, None)
