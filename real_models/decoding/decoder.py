"""One decoder-only transformer, as plain functions of a static `Spec` and a dictionary of arrays.

    x_0     = embed(tokens) [scaled] [+ learned positions]
    x_{l+1} = y_l + s [norm] MLP_l([norm] y_l),    y_l = x_l + s [norm] Attention_l([norm] x_l)   l = 0 .. n_layers - 1
    logits  = norm(x_{n_layers}) U^T [/ divisor]

The output of block `l` (0-based) is `x_{l+1}`: the place where steering adds `alpha v`.
Weights are stored [in, out] and applied as `x @ w`; the unembedding is [vocab, d]. What a family lacks (a bias, a gate,
a norm of queries and keys, a norm before or after a sublayer) is simply absent from its weights.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

Params = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RopeScaling:
    """Rotary frequencies divided by `factor`: all of them or, where `band` is given, only the slow ones (Llama 3).

    `band` is `(original, low, high)`: waves shorter than `original / high` positions are kept, those longer than
    `original / low` divided, and `1 / wavelength` decides linearly in between.
    """

    factor: float
    band: tuple[float, float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Everything static about a decoder: sizes, and which of the few known variants it uses.

    `local` are the blocks whose queries see only the last `window` keys, themselves included; their rotary base is
    `local_theta`, unscaled, where that is given. Attention scores are divided by the root of `score_width` (default:
    `head_dim`), logits by `logit_divisor`; a `logit_cap` c turns logits s into `c tanh(s / c)`. What a sublayer writes
    is multiplied by `residual_scale`. `pre_norm` says that every sublayer reads a normalised input.
    """

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
    rope_scaling: RopeScaling | None = None
    window: int | None = None
    local: tuple[int, ...] = ()
    local_theta: float | None = None
    pre_norm: bool = True
    embed_scale: float = 1.0
    residual_scale: float = 1.0
    score_width: float | None = None
    logit_divisor: float = 1.0
    logit_cap: float | None = None
    tied: bool


@cache
def of_block(spec: Spec, layer: int) -> Spec:
    """The spec as one block sees it: its own window and rotation. Blocks alike share it, and so are compiled once."""
    if layer not in spec.local:
        return replace(spec, local=(), local_theta=None, window=None)
    if spec.local_theta is None:
        return replace(spec, local=())
    return replace(spec, local=(), local_theta=None, rope_theta=spec.local_theta, rope_scaling=None)


def at_least_float32(dtype: Any) -> Any:
    """The dtype in which norms, softmax and logits are computed: half precision would lose them."""
    return jnp.promote_types(dtype, jnp.float32)


def norm(spec: Spec, weights: Params, x: Float[Array, "*rows d"]) -> Float[Array, "*rows d"]:
    """RMSNorm `w x / sqrt(mean x^2 + eps)`, or LayerNorm `w (x - mean) / sqrt(var + eps) + b`, in float32 at least.

    RMSNorm multiplies by `w` in the dtype of `w`, which Gemma keeps wider than its half-precision activations;
    LayerNorm is rounded once, at its end.
    """
    wide = x.astype(at_least_float32(x.dtype))
    if spec.norm == "layer":
        wide = wide - jnp.mean(wide, axis=-1, keepdims=True)
    y = wide * jax.lax.rsqrt(jnp.mean(wide * wide, axis=-1, keepdims=True) + spec.norm_eps)
    y = weights["weight"] * (y.astype(weights["weight"].dtype) if spec.norm == "rms" else y)
    return (y + weights["bias"] if "bias" in weights else y).astype(x.dtype)


def linear(weights: Params, x: Float[Array, "*rows n_in"]) -> Float[Array, "*rows n_out"]:
    """`x w + b`; a layer without a bias simply has no `bias`."""
    y = x @ weights["weight"]
    return y + weights["bias"] if "bias" in weights else y


def frequencies(spec: Spec) -> Float[Array, " half"]:
    """Radians per position of each rotated pair: `theta^(-2 i / k)`, slowed down where the spec says so; float32."""
    half = spec.head_dim // 2
    frequency = spec.rope_theta ** (-jnp.arange(half, dtype=jnp.float32) / half)
    if spec.rope_scaling is None:
        return frequency
    slowed = frequency / spec.rope_scaling.factor
    if spec.rope_scaling.band is None:
        return slowed
    original, low, high = spec.rope_scaling.band
    kept = jnp.clip((original * frequency / (2 * jnp.pi) - low) / (high - low), 0, 1)
    return kept * frequency + (1 - kept) * slowed


