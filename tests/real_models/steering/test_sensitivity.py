"""Gradients in what is added to each block's output, against derivatives along vectors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import softmax

pytestmark = pytest.mark.slow

PROMPT = [3, 1, 4, 1, 5]


@pytest.mark.parametrize("family", ["gemma3_text", "gpt2", "olmo2"])
def test_the_gradient_along_a_vector_is_the_derivative(models, family):
    """d/d alpha of a log-odds is a difference of conditional means of the logits' exact derivatives."""
    model = models(family, "float64")
    inside = np.arange(model.vocab_size) % 3 == 0

    def log_odds(logits):
        chosen, others = (jnp.where(mask, logits, -jnp.inf) for mask in (inside, ~inside))
        return jax.nn.logsumexp(chosen) - jax.nn.logsumexp(others)

    gradient = np.asarray(model.gradients(PROMPT, log_odds))
    assert gradient.shape == (model.n_layers, model.d_model)
    for layer in range(model.n_layers):
        vector = np.random.default_rng(layer).normal(size=model.d_model)
        where = {"layer": layer, "vector": vector}
        slopes = np.asarray(model.derivative(PROMPT, [0.0], **where))[0]
        p = softmax(np.asarray(model.logits(PROMPT, [0.0], **where))[0])
        means = [p[mask] @ slopes[mask] / p[mask].sum() for mask in (inside, ~inside)]
        np.testing.assert_allclose(gradient[layer] @ vector, means[0] - means[1], rtol=1e-9)
