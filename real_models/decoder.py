"""One pre-norm decoder-only transformer, as plain functions of a static `Spec` and a dictionary of arrays.

    x_0     = embed(tokens) [+ learned positions]
    x_{l+1} = y_l + MLP_l(norm(y_l)),    y_l = x_l + Attention_l(norm(x_l))        l = 0 .. n_layers - 1
    logits  = norm(x_{n_layers}) U^T

The output of block `l` (0-based) is `x_{l+1}`: the place where steering adds `alpha v`.
Weights are stored [in, out] and applied as `x @ w`; the unembedding is [vocab, d].
"""

from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

Params = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Everything static about a decoder: sizes, and which of the few known variants it uses."""

    family: str
    n_layers: int
    d_model: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    d_ff: int
    vocab_size: int
    max_positions: int
    norm: Literal["rms", "layer"]
    norm_eps: float
    activation: Literal["silu", "gelu_tanh"]
    positions: Literal["rope", "learned"]
    rope_theta: float = 10_000.0
    tied: bool


def at_least_float32(dtype: Any) -> Any:
    """The dtype in which norms, softmax and logits are computed: half precision would lose them."""
    return jnp.promote_types(dtype, jnp.float32)


def norm(spec: Spec, weights: Params, x: Float[Array, "*rows d"]) -> Float[Array, "*rows d"]:
    """RMSNorm `w x / sqrt(mean x^2 + eps)`, or LayerNorm `w (x - mean) / sqrt(var + eps) + b`, in float32 at least."""
    wide = x.astype(at_least_float32(x.dtype))
    if spec.norm == "layer":
        wide = wide - jnp.mean(wide, axis=-1, keepdims=True)
    scale = jax.lax.rsqrt(jnp.mean(wide * wide, axis=-1, keepdims=True) + spec.norm_eps)
    y = weights["weight"] * (wide * scale).astype(x.dtype)
    return y + weights["bias"] if "bias" in weights else y


def linear(weights: Params, x: Float[Array, "*rows n_in"]) -> Float[Array, "*rows n_out"]:
    """`x w + b`; a layer without a bias simply has no `bias`."""
    y = x @ weights["weight"]
    return y + weights["bias"] if "bias" in weights else y


def rotate(x: Float[Array, "batch position heads k"], positions: Int[Array, "batch position"], theta: float):
    """Rotary position embedding: rotate the pairs `(x_i, x_{i + k/2})` by `position theta^(-2 i / k)`."""
    half = x.shape[-1] // 2
    frequency = theta ** (-jnp.arange(half, dtype=jnp.float32) / half)
    angle = positions[..., None].astype(jnp.float32) * frequency
    cos, sin = (f(angle)[:, :, None, :].astype(x.dtype) for f in (jnp.cos, jnp.sin))
    a, b = x[..., :half], x[..., half:]
    return jnp.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def causal_mask(padding: Bool[Array, "batch position"]) -> Bool[Array, "batch query key"]:
    """Which keys a query sees: itself and earlier ones that are no padding."""
    n = padding.shape[1]
    return jnp.tril(jnp.ones((n, n), bool))[None] & padding[:, None, :]


def position_ids(padding: Bool[Array, "batch position"]) -> Int[Array, "batch position"]:
    """Positions count real tokens from 0, so that left padding does not move them."""
    return jnp.clip(jnp.cumsum(padding, axis=1) - 1, 0)


def embed(spec: Spec, params: Params, tokens: Int[Array, "batch position"], positions: Int[Array, "batch position"]):
    """The residual stream before the first block, `[batch, position, d]`."""
    x = params["embed"][tokens]
    return x + params["positions"][positions] if spec.positions == "learned" else x


def queries(spec: Spec, weights: Params, x: Float[Array, "batch position d"], positions):
    """Rotated queries `[batch, position, kv_heads, group, head_dim]`: the heads that share one key are a group."""
    q = linear(weights["q"], x).reshape(*x.shape[:2], spec.n_heads, spec.head_dim)
    q = rotate(q, positions, spec.rope_theta) if spec.positions == "rope" else q
    return q.reshape(*x.shape[:2], spec.n_kv_heads, spec.n_heads // spec.n_kv_heads, spec.head_dim)


def keys_values(spec: Spec, weights: Params, x: Float[Array, "batch position d"], positions):
    """Rotated keys, and values, each `[batch, position, kv_heads, head_dim]`."""
    k, v = (linear(weights[name], x).reshape(*x.shape[:2], spec.n_kv_heads, spec.head_dim) for name in "kv")
    return rotate(k, positions, spec.rope_theta) if spec.positions == "rope" else k, v


def attend(spec: Spec, weights: Params, q, k, v, mask: Bool[Array, "batch query key"]):
    """`softmax(q k / sqrt(head_dim)) v` over the keys each query sees, mixed by the output projection."""
    scores = jnp.einsum("bqhgk,bshk->bhgqs", q, k) * spec.head_dim**-0.5
    scores = jnp.where(mask[:, None, None], scores, jnp.finfo(scores.dtype).min)
    mixed = jnp.einsum("bhgqs,bshk->bqhgk", softmax(scores), v)
    return linear(weights["o"], mixed.reshape(*q.shape[:2], spec.n_heads * spec.head_dim))


def softmax(scores: Float[Array, "*rows key"]) -> Float[Array, "*rows key"]:
    """Softmax over the last axis, in float32 at least, returned in the scores' own dtype."""
    return jax.nn.softmax(scores.astype(at_least_float32(scores.dtype)), axis=-1).astype(scores.dtype)