def rotate(spec: Spec, x: Float[Array, "batch position heads k"], positions: Int[Array, "batch position"]):
    """Rotary position embedding: rotate the pairs `(x_i, x_{i + k/2})` by `position * frequency_i`.

    Of positions known when this is compiled the cosines are constants; XLA would take them anew for every row and head.
    """
    half = x.shape[-1] // 2
    with jax.ensure_compile_time_eval():
        angle = positions[..., None].astype(jnp.float32) * frequencies(spec)
        cos, sin = (f(angle)[:, :, None, :].astype(x.dtype) for f in (jnp.cos, jnp.sin))
    a, b = x[..., :half], x[..., half:]
    return jnp.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def causal_mask(padding: Bool[Array, "batch position"], window: int | None = None) -> Bool[Array, "batch query key"]:
    """Which keys a query sees: itself and earlier ones (the last `window` of them) that are no padding."""
    n = padding.shape[1]
    seen = jnp.tril(jnp.ones((n, n), bool))
    seen = seen if window is None else jnp.triu(seen, 1 - window)
    return seen[None] & padding[:, None, :]


def position_ids(padding: Bool[Array, "batch position"]) -> Int[Array, "batch position"]:
    """Positions count real tokens from 0, so that left padding does not move them."""
    return jnp.clip(jnp.cumsum(padding, axis=1) - 1, 0)


def embed(spec: Spec, params: Params, tokens: Int[Array, "batch position"], positions: Int[Array, "batch position"]):
    """The residual stream before the first block, `[batch, position, d]`."""
    x = params["embed"][tokens]
    x = x if spec.embed_scale == 1.0 else x * jnp.asarray(spec.embed_scale, x.dtype)
    return x + params["positions"][positions] if spec.positions == "learned" else x


def heads(spec: Spec, weights: Params, name: str, x: Float[Array, "batch position d"], positions):
    """Queries ("q") or keys ("k") `[batch, position, heads, head_dim]`, rotated.

    Where the family norms them it is one by one or, as the norm's width tells, all heads at once.
    """
    projected = linear(weights[name], x)
    by_head = (*x.shape[:2], -1, spec.head_dim)
    if f"{name}_norm" in weights:
        own = weights[f"{name}_norm"]["weight"].shape[-1] == spec.head_dim
        projected = norm(spec, weights[f"{name}_norm"], projected.reshape(by_head) if own else projected)
    projected = projected.reshape(by_head)
    return rotate(spec, projected, positions) if spec.positions == "rope" else projected


