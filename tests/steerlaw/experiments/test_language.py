"""What is known of a language model before steering: its measured log-odds in the strength's own unit, its controls."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from real_models.decoding.decoder import initialise
from real_models.steering.model import LanguageModel
from steerlaw.experiments.experiment import Grid
from steerlaw.experiments.language import Concept, language_experiments

VOCAB = 40
RNG = np.random.default_rng(0)
CONCEPT = Concept(
    name="any",
    vectors={layer: RNG.normal(size=16) for layer in range(3)},
    contexts=[[1, 2, 3], [4, 5]],
    targets=np.arange(VOCAB) < 5,
)


@pytest.fixture(scope="module")
def model(small_spec):
    spec = replace(small_spec, n_layers=3)
    params = jax.tree.map(lambda x: x.astype(np.float64), initialise(spec, jax.random.key(0), 0.3))
    return LanguageModel(name="tiny", spec=spec, params=params, dtype="float64")


def baselines(model, log_odds):
    found = language_experiments(model, model, replace(CONCEPT, log_odds=log_odds), Grid(count=9))
    return [e.baseline for e in found if e.subject.control is None]


def spread(baseline, odds):
    probs = np.exp(baseline.log_probs)
    return (probs * (odds - (probs * odds).sum(axis=1, keepdims=True)) ** 2).sum(axis=1).mean()


def test_measured_log_odds_have_the_spread_of_local_ones_whatever_their_unit(model):
    measured = RNG.normal(size=VOCAB)
    ones, thousands = baselines(model, measured), baselines(model, 1000 * measured)
    for one, other in zip(ones, thousands, strict=True):
        assert one.log_odds == pytest.approx(other.log_odds)
        assert spread(one, one.log_odds) == pytest.approx(spread(one, one.local_log_odds))
        assert one.log_odds is not None
        assert np.corrcoef(one.log_odds, measured)[0, 1] == pytest.approx(1)
    constant = baselines(model, np.full(VOCAB, 2.0))
    assert (constant[0].log_odds == 2.0).all()


def test_the_control_of_random_weights_is_pushed_as_far(model):
    experiments = list(language_experiments(model, model, CONCEPT, Grid(count=9)))
    *own, control = experiments
    assert [e.subject.control for e in experiments] == [None, None, None, "random_weights"]
    middle = own[1]
    assert control.subject.layer == middle.subject.layer
    assert control.subject.push == pytest.approx(middle.subject.push)
    assert control.strengths == pytest.approx(middle.strengths)
    direction = control.vector / np.linalg.norm(control.vector)
    assert direction @ middle.vector == pytest.approx(np.linalg.norm(middle.vector))
    again = list(language_experiments(model, model, CONCEPT, Grid(count=9), seed=1))[-1]
    assert not np.allclose(again.baseline.log_probs, control.baseline.log_probs)
    assert not np.allclose(control.baseline.log_probs, middle.baseline.log_probs)
