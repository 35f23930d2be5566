"""Cross-entropy of a model's own unsteered distributions: a divergence, whatever the text and the slices."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax

from real_models import load_model
from real_models.steering.cross_entropy import mean_loss, mean_own_loss
from tiny_checkpoint import VOCABULARY, tiny_checkpoint

RANDOM = np.random.default_rng(2)
VECTOR = RANDOM.standard_normal(8)
SEGMENTS = [RANDOM.integers(1, VOCABULARY, n).tolist() for n in (5, 9, 2)]
STRENGTHS = [-2.0, 0.0, 0.5, 30.0]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(tiny_checkpoint(tmp_path_factory.mktemp("own")).model, dtype="float64")


def test_it_is_the_entropy_and_the_divergence_from_the_unsteered_model(model):
    """Oracle: the next token's logits after every beginning of a segment."""
    found = np.asarray(model.cross_entropy(SEGMENTS, STRENGTHS, layer=0, vector=VECTOR, own=True))
    for n, segment in enumerate(SEGMENTS):
        losses = []
        for end in range(1, len(segment)):
            logits = np.asarray(model.logits(segment[:end], STRENGTHS, layer=0, vector=VECTOR))
            log_probs = log_softmax(logits, axis=1)
            losses.append(-log_probs @ np.exp(log_probs[1]))
        np.testing.assert_allclose(found[:, n], np.mean(losses, axis=0), rtol=1e-12)
    assert (found - found[1] >= -1e-13).all()


@pytest.mark.parametrize("size", [5, 10, 36, VOCABULARY])
def test_slices_of_the_vocabulary_change_nothing(model, size):
    """Slices that overlap included; the text's own tokens come out by the same road."""
    x, still = RANDOM.standard_normal((4, 3, 8)), RANDOM.standard_normal((2, 3, 8))
    spec, params = model.spec, model.params
    table = np.asarray(params["unembed"], float)

    def log_probs(residuals):
        normed = residuals / np.sqrt((residuals**2).mean(axis=-1, keepdims=True) + spec.norm_eps)
        return log_softmax(normed * np.asarray(params["final_norm"]["weight"]) @ table.T, axis=-1)

    counts = np.array([3, 1, 3, 1])
    each = -(log_probs(x) * np.exp(np.tile(log_probs(still), (2, 1, 1)))).sum(axis=-1)
    expected = [row[:count].mean() for row, count in zip(each, counts, strict=True)]
    found = mean_own_loss(spec, size, params, jnp.asarray(x), jnp.asarray(still), jnp.asarray(counts))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    targets = RANDOM.integers(0, VOCABULARY, (4, 3))
    own = -np.take_along_axis(log_probs(x), targets[..., None], axis=-1)[..., 0]
    expected = [row[:count].mean() for row, count in zip(own, counts, strict=True)]
    found = mean_loss(spec, size, params, jnp.asarray(x), jnp.asarray(targets), jnp.asarray(counts))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