def queries(spec: Spec, weights: Params, x: Float[Array, "batch position d"], positions):
    """Queries `[batch, position, kv_heads, group, head_dim]`: the heads that share one key are a group."""
    q = heads(spec, weights, "q", x, positions)
    return q.reshape(*x.shape[:2], spec.n_kv_heads, spec.n_heads // spec.n_kv_heads, spec.head_dim)


def keys_values(spec: Spec, weights: Params, x: Float[Array, "batch position d"], positions):
    """Keys, and values, each `[batch, position, kv_heads, head_dim]`."""
    v = linear(weights["v"], x).reshape(*x.shape[:2], spec.n_kv_heads, spec.head_dim)
    return heads(spec, weights, "k", x, positions), v


def attend(spec: Spec, weights: Params, q, k, v, mask: Bool[Array, "batch query key"]):
    """`softmax(q k / sqrt(width)) v` over the keys each query sees, mixed by the output projection."""
    share = shares(spec, jnp.einsum("bqhgk,bshk->bhgqs", q, k), mask[:, None, None])
    mixed = jnp.einsum("bhgqs,bshk->bqhgk", share, v)
    return linear(weights["o"], mixed.reshape(*q.shape[:2], spec.n_heads * spec.head_dim))


def shares(spec: Spec, products: Float[Array, "*rows key"], mask: Bool[Array, "*#rows key"]):
    """Softmax of the scaled products of queries and keys, over the keys that the mask shows."""
    scores = products * (spec.score_width or spec.head_dim) ** -0.5
    return softmax(jnp.where(mask, scores, jnp.finfo(scores.dtype).min))


def softmax(scores: Float[Array, "*rows key"]) -> Float[Array, "*rows key"]:
    """Softmax over the last axis, in float32 at least, returned in the scores' own dtype."""
    return jax.nn.softmax(scores.astype(at_least_float32(scores.dtype)), axis=-1).astype(scores.dtype)


def mlp(spec: Spec, weights: Params, x):
    """Gated `down(act(gate x) * up x)` where the weights have a gate, else `down(act(up x))`."""
    act = jax.nn.silu if spec.activation == "silu" else jax.nn.gelu
    up = linear(weights["up"], x)
    hidden = act(linear(weights["gate"], x)) * up if "gate" in weights else act(up)
    return linear(weights["down"], hidden)


def block(spec: Spec, weights: Params, x: Float[Array, "batch position d"], padding, positions):
    """One block: `x_l -> x_{l+1}`. `spec` is the block's own (`of_block`)."""
    normed = normed_if(spec, weights, "attn_norm", x)
    k, v = keys_values(spec, weights, normed, positions)
    mask = causal_mask(padding, spec.window)
    return add_sublayers(spec, weights, x, attend(spec, weights, queries(spec, weights, normed, positions), k, v, mask))


def add_sublayers(spec: Spec, weights: Params, x: Float[Array, "batch position d"], attended):
    """The block's output, given what its attention wrote: `y + s MLP(norm(y))`, `y = x + s attended`."""
    y = x + scaled(spec, normed_if(spec, weights, "attn_post_norm", attended))
    written = mlp(spec, weights, normed_if(spec, weights, "mlp_norm", y))
    return y + scaled(spec, normed_if(spec, weights, "mlp_post_norm", written))


def normed_if(spec: Spec, weights: Params, name: str, x: Float[Array, "*rows d"]) -> Float[Array, "*rows d"]:
    """What a sublayer reads or writes, normed where the family has a norm of that name."""
    return norm(spec, weights[name], x) if name in weights else x


def scaled(spec: Spec, written: Float[Array, "*rows d"]) -> Float[Array, "*rows d"]:
    """What a sublayer adds to the residual stream, given what it wrote."""
    return written if spec.residual_scale == 1.0 else written * spec.residual_scale


def unembed(spec: Spec, params: Params, x: Float[Array, "*rows d"]) -> Float[Array, "*rows vocab"]:
    """Logits from the last block's output: final norm, the (tied) unembedding, the cap."""
    return logits(spec, unembedding(spec, params), norm(spec, params["final_norm"], x))


def logits(spec: Spec, table: Float[Array, "tokens d"], x: Float[Array, "*rows d"]) -> Float[Array, "*rows tokens"]:
    """Logits of the tokens whose directions these are, from normed residuals, in float32 at least."""
    products = jnp.einsum("...d,vd->...v", x, table, preferred_element_type=at_least_float32(x.dtype))
    return as_logits(spec, products)


def as_logits(spec: Spec, products: Float[Array, "*rows"]) -> Float[Array, "*rows"]:
    """Logits from products of residuals and directions: `s / divisor`, then `c tanh(s / c)` where there is a cap c."""
    logits = products if spec.logit_divisor == 1.0 else products / spec.logit_divisor
    return logits if spec.logit_cap is None else spec.logit_cap * jnp.tanh(logits / spec.logit_cap)


def unembedding(spec: Spec, params: Params) -> Float[Array, "vocab d"]:
    """The matrix of token directions; the embedding itself where the two are tied."""
    return params["embed"] if spec.tied else params["unembed"]


def forward(spec: Spec, params: Params, tokens: Int[Array, "batch position"], padding=None):
    """Logits `[batch, position, vocab]`; `padding` is True at real tokens (default: everywhere)."""
    padding = jnp.ones(tokens.shape, bool) if padding is None else padding
    positions = position_ids(padding)
    x = embed(spec, params, tokens, positions)
    for layer, weights in enumerate(params["blocks"]):
        x = block(of_block(spec, layer), weights, x, padding, positions)
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
