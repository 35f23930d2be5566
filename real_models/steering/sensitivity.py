"""How a number made of the next token's logits answers to what is added to the residual stream, block by block."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from real_models.decoding.decoder import Params, Spec
from real_models.steering import steering
from real_models.steering.steering import Prompt

Measure = Callable[[Float[Array, " vocab"]], Float[Array, ""]]
"""A differentiable number made of the logits."""


def gradients(spec: Spec, params: Params, prompt: Prompt, measure: Measure, dtype: str) -> Float[Array, "layers d"]:
    """`d measure / d v` at v = 0, where v is added to block l's output at every position; a row for every block l.

    One backward pass serves all blocks and all directions: along any vector v the derivative in the strength is the
    row's product with v.
    """
    start = steering.prefix(spec, params, prompt.tokens, 0)
    weights = steering.unembedding_weights(spec, params)

    def measured(added: Float[Array, "layers d"]) -> Float[Array, ""]:
        vectors = {layer: added[layer][None] for layer in range(spec.n_layers)}
        x = steering.residuals_all(spec, params, prompt, start, vectors)(jnp.ones(1, dtype), jnp.zeros(1, int))
        return measure(steering.final_logits(spec, weights, x)[0])

    with jax.default_matmul_precision("highest"):
        return jax.grad(measured)(jnp.zeros((spec.n_layers, spec.d_model), dtype))
