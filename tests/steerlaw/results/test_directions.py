"""Ranks among directions: counted by hand, honest in words, and what they rank computed a second way."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import jax
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import mannwhitneyu

from real_models.decoding.decoder import initialise
from real_models.steering.model import LanguageModel
from steerlaw.experiments.directions import Followed, follow
from steerlaw.experiments.experiment import Grid
from steerlaw.experiments.language import Concept, language_experiments
from steerlaw.results import directions
from steerlaw.results.directions import TOLERANCE, ranked_claims, scores, standings
from theory.catalogue import find_law, laws

VOCAB = 40
TARGET = np.arange(VOCAB) < 5


@pytest.fixture(scope="module")
def followed(small_spec):
    params = jax.tree.map(lambda x: x.astype(np.float64), initialise(small_spec, jax.random.key(1), 0.5))
    model = LanguageModel(name="tiny", spec=small_spec, params=params, dtype="float64")
    vector = np.random.default_rng(0).normal(size=16)
    contexts = [[1, 2, 3], [4, 5], [7, 8, 9, 10], [11, 3]]
    concept = Concept(name="any", vectors={1: vector}, contexts=contexts, targets=TARGET)
    experiment = next(iter(language_experiments(model, model, concept, Grid(count=9))))
    claims = [claim for _, own in ASKED for claim in own]
    return list(follow(experiment, claims, 5, seed=0))


ASKED = ranked_claims([find_law("target_increases"), find_law("token_bump"), find_law("tilt")])


def test_what_is_asked_is_shapes_that_tell_directions_apart():
    assert [law.id for law, _ in ASKED] == ["target_increases", "token_bump"]
    everything = {law.id for law, _ in ranked_claims(laws().values())}
    assert {"mean_log_odds", "extremal_tokens", "temperature"} <= everything
    assert not {"sweet_spot", "tilt", "entropy", "sphere"} & everything


def largest_fall(curve):
    return max(curve[i] - curve[j] for i in range(len(curve)) for j in range(i, len(curve)))


def test_scores_are_shares_within_a_tenth_counted_a_second_way(followed):
    for one in followed:
        found = scores(one.observation, ASKED)
        sweep, known = one.observation.sweep.data, one.observation.baseline
        logit = sweep["concept_logit"].transpose("context", "concept", "strength").to_numpy()[:, 0]
        rising = [float(largest_fall(curve) / 2 <= TOLERANCE) for curve in logit]
        assert found["target_increases", find_law("target_increases").claims[0].says] == pytest.approx(rising)
        separation = next(values for (law, _), values in found.items() if law == "separation")
        slopes = known.local_log_odds - (np.exp(known.log_probs) * known.local_log_odds).sum(axis=1, keepdims=True)
        area = [mannwhitneyu(row[TARGET], row[~TARGET]).statistic / (5 * 35) for row in slopes]
        assert separation == pytest.approx(area)


def test_standings_count_the_directions_that_score_as_high(followed):
    found = {(s.origin, s.law): s for s in standings(iter(followed), ASKED)}
    assert {law for _, law in found} == {"target_increases", "token_bump", "separation"}
    for (origin, law), standing in found.items():
        own, *null = (
            np.nanmean(next(v for (name, _), v in scores(one.observation, ASKED).items() if name == law))
            for one in followed
            if one.origin in (None, origin)
        )
        assert standing.score == pytest.approx(own)
        assert standing.as_high == sum(score >= own - 1e-12 for score in null)
        assert standing.drawn == len(null) == 5
        assert standing.level == pytest.approx((1 + standing.as_high) / (1 + standing.drawn))
        assert standing.adjusted >= standing.level >= 1 / 6
        assert standing.excess.share == pytest.approx(own - np.mean(null))
        assert standing.null == pytest.approx(tuple(np.quantile(null, [0.25, 0.5, 0.75])))


def test_too_few_directions_are_never_significant_and_words_say_how_many_it_takes(followed):
    for standing in standings(iter(followed), ASKED):
        assert not standing.significant
        assert "it takes 19 directions to reach 0.05" in standing.words
        assert f"higher than {5 - standing.as_high} of 5 {standing.origin}" in standing.words
        assert "never below 0.17" in standing.words
        for drawn, level in ((99, 0.01), (19, 0.05)):
            enough = replace(standing, drawn=drawn, as_high=0, level=level, adjusted=level)
            assert enough.significant
            assert "it takes" not in enough.words
            assert enough.to_json()["words"] == enough.words
            assert enough.to_json()["tolerance"] == 0.1
        assert not replace(standing, adjusted=0.051).significant


SHARES = st.one_of(st.sampled_from([0.0, 0.5, 1.0, np.nan]), st.floats(0, 1))


@settings(max_examples=25, deadline=None)
@example(table=[np.array([[1.0, np.nan], [1.0, 0.0]]), np.array([[np.nan, 0.5], [np.nan, 0.5]])])  # nowhere together
@given(
    table=st.integers(1, 4).flatmap(
        lambda contexts: st.lists(arrays(np.float64, (2, contexts), elements=SHARES), min_size=2, max_size=9)
    )
)
def test_ranks_of_shares_that_are_not_known_everywhere(table):
    """Two claims, the vector's shares first: means over the contexts judged, of the directions judged anywhere."""
    subject = SimpleNamespace(model="m", layer=3, concept="c")
    seen: list[Any] = [
        Followed(
            origin="random directions" if number else None,
            observation=SimpleNamespace(subject=subject, shares={("law", "a"): own[0], ("law", "b"): own[1]}),  # pyright: ignore
        )
        for number, own in enumerate(table)
    ]
    with patch.object(directions, "scores", lambda observation, asked: observation.shares):
        found = {standing.claim: standing for standing in standings(iter(seen), ())}
    for claim, name in enumerate("ab"):
        means = [known.mean() if (known := own[claim][~np.isnan(own[claim])]).size else None for own in table]
        null = [mean for mean in means[1:] if mean is not None]
        apart = [
            own - np.mean(others)
            for context, own in enumerate(table[0][claim])
            if not np.isnan(own)
            and (others := [row[claim][context] for row in table[1:] if not np.isnan(row[claim][context])])
        ]
        if not apart:
            assert name not in found
            continue
        standing = found[name]
        assert means[0] is not None
        assert (standing.model, standing.layer, standing.concept, standing.law) == ("m", 3, "c", "law")
        assert standing.score == pytest.approx(means[0])
        assert standing.drawn == len(null)
        assert standing.as_high == sum(mean >= standing.score * (1 - 1e-9) for mean in null)
        assert standing.level == pytest.approx((1 + standing.as_high) / (1 + len(null)))
        assert standing.null == pytest.approx(np.quantile(null, [0.25, 0.5, 0.75]).tolist())
        assert standing.adjusted >= standing.level
        assert standing.excess.share == pytest.approx(np.mean(apart))


def test_nothing_followed_has_no_standing(followed):
    assert list(standings(iter(()), ASKED)) == []
    assert list(standings(iter(followed[:1]), ASKED)) == []
