"""The exact law of the last block against the measured steered logits, for every family."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.closed_forms.last_block import logit_curvature
from real_models import sphere_of
from real_models.checkpoints.families import FAMILIES

CONTEXTS = [[3, 1, 4, 1, 5], [9, 2, 6]]
STRENGTHS = np.array([-1e3, -30.0, -1.0, 0.0, 0.2, 7.0, 1e3])


def direction(model, seed=0):
    return np.random.default_rng(seed).normal(size=model.d_model)


def predicted(sphere, strengths):
    """The formula again, term by term: `[contexts, strengths, vocab]`."""
    alpha = np.asarray(strengths)[None, :, None]
    c, e = (x[:, None, None] for x in (sphere.c, sphere.e))
    rho = (c + 2 * e * alpha + sphere.f * alpha**2) ** 0.5
    return (sphere.h_part[:, None] + alpha * sphere.v_part) / rho + sphere.offset


def measured(model, v, strengths, positions="all"):
    where = {"layer": model.n_layers - 1, "vector": v, "positions": positions}
    return np.stack([model.logits(context, strengths, **where) for context in CONTEXTS])


def assert_close(ours, expected, share):
    assert np.abs(ours - expected).max() <= share * np.abs(expected).max()


@pytest.mark.parametrize("positions", ["all", "last"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_law_is_exact(models, family, positions):
    """float64: sums of some tens of terms, each rounded to 1.1e-16 of the largest."""
    model = models(family, "float64")
    v = direction(model)
    sphere = sphere_of(model, CONTEXTS, v)
    assert_close(predicted(sphere, STRENGTHS), measured(model, v, STRENGTHS, positions), 1e-13)


@settings(max_examples=20, deadline=None)
@given(strength=st.floats(-1e3, 1e3), size=st.floats(-4, 4), seed=st.integers(0, 99))
@pytest.mark.parametrize("family", ["llama", "gemma3_text", "gpt2"])
def test_any_vector_and_strength(models, family, strength, size, seed):
    model = models(family, "float64")
    v = 10**size * direction(model, seed)
    assert_close(predicted(sphere_of(model, CONTEXTS, v), [strength]), measured(model, v, [strength]), 1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_float32_models_to_their_own_rounding(models, family):
    """The law in float64 from float32 residuals, whose rounding, 6e-8 of the largest, is all that is left."""
    model = models(family)
    v = direction(model).astype(np.float32)
    assert_close(predicted(sphere_of(model, CONTEXTS, v), STRENGTHS), measured(model, v, STRENGTHS), 2e-6)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_epsilon_and_offset_are_in_it(models, family):
    """With an epsilon of the residual's own size the law still holds, and without it, or the offset, fails."""
    model = models(family, "float64")
    model = dataclasses.replace(model, spec=dataclasses.replace(model.spec, norm_eps=2.0))
    v = direction(model)
    sphere, logits = sphere_of(model, CONTEXTS, v), measured(model, v, STRENGTHS)
    assert_close(predicted(sphere, STRENGTHS), logits, 1e-13)
    tampered = [dataclasses.replace(sphere, c=sphere.c - 2.0), dataclasses.replace(sphere, e=-sphere.e)]
    tampered += [dataclasses.replace(sphere, offset=sphere.offset + 1.0), sphere_of(model, CONTEXTS[::-1], v)]
    for wrong in tampered:
        assert np.abs(predicted(wrong, STRENGTHS) - logits).max() > 1e-3


@pytest.mark.parametrize("family", ["llama", "gemma3_text", "gpt2"])
def test_curvature_bounds_the_second_derivative(models, family):
    """Second derivatives of the model's own logits by nested forward mode; sharp within a few at the worst strength."""
    model = models(family, "float64")
    v = direction(model)
    worst = []
    for context in CONTEXTS:
        sphere = sphere_of(model, [context], v)
        turn = float(-sphere.e[0] / sphere.f)
        strengths = np.concatenate([np.linspace(-20, 20, 81), turn + np.linspace(-1, 1, 41)])
        second = model.derivatives(context, strengths, order=2, layer=2, vector=v)[2]
        ratio = np.ptp(np.asarray(second), axis=1).max() / logit_curvature(sphere)
        assert 0.2 < ratio <= 1 + 1e-9
        worst.append(logit_curvature(sphere))
    assert logit_curvature(sphere_of(model, CONTEXTS, v)) == pytest.approx(max(worst), rel=1e-12)


def test_what_is_refused(models):
    gemma, gpt2 = models("gemma3_text", "float64"), models("gpt2", "float64")
    capped = dataclasses.replace(gemma, spec=dataclasses.replace(gemma.spec, logit_cap=30.0))
    with pytest.raises(ValueError, match=r"sphere needs logits without a soft-cap, but those of .* are capped"):
        sphere_of(capped, CONTEXTS, direction(gemma))
    with pytest.raises(ValueError, match="sphere needs a steering vector that is not zero"):
        sphere_of(gemma, CONTEXTS, np.zeros(24))
    with pytest.raises(ValueError, match="sphere needs a steering vector that is not constant over features"):
        sphere_of(gpt2, CONTEXTS, np.full(24, 0.3))
    with pytest.raises(ValueError, match=r"has shape \(23,\), expected \(24,\)"):
        sphere_of(gemma, CONTEXTS, np.ones(23))
    for contexts in ([], "abc"):
        with pytest.raises(ValueError, match="expected a list of one prompt or more"):
            sphere_of(gemma, contexts, direction(gemma))
