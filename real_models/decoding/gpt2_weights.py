"""Random weights of a GPT-2: what `decoder.initialise` is for gated decoders with rotary positions."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from real_models.decoding.decoder import Params, Spec


def initialise_gpt2(spec: Spec, key: Array, scale: float = 0.02) -> Params:
    """Random float32 weights (normal, sd `scale`; residual outputs over sqrt(2 n_layers)), norms at 1, biases at 0.

    Positions are learned, norms and linear maps have biases, and the MLP is `down(gelu(up x))` without a gate.
    A `ValueError` for any other spec.
    """
    if (spec.positions, spec.norm, spec.n_kv_heads) != ("learned", "layer", spec.n_heads):
        raise ValueError(
            "spec: expected a GPT-2 (learned positions, LayerNorm, as many key-value heads as heads), "
            f"got {spec.positions} positions, {spec.norm} norm, {spec.n_kv_heads} of {spec.n_heads} key-value heads"
        )
    keys = iter(jax.random.split(key, 3 + 6 * spec.n_layers))
    d, heads = spec.d_model, spec.n_heads * spec.head_dim
    residual = scale / (2 * spec.n_layers) ** 0.5

    def table(rows: int, sd: float = scale) -> Array:
        return sd * jax.random.normal(next(keys), (rows, d), jnp.float32)

    def linear(n_in: int, n_out: int, sd: float = scale) -> Params:
        weight = sd * jax.random.normal(next(keys), (n_in, n_out), jnp.float32)
        return {"weight": weight, "bias": jnp.zeros(n_out, jnp.float32)}

    def norm() -> Params:
        return {"weight": jnp.ones(d, jnp.float32), "bias": jnp.zeros(d, jnp.float32)}

    params: Params = {
        "embed": table(spec.vocab_size),
        "positions": table(spec.max_positions, scale / 2),
        "final_norm": norm(),
        "blocks": [
            {
                "attn_norm": norm(),
                "mlp_norm": norm(),
                "q": linear(d, heads),
                "k": linear(d, heads),
                "v": linear(d, heads),
                "o": linear(heads, d, residual),
                "up": linear(d, spec.d_ff),
                "down": linear(spec.d_ff, d, residual),
            }
            for _ in range(spec.n_layers)
        ],
    }
    if not spec.tied:
        params["unembed"] = table(spec.vocab_size)
    return params
