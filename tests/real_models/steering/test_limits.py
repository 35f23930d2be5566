"""The limit law and its proved remainder, against logits computed in float64."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from real_models import limit_logits, tail_remainder, tail_strength
from real_models.decoding import decoder
from real_models.steering.limits import approach, attention_bound, block_bound, centred, float64, mlp_bound, spectral

FAMILIES = ["llama", "gemma3_text", "gpt2"]
PROMPTS = [[3, 1, 4, 1, 5], [9, 2, 6]]
ROUNDING = 1e-9  # float64 rounding of these logits, many times over


def direction(model, seed=0):
    return np.random.default_rng(seed).normal(size=model.d_model)


def distance(model, prompt, layer, vector, strength, positions="all"):
    """The measured `max_z |logit_z(+-strength) - limit_z|`, worst of the two signs."""
    plus, minus = limit_logits(model, vector)
    logits = model.logits(prompt, [strength, -strength], layer=layer, vector=vector, positions=positions)
    return max(np.abs(logits[0] - plus).max(), np.abs(logits[1] - minus).max())


@pytest.mark.parametrize("positions", ["all", "last"])
@pytest.mark.parametrize("layer", [0, 1, 2])
@pytest.mark.parametrize("family", FAMILIES)
def test_tail_is_within_the_tolerance(models, family, layer, positions):
    model = models(family, "float64")
    v = direction(model)
    for prompt in PROMPTS:
        strength = tail_strength(model, prompt, layer, v, 1e-3)
        assert tail_remainder(model, prompt, layer, v, strength) <= 1e-3
        assert tail_remainder(model, prompt, layer, v, 0.999 * strength) > 1e-3
        measured = distance(model, prompt, layer, v, strength, positions)
        assert 0 < measured <= 1e-3


@settings(max_examples=25, deadline=None)
@given(exponent=st.floats(-2, 9), size=st.floats(-3, 3), layer=st.integers(0, 2), seed=st.integers(0, 99))
@pytest.mark.parametrize("family", FAMILIES)
def test_remainder_bounds_the_distance(models, family, exponent, size, layer, seed):
    model = models(family, "float64")
    v = 10**size * direction(model, seed)
    bound = tail_remainder(model, PROMPTS[0], layer, v, 10**exponent)
    assert distance(model, PROMPTS[0], layer, v, 10**exponent) <= bound + ROUNDING


@pytest.mark.parametrize("family", FAMILIES)
def test_a_large_epsilon_is_in_the_remainder(models, family):
    """The limit has no epsilon, and the remainder pays for it: without its term the bound would be broken."""
    model = models(family, "float64")
    model = dataclasses.replace(model, spec=dataclasses.replace(model.spec, norm_eps=1e4))
    v = direction(model)
    tail = approach(model, [PROMPTS[0]], 2, v)
    strength = 3 * tail.bound / tail.speed
    measured = distance(model, PROMPTS[0], 2, v, strength)
    assert dataclasses.replace(tail, floor=0.0).remainder(strength) < measured <= tail.remainder(strength)


@pytest.mark.parametrize("family", [*FAMILIES, "granite", "olmo2"])
def test_blocks_write_no_more_than_their_bound(models, family):
    """Inputs that climb the gradient of the norm of what a block writes stay below the bound, and not far below."""
    model = models(family, "float64")
    spec, real = model.spec, jnp.ones((1, 3), bool)

    @jax.jit
    @jax.value_and_grad
    def written(x, weights):
        change = (decoder.block(spec, weights, x, real, jnp.arange(3)[None]) - x)[0, -1]
        return jnp.linalg.norm(change - change.mean() if spec.norm == "layer" else change)

    for weights in model.params["blocks"]:
        bound = block_bound(spec, float64(weights))
        x = jnp.asarray(np.random.default_rng(1).normal(size=(1, 3, spec.d_model)))
        sizes = []
        for _ in range(100):
            size, slope = written(x, weights)
            sizes.append(float(size))
            x = x + 0.3 * slope / jnp.linalg.norm(slope)
        assert sizes[0] < max(sizes) <= bound < 20 * max(sizes)


@pytest.mark.parametrize("shape", [(5, 9), (9, 5), (7, 7)])
def test_spectral_norm(shape):
    matrix = np.random.default_rng(0).normal(size=shape)
    assert spectral(matrix) == pytest.approx(np.linalg.svd(matrix)[1][0], rel=1e-13)
    assert spectral(0 * matrix) == 0


def test_biases_are_in_the_bound(models):
    """Offsets alone: with every matrix at zero a block writes its output biases and nothing else."""
    spec = models("gpt2", "float64").spec
    weights = float64(models("gpt2", "float64").params["blocks"][0])
    flat = jax.tree.map(lambda w: w * (w.ndim == 1), weights)
    for bound, name in ((attention_bound, "o"), (mlp_bound, "down")):
        assert bound(spec, flat) == pytest.approx(np.linalg.norm(centred(spec, flat[name]["bias"])), rel=1e-14)


@pytest.mark.parametrize("family", [*FAMILIES, "granite", "olmo2"])
def test_a_wrong_limit_is_caught(models, family):
    """What the bound allows excludes the opposite sign, another vector, and the same vector unnormalised."""
    model = models(family, "float64")
    v = direction(model)
    plus, minus = limit_logits(model, v)
    strength = tail_strength(model, PROMPTS[0], 1, v, 1e-3)
    logits = model.logits(PROMPTS[0], [strength], layer=1, vector=v)[0]
    for wrong in (minus, limit_logits(model, direction(model, 1))[0], 1.01 * plus):
        assert np.abs(logits - wrong).max() > 2e-3
    assert np.allclose(limit_logits(model, -5 * v), (minus, plus), atol=ROUNDING)


def test_conditions(models):
    """A vector constant over features is nothing to LayerNorm, but is a direction like any other to RMSNorm."""
    gpt2, llama = models("gpt2", "float64"), models("llama", "float64")
    constant = np.full(24, 0.1)
    for function in (limit_logits, lambda model, v: tail_strength(model, PROMPTS[0], 0, v, 0.1)):
        with pytest.raises(ValueError, match="not constant over features: LayerNorm removes it"):
            function(gpt2, constant)
        with pytest.raises(ValueError, match="a steering vector that is not zero"):
            function(llama, 0 * constant)
        with pytest.raises(ValueError, match=r"has shape \(23,\), expected \(24,\) for"):
            function(llama, constant[1:])
        with pytest.raises(ValueError, match="NaN or infinite entries"):
            function(llama, constant * np.nan)
    logits = gpt2.logits(PROMPTS[0], [0.0, 1e3], layer=2, vector=constant)
    assert np.abs(logits[0] - logits[1]).max() < ROUNDING
    strength = tail_strength(llama, PROMPTS[0], 0, constant, 1e-3)
    assert distance(llama, PROMPTS[0], 0, constant, strength) <= 1e-3
    with pytest.raises(ValueError, match="tolerance is 0, expected a positive number"):
        tail_strength(llama, PROMPTS[0], 0, constant, 0)
    with pytest.raises(ValueError, match="layer is 3, expected a block"):
        tail_remainder(llama, PROMPTS[0], 3, constant, 1.0)
