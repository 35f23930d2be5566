"""Directions are treated alike whatever their length, each predicted by its own derivative, as far as it says."""

import itertools
from dataclasses import replace
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from numerics.observing.next_token import FEW
from real_models.decoding.decoder import initialise
from real_models.steering.model import LanguageModel
from steerlaw.experiments.directions import (
    NATS,
    PUSH,
    STRENGTHS,
    can_be_followed,
    context_differences,
    follow,
    reach,
)
from steerlaw.experiments.experiment import Grid
from steerlaw.experiments.language import Concept, language_experiments
from theory.catalogue import find_law

VOCAB = 40
VECTOR = np.random.default_rng(0).normal(size=16)
CONTEXTS = [[1, 2, 3], [4, 5], [7, 8, 9, 10]]
CLAIMS = find_law("target_increases").claims


@pytest.fixture(scope="module")
def model(small_spec):
    params = jax.tree.map(lambda x: x.astype(np.float64), initialise(small_spec, jax.random.key(0), 0.3))
    return LanguageModel(name="tiny", spec=small_spec, params=params, dtype="float64")


def experiments(model, vector=VECTOR):
    concept = Concept(name="any", vectors={0: vector}, contexts=CONTEXTS, targets=np.arange(VOCAB) < 5)
    return list(language_experiments(model, model, concept, Grid(count=9)))


@pytest.fixture(scope="module")
def vectors():
    """What the four directions of seed 3 are, drawn a second time."""
    return [VECTOR, *np.random.default_rng([3, 0]).standard_normal((4, 16))]


@pytest.fixture(scope="module")
def followed(model):
    return list(follow(experiments(model)[0], CLAIMS, 4, seed=3))


def test_the_vector_comes_first_then_as_many_of_each_kind_as_there_are(followed):
    assert [one.origin for one in followed] == [None] + 4 * ["random directions"] + 3 * ["context differences"]
    assert all(len(one.observation.sweep.strengths) == STRENGTHS for one in followed)
    again = [one.observation.sweep.data["concept_logit"].to_numpy() for one in followed]
    assert len({curves.tobytes() for curves in again}) == len(followed)


def test_what_is_seen_along_a_direction_does_not_depend_on_the_vectors_length(model, followed):
    longer = list(follow(experiments(model, 7 * VECTOR)[0], CLAIMS, 4, seed=3))
    for one, other in zip(followed, longer, strict=True):
        curves = [o.observation.sweep.data["concept_logit"].to_numpy() for o in (one, other)]
        assert np.allclose(*curves, rtol=1e-9, atol=1e-12)
        assert one.observation.sweep.strengths == pytest.approx(7 * other.observation.sweep.strengths)


def test_each_direction_is_steered_along_and_predicted_by_its_own_derivative(model, followed, vectors):
    """The logits' derivative agrees with differences of the model's own logits, and the curves are the model's."""
    for one, vector in zip(followed, vectors, strict=False):
        vector = vector * np.linalg.norm(VECTOR) / np.linalg.norm(vector)
        baseline, sweep = one.observation.baseline, one.observation.sweep
        curves = sweep.data["concept_logit"].transpose("context", "concept", "strength").to_numpy()[:, 0]
        for number, context in enumerate(CONTEXTS):
            step = 1e-4
            ends = np.asarray(model.logits(context, np.array([-step, step]), layer=0, vector=vector))
            assert baseline.local_log_odds[number] == pytest.approx((ends[1] - ends[0]) / (2 * step), abs=1e-6)
            logits = np.asarray(model.logits(context, sweep.strengths, layer=0, vector=vector))
            inside, outside = (np.asarray(logsumexp(logits[:, some], axis=1)) for some in (np.s_[:5], np.s_[5:]))
            assert curves[number] == pytest.approx(inside - outside, abs=1e-9)
        assert baseline.log_odds == pytest.approx(baseline.local_log_odds.mean(axis=0))


def test_a_direction_is_followed_to_a_nat_of_its_own_tilt(model):
    """K(alpha) - its tangent at 0 is alpha^2 Var/2 to second order; a long way is cut at the largest push."""
    experiment = experiments(model)[0]
    assert experiment.along is not None
    baseline: Any = experiment.along(VECTOR)
    far = reach(baseline, push=1e-9)
    small = 1e-3 * far
    cgf = logsumexp(baseline.log_probs + small * baseline.local_log_odds, axis=1)
    mean = (np.exp(baseline.log_probs) * baseline.local_log_odds).sum(axis=1)
    assert (cgf - small * mean).mean() / small**2 * far**2 == pytest.approx(NATS, rel=1e-2)
    assert reach(baseline, push=1e9) == PUSH / 1e9
    still = replace(baseline, local_log_odds=np.ones_like(baseline.local_log_odds))
    assert reach(still, push=0.5) == 2 * PUSH


def test_context_differences_are_of_pairs_of_contexts_each_once(model):
    experiment = experiments(model)[0]
    ends = np.stack([np.asarray(model.residual(context, 0))[-1] for context in CONTEXTS])
    pairs = [ends[i] - ends[j] for i, j in ((0, 1), (0, 2), (1, 2))]
    found = context_differences(experiment, 10, np.random.default_rng(0))
    matches = [[np.allclose(row, pair) or np.allclose(row, -pair) for pair in pairs] for row in found]
    assert np.sort(np.argmax(matches, axis=1)).tolist() == [0, 1, 2]
    assert np.sum(matches) == 3
    assert len(context_differences(experiment, 2, np.random.default_rng(0))) == 2
    assert len(context_differences(replace(experiment, residuals=None), 2, np.random.default_rng(0))) == 0


@settings(max_examples=20, deadline=None)
@given(kinds=st.lists(st.integers(0, 2), min_size=2, max_size=6), seed=st.integers(0, 99))
def test_contexts_of_one_residual_give_no_direction_and_others_either_sign(model, kinds, seed):
    residuals = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]])[kinds]
    experiment = replace(experiments(model)[0], vector=np.ones(2), residuals=lambda: residuals)
    found = context_differences(experiment, 99, np.random.default_rng(seed))
    pairs = [tuple(abs(residuals[i] - residuals[j])) for i, j in itertools.combinations(range(len(kinds)), 2)]
    assert sorted(map(tuple, abs(found))) == sorted(pair for pair in pairs if any(pair))


def test_differences_have_either_sign_as_often(model):
    """Of 20 seeds with 3 pairs each; all of one sign is as likely as 60 heads in a row."""
    experiment = experiments(model)[0]
    ends = np.stack([np.asarray(model.residual(context, 0))[-1] for context in CONTEXTS])
    pairs = [ends[i] - ends[j] for i, j in ((0, 1), (0, 2), (1, 2))]
    found = np.concatenate([context_differences(experiment, 3, np.random.default_rng(seed)) for seed in range(20)])
    same = sum(any(np.allclose(row, pair) for pair in pairs) for row in found)
    assert 15 < same < 45


def test_a_direction_is_asked_about_at_0_too_and_at_so_few_strengths_that_none_is_between():
    assert STRENGTHS % 2 == 1
    assert STRENGTHS <= FEW


def test_controls_and_models_without_a_push_are_not_followed(model):
    own, control = experiments(model)
    assert can_be_followed(own, 1)
    assert not can_be_followed(own, 0)
    assert not can_be_followed(control, 1)
    assert not can_be_followed(replace(own, subject=replace(own.subject, push=None)), 1)
    assert not can_be_followed(replace(own, along=None), 1)