def mlp(spec: Spec, weights: Params, x):
    """Gated `down(act(gate x) * up x)` where the weights have a gate, else `down(act(up x))`."""
    act = jax.nn.silu if spec.activation == "silu" else jax.nn.gelu
    up = linear(weights["up"], x)
    hidden = act(linear(weights["gate"], x)) * up if "gate" in weights else act(up)
    return linear(weights["down"], hidden)


def block(spec: Spec, weights: Params, x: Float[Array, "batch position d"], mask, positions):
    """One pre-norm block: `x_l -> x_{l+1}`."""
    normed = norm(spec, weights["attn_norm"], x)
    k, v = keys_values(spec, weights, normed, positions)
    x = x + attend(spec, weights, queries(spec, weights, normed, positions), k, v, mask)
    return x + mlp(spec, weights, norm(spec, weights["mlp_norm"], x))


def unembed(spec: Spec, params: Params, x: Float[Array, "*rows d"]) -> Float[Array, "*rows vocab"]:
    """Logits from the last block's output, in float32 at least: final norm, then the (tied) unembedding."""
    x = norm(spec, params["final_norm"], x)
    return jnp.einsum("...d,vd->...v", x, unembedding(spec, params), preferred_element_type=at_least_float32(x.dtype))


def unembedding(spec: Spec, params: Params) -> Float[Array, "vocab d"]:
    """The matrix of token directions; the embedding itself where the two are tied."""
    return params["embed"] if spec.tied else params["unembed"]


def forward(spec: Spec, params: Params, tokens: Int[Array, "batch position"], padding=None):
    """Logits `[batch, position, vocab]`; `padding` is True at real tokens (default: everywhere)."""
    padding = jnp.ones(tokens.shape, bool) if padding is None else padding
    mask, positions = causal_mask(padding), position_ids(padding)
    x = embed(spec, params, tokens, positions)
    for weights in params["blocks"]:
        x = block(spec, weights, x, mask, positions)
    return unembed(spec, params, x)


def initialise(spec: Spec, key: Array, scale: float = 0.02) -> Params:
    """Random float32 weights (normal, sd `scale`; residual outputs over sqrt(2 n_layers)), norms at 1, no biases."""
    keys = iter(jax.random.split(key, 3 + 7 * spec.n_layers))
    d, q, kv = spec.d_model, spec.n_heads * spec.head_dim, spec.n_kv_heads * spec.head_dim

    def matrix(n_in: int, n_out: int, sd: float = scale) -> Params:
        return {"weight": sd * jax.random.normal(next(keys), (n_in, n_out), jnp.float32)}

    residual = scale / (2 * spec.n_layers) ** 0.5
    ones = {"weight": jnp.ones(d, jnp.float32)}
    params: Params = {"embed": matrix(spec.vocab_size, d)["weight"], "final_norm": ones, "blocks": []}
    for _ in range(spec.n_layers):
        params["blocks"].append(
            {
                "attn_norm": ones,
                "mlp_norm": ones,
                "q": matrix(d, q),
                "k": matrix(d, kv),
                "v": matrix(d, kv),
                "o": matrix(q, d, residual),
                "gate": matrix(d, spec.d_ff),
                "up": matrix(d, spec.d_ff),
                "down": matrix(spec.d_ff, d, residual),
            }
        )
    if not spec.tied:
        params["unembed"] = matrix(spec.vocab_size, d)["weight"]
    return params
