"""Reported claims on a small decoder: what is seen, computed a second way; the matrix, and how it is told."""

import json
from importlib import resources

import jax
import jsonschema
import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp

from real_models.decoding.decoder import initialise
from real_models.steering.model import LanguageModel
from steerlaw.experiments.experiment import Grid, run
from steerlaw.experiments.language import Concept, language_experiments
from steerlaw.experiments.nearby import key, nearby
from steerlaw.rendering.reported import print_reported
from steerlaw.results.reported.matrix import matrix, reported_json
from steerlaw.results.reported.seen import seen_in
from theory.claims import Claim
from theory.laws import efficiency, local_tilt, sweet_spot, target_increases, tilt

pytestmark = pytest.mark.slow

TARGET = np.arange(40) < 5
CONTEXTS = [[1, 2, 3], [4, 5], [7, 8, 9, 10]]


@pytest.fixture(scope="module")
def seen_of(small_spec):
    params = jax.tree.map(lambda x: x.astype(np.float64), initialise(small_spec, jax.random.key(1), 0.5))
    model = LanguageModel(name="tiny", spec=small_spec, params=params, dtype="float64")
    rng = np.random.default_rng(0)
    concept = Concept(
        name="any", vectors={0: rng.normal(size=16), 1: rng.normal(size=16)}, contexts=CONTEXTS, targets=TARGET
    )
    experiments = list(language_experiments(model, model, concept, Grid(count=25)))
    claims: list[Claim] = [
        claim for law in (efficiency, local_tilt, sweet_spot, target_increases, tilt) for claim in law.LAW.claims
    ]
    observed = list(run(experiments, 0, claims=claims))
    return experiments, observed, dict(nearby(experiments, observed, 0))


def block(seen_of, layer):
    experiments, observed, near = seen_of
    experiment = experiments[layer]
    own = next(o for o in observed if key(o.subject) == key(experiment.subject) and o.kind == "next token")
    return experiment, own, near[key(experiment.subject)]


def test_controls_with_a_direction_of_their_own_are_looked_at(seen_of):
    _, _, near = seen_of
    found = {(layer, control) for _, _, _, layer, control in near}
    directions = {(layer, control) for layer in (0, 1) for control in (None, "random_direction")}
    assert found == directions | {(1, "random_weights")}


def test_the_lens_of_the_last_block_is_the_model_itself(seen_of):
    experiment, _, near = block(seen_of, 1)
    masses = np.exp(experiment.baseline.log_probs)[:, TARGET].sum(axis=1)
    # the lens reads in float32
    np.testing.assert_allclose(near.lens, masses, rtol=1e-5)


@pytest.mark.parametrize("layer", [0, 1])
def test_derivatives_are_those_of_the_steered_logits(seen_of, layer):
    """Central differences of order h^2; their rounding is eps/h^3 for the third."""
    experiment, own, near = block(seen_of, layer)
    h = 2e-3
    for context, found in zip(CONTEXTS, near.derivatives, strict=True):
        at = np.asarray(experiment.model.logits(context, h * np.arange(-2, 3), layer=layer, vector=experiment.vector))[
            :, own.sweep.data["token"].to_numpy()
        ]
        first, second = (at[3] - at[1]) / (2 * h), (at[3] - 2 * at[2] + at[1]) / h**2
        third = (at[4] - 2 * at[3] + 2 * at[1] - at[0]) / (2 * h**3)
        for order, expected in enumerate((first, second, third)):
            np.testing.assert_allclose(found[order], expected, atol=1e-3 * np.abs(found).max())


def test_the_norm_costs_nothing_before_the_final_norm_and_something_before_a_block(seen_of):
    _, _, last = block(seen_of, 1)
    _, _, first = block(seen_of, 0)
    # RMSNorm removes the norm but for its epsilon
    assert (last.nats_of_norm < 1e-3 * last.nats_of_angle).all()
    assert (first.nats_of_norm > 1e-6).all()


