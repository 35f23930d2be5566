"""Cross-entropy of segments of different lengths: each is what it is alone."""

import jax
import numpy as np
import pytest

from real_models.decoding import batching

pytestmark = pytest.mark.slow

STRENGTHS = np.array([-1.0, 0.0, 2.0])


@pytest.mark.parametrize("family", ["gemma3_text", "gpt2"])
def test_padding_counts_for_nothing(models, monkeypatch, family):
    """Each segment alone, and unsteered from the logits of every position; 44 tokens are all that the GPT-2 has."""
    model = models(family, "float64")
    random = np.random.default_rng(6)
    segments = [random.integers(0, model.vocab_size, n).tolist() for n in (7, 2, 44, 3)]
    where = {"layer": 1, "vector": random.normal(0, 2, model.d_model)}
    together = np.asarray(model.cross_entropy(segments, STRENGTHS, **where))
    unsteered = []
    for segment in segments:
        table = np.asarray(jax.nn.log_softmax(model.position_logits(segment)))
        unsteered.append(-np.mean(table[np.arange(len(segment) - 1), segment[1:]]))
    np.testing.assert_allclose(together[1], unsteered, rtol=1e-12)
    alone = np.concatenate([model.cross_entropy([segment], STRENGTHS, **where) for segment in segments], axis=1)
    np.testing.assert_allclose(together, alone, rtol=1e-12)
    monkeypatch.setattr(batching, "ACTIVATIONS", 2**17)
    np.testing.assert_allclose(model.cross_entropy(segments, STRENGTHS, **where), together, rtol=1e-12)
