"""What blocks promise to first order: against the model steered for real, exact integrals and random directions."""

import dataclasses
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, logsumexp, softmax

from real_models import load_model
from steerlaw.guiding.blocks import Block, compared_blocks, ranked, share_of_faster_directions
from tiny_checkpoint import tiny_checkpoint

PROMPTS = ([0, 3, 1, 4], [0, 9, 2])
CONCEPT = np.arange(37) % 5 == 1


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(tiny_checkpoint(tmp_path_factory.mktemp("tiny")).model, dtype="float64")


@pytest.mark.parametrize("budget", [1e-8, 1e-6])
def test_a_small_budget_buys_what_was_promised(model, budget):
    """At the strength that is to spend it, the model has spent the budget and gained what was said, to first order."""
    vectors = {layer: np.random.default_rng(layer).normal(size=8) for layer in (0, 1)}
    blocks: Any = compared_blocks(model, PROMPTS[:1], vectors, CONCEPT, {0: 1.0, 1: 0.9}, budget)
    for block in blocks:
        at = np.array([0.0, block.strength])
        where = {"layer": block.layer, "vector": vectors[block.layer]}
        ell = log_softmax(np.asarray(model.logits(PROMPTS[0], at, **where)), axis=1)
        inside, outside = (np.asarray(logsumexp(ell[:, mask], axis=1)) for mask in (CONCEPT, ~CONCEPT))
        logit = inside - outside
        # what is beyond first order is of the order of the strength, sqrt(budget)
        assert np.isclose(softmax(ell[1]) @ (ell[1] - ell[0]), budget, rtol=30 * budget**0.5)
        assert np.isclose(logit[1] - logit[0], block.gain, rtol=30 * budget**0.5)
        height = np.linalg.norm(np.asarray(model.residual(PROMPTS[0], block.layer))[-1])
        assert np.isclose(block.push, block.strength * np.linalg.norm(vectors[block.layer]) / height)


def test_the_length_of_a_vector_is_nothing_to_a_budget(model):
    vector = np.random.default_rng(4).normal(size=8)
    found: Any = [compared_blocks(model, PROMPTS, {0: s * vector}, CONCEPT, {0: 1.0}, 0.1)[0] for s in (1, 50)]
    one, long = found
    assert one.strength == pytest.approx(50 * long.strength)
    same = dataclasses.replace(long, strength=one.strength)
    assert dataclasses.asdict(same) == pytest.approx(dataclasses.asdict(one), rel=1e-9)


def test_the_tangent_is_left_by_a_tenth_where_it_is_said(model):
    """At the tangent's reach the second order is a tenth of the first, in the spread over tokens; near 0, that is."""
    vector = np.random.default_rng(5).normal(size=8)
    block: Any = compared_blocks(model, PROMPTS[:1], {1: vector}, CONCEPT, {1: 1.0}, 0.1)[0]
    height = np.linalg.norm(np.asarray(model.residual(PROMPTS[0], 1))[-1])
    small = block.tangent_push * height / np.linalg.norm(vector) / 1000
    s = np.asarray(model.logits(PROMPTS[0], [-small, 0.0, small], layer=1, vector=vector))
    p: Any = softmax(s[1])
    left, moved = s[2] + s[0] - 2 * s[1], s[2] - s[0]
    second, first = (float(np.sqrt(np.cov(x, aweights=p, ddof=0))) for x in (left / 2, moved / 2))
    assert np.isclose(second / first, 0.1 / 1000, rtol=1e-2)


@given(st.floats(-1, 1), st.integers(2, 60))
def test_the_share_of_faster_directions_is_the_integral(cosine, d):
    """Cosines of random directions have the density (1 - c^2)^((d - 3)/2), as their marginal."""
    density = lambda angle: mpmath.sin(angle) ** (d - 2)  # noqa: E731
    angle = mpmath.acos(cosine)
    beyond: Any = mpmath.quad(density, [0, angle])
    expected = beyond / mpmath.quad(density, [0, mpmath.pi / 2, mpmath.pi])
    assert share_of_faster_directions(cosine, d) == pytest.approx(float(expected), abs=1e-9)


def test_random_directions_are_beaten_as_often_as_they_say():
    draw = np.random.default_rng(0).normal(size=(4000, 12))
    shares = [share_of_faster_directions(v[0] / np.linalg.norm(v), 12) for v in draw]
    assert abs(np.mean(np.array(shares) <= 0.05) - 0.05) < 4 * (0.05 * 0.95 / 4000) ** 0.5


def block(**changes) -> Block:
    sound: dict[str, Any] = {
        "layer": 0,
        "separation": 0.9,
        "gain": 1.0,
        "strength": 1.0,
        "push": 0.5,
        "tangent_push": 1.0,
    }
    chosen: dict[str, Any] = sound | {"beats_directions": 1.0} | changes
    return Block(**chosen)


def test_sound_blocks_come_first_and_the_rest_says_why():
    blocks = [
        block(layer=0, gain=9.0, separation=0.6),
        block(layer=1, gain=2.0),
        block(layer=2, gain=8.0, beats_directions=0.5),
        block(layer=3, gain=3.0),
        block(layer=4, gain=-3.0),
    ]
    found = ranked(blocks)
    assert [one.layer for one in found] == [3, 1, 0, 2, 4]
    assert [one.sound for one in found] == [True, True, False, False, False]
    assert "60%" in found[2].why
    assert "50% of the prompts" in found[3].why
    assert "falls" in found[4].why
    assert "beyond" in block(push=2.0).why
    assert "beyond" not in block(tangent_push=None).why
