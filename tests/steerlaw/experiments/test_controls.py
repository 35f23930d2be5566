"""Every control is run, told apart from the model itself, and known to the figures, the texts and the schema."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

import steerlaw
from real_models.decoding.decoder import initialise
from real_models.steering.model import LanguageModel
from steerlaw.experiments.experiment import Grid, observe_next, with_controls
from steerlaw.experiments.language import Concept, language_experiments
from steerlaw.inputs.subjects import CONTROLS
from steerlaw.rendering import words
from steerlaw.rendering.figures.findings import LOOKS
from theory.quantities import ENTROPY

pytestmark = pytest.mark.slow

VOCAB = 40
SCHEMA = Path(steerlaw.__file__).with_name("report.schema.json")


@pytest.fixture(scope="module")
def observed(small_spec):
    """What is seen of a tiny model along one vector, by control."""
    params = jax.tree.map(lambda x: x.astype(np.float64), initialise(small_spec, jax.random.key(0), 0.3))
    model = LanguageModel(name="tiny", spec=small_spec, params=params, dtype="float64")
    vector = np.random.default_rng(0).normal(size=16)
    concept = Concept(name="any", vectors={0: vector}, contexts=[[1, 2, 3]], targets=np.arange(VOCAB) < 5)
    experiments = language_experiments(model, model, concept, Grid(count=9))
    variants = [variant for experiment in experiments for variant in with_controls(experiment, seed=1)]
    return {variant.subject.control: observe_next(variant) for variant in variants}


def test_controls_are_those_of_the_table(observed):
    assert set(observed) == {None, *CONTROLS}
    assert list(words.CONTROLS) == [control for control in LOOKS if control] == list(CONTROLS)
    assert len(set(words.CONTROLS.values())) == len(set(LOOKS.values()) - {LOOKS[None]}) == len(CONTROLS)


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_has_no_concept_in_it(observed, control):
    """Its curves are not the model's own, or what predicts them is not; and the file says whose they are."""
    own, other = observed[None], observed[control]
    assert other.sweep.attributes["control"] == control
    assert other.subject.contexts == own.subject.contexts
    curves = [one.sweep.curves(ENTROPY).lower for one in (own, other)]
    log_odds = [one.baseline.log_odds for one in (own, other)]
    assert not np.allclose(*curves) or not np.allclose(*log_odds)


def enums(node):
    """All enumerations of a schema."""
    if isinstance(node, dict):
        yield from ([node["enum"]] if "enum" in node else [])
    if isinstance(node, dict | list):
        for part in node.values() if isinstance(node, dict) else node:
            yield from enums(part)


def test_the_schema_admits_every_control_and_no_other():
    listed = [set(enum) - {None} for enum in enums(json.loads(SCHEMA.read_text(encoding="utf-8")))]
    about_controls = [enum for enum in listed if enum & set(CONTROLS)]
    assert about_controls
    assert all(enum == set(CONTROLS) for enum in about_controls)
