"""A model of the same shape that knows nothing: the control in which whatever is left is the architecture's doing."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from real_models.steering.model import LanguageModel


def with_random_weights(model: LanguageModel, seed: int = 0) -> LanguageModel:
    """The model with the entries of every weight matrix shuffled: sizes and dtypes as they were, what was learnt gone.

    Gains and biases stay. Models of different dtypes get the same shuffle from the same seed.
    """
    generator = np.random.default_rng(seed)

    def shuffled(weights: jax.Array) -> jax.Array:
        if weights.ndim < 2:
            return weights
        return jnp.asarray(generator.permutation(np.asarray(weights).ravel()).reshape(weights.shape))

    return replace(model, params=jax.tree.map(shuffled, model.params))