def test_the_angle_costs_what_the_model_says_of_the_turned_residual(seen_of):
    experiment, _, near = block(seen_of, 1)
    model, v = experiment.model, experiment.vector / np.linalg.norm(experiment.vector)
    for context, found in zip(CONTEXTS, near.nats_of_angle, strict=True):
        h = np.asarray(model.residual(context, 1))[-1]
        turned = h + np.linalg.norm(h) * v
        turned *= np.linalg.norm(h) / np.linalg.norm(turned)
        gain = np.asarray(model.params["final_norm"]["weight"])
        laws = [
            log_softmax(np.asarray(model.params["embed"]) @ (gain * x / np.sqrt(np.mean(x**2) + 1e-5)))
            for x in (h, turned)
        ]
        assert found == pytest.approx(float((np.exp(laws[1]) * (laws[1] - laws[0])).sum()), rel=1e-9)


def concept_logits(experiment, context, strengths, layer):
    log_probs = log_softmax(
        np.asarray(experiment.model.logits(context, strengths, layer=layer, vector=experiment.vector)), axis=1
    )
    inside, outside = (np.asarray(logsumexp(log_probs[:, mask], axis=1)) for mask in (TARGET, ~TARGET))
    return inside - outside


@pytest.mark.parametrize("layer", [0, 1])
def test_what_is_seen_is_in_norms_of_the_residual(seen_of, layer):
    experiment, own, near = block(seen_of, layer)
    found, push = seen_in(own, near), experiment.subject.push
    curves = own.sweep.data["concept_logit"].isel(concept=0).transpose("context", "strength").to_numpy()
    for number, seen in enumerate(found):
        np.testing.assert_allclose(seen.pushes, own.sweep.strengths * push)
        zero = int(np.flatnonzero(seen.pushes == 0)[0])
        assert seen.values["concept_logit"] == pytest.approx(curves[number])
        h = 1e-4
        low, high = concept_logits(experiment, CONTEXTS[number], [-h, h], layer)
        assert seen.values["concept_slope"] == pytest.approx((high - low) / (2 * h) / push, rel=1e-5, abs=1e-6)
        pairs, order = seen.values["pair_log_odds"], np.argsort(-experiment.baseline.log_probs[number])
        watched = [z for z in order if z in own.sweep.data["token"].to_numpy()]
        best, other = (next(z for z in watched if TARGET[z] == member) for member in (True, False))
        gap = experiment.baseline.log_probs[number][best] - experiment.baseline.log_probs[number][other]
        # curves are interpolated to within a few 1e-8 of a log-probability
        assert pairs[0, zero] == pytest.approx(gap, abs=1e-6)


def test_the_matrix_has_a_cell_a_claim_and_block_and_is_told(seen_of, capsys, monkeypatch):
    _, observed, near = seen_of
    cells = matrix(observed, near)
    asked = {(cell.claim, cell.layer, cell.control) for cell in cells}
    assert len(asked) == len(cells)
    assert {("norm_breaks_fluency", layer, None) for layer in (0, 1)} <= asked
    assert ("fixed_nats", 0, None) not in asked
    assert all(cell.control != "permuted_log_odds" for cell in cells)
    # three contexts never make a find
    assert {cell.decided.answer for cell in cells} == {"undecided"}
    schema = json.loads(resources.files("steerlaw").joinpath("report.schema.json").read_text())
    entries = json.loads(json.dumps(reported_json(cells), allow_nan=False))
    jsonschema.Draft202012Validator({**schema["properties"]["reported"], "$defs": schema["$defs"]}).validate(entries)
    assert sum(len(entry["cells"]) for entry in entries) == len(cells)
    monkeypatch.setenv("COLUMNS", "200")
    print_reported(cells)
    out = capsys.readouterr().out
    assert "The norm, not the angle, breaks fluency" in out
    assert "undecided 0/3" in out


def test_nothing_to_ask_is_said(capsys):
    print_reported([])
    assert "No reported claim can be asked" in capsys.readouterr().out
