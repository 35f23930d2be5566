"""A decoder as a function of the steering strength: `x_{l+1} <- x_{l+1} + alpha v_l` at the output of chosen blocks.

What does not depend on the strength is computed once: the blocks up to the first steered one and, where only the last
position is steered, every other position's keys and values (they never see it). What does is a batch of rows, each a
strength and the number of the vector it multiplies, and of the last block only the last query is needed.
Blocks are compiled once per shape and kind, whatever their number.
Everything here is a chain of compiled stages, so JAX differentiates it in the strengths as it stands.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Int

from real_models.decoding import decoder
from real_models.decoding.decoder import Params, Spec, of_block

Vectors = Mapping[int, Float[Array, "vectors d"]]
Residuals = Callable[[Float[Array, " rows"], Int[Array, " rows"]], Float[Array, "rows 1 d"]]
"""The last residuals of every row: of strengths, and the numbers of the vectors that they multiply."""
compiled = partial(jax.jit, static_argnames="spec")

STRENGTHS_AXIS = "strengths"
"""The axis of a mesh along which rows are divided."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Prompt:
    """One prompt, padded on the right, where causality hides the padding: `tokens` [1, position], `last` its end."""

    tokens: Int[Array, "1 position"]
    last: Int[Array, ""]


def block_bytes(spec: Spec, queries: int, keys: int, itemsize: int) -> int:
    """About how much memory one row of a batch takes while it goes through a block."""
    heads = (spec.n_heads + 2 * spec.n_kv_heads) * spec.head_dim
    return itemsize * queries * (4 * spec.d_model + 2 * heads + 3 * spec.d_ff + 3 * spec.n_heads * keys)


@jax.jit
def steer(x: Float[Array, "*#rows position d"], strengths: Float[Array, " rows"], vectors, which=None):
    """`x + alpha v` for every row, rounded once to the dtype of `x`; `which` of the vectors (default: the only one)."""
    chosen = vectors if which is None else vectors[which]
    return (x + strengths[:, None, None] * chosen[:, None]).astype(x.dtype)


def residuals_all(spec: Spec, params: Params, prompt: Prompt, x0: Array, vectors: Vectors) -> Residuals:
    """`(strengths, which) -> last residuals [rows, 1, d]` at the prompt's end, every position steered.

    `x0` is the first steered block's output, unsteered (`prefix`).
    """
    first = min(vectors)
    x0 = x0 if first < spec.n_layers - 1 else row(x0, prompt.last)

    def residuals(strengths: Float[Array, " rows"], which: Int[Array, " rows"]) -> Float[Array, "rows 1 d"]:
        x = steer(x0, strengths, vectors[first], which)
        for layer in range(first + 1, spec.n_layers):
            own, weights = of_block(spec, layer), params["blocks"][layer]
            last_block = layer == spec.n_layers - 1
            x = run_last_query(own, weights, x, prompt.last) if last_block else run_block(own, weights, x)
            x = steer(x, strengths, vectors[layer], which) if layer in vectors else x
        return x

    return residuals


def residuals_last(spec: Spec, params: Params, prompt: Prompt, x0: Array, vectors: Vectors) -> Residuals:
    """The same where only that last position is steered."""
    first = min(vectors)
    end0 = row(x0, prompt.last)
    caches = {}
    for layer in range(first + 1, spec.n_layers):
        own, weights = of_block(spec, layer), params["blocks"][layer]
        if layer < spec.n_layers - 1:
            caches[layer], x0 = run_cache(own, weights, x0)
        else:
            caches[layer] = run_keys_values(own, weights, x0)

    def residuals(strengths: Float[Array, " rows"], which: Int[Array, " rows"]) -> Float[Array, "rows 1 d"]:
        x = steer(end0, strengths, vectors[first], which)
        for layer, cache in caches.items():
            x = run_step(of_block(spec, layer), params["blocks"][layer], x, cache, prompt.last)
            x = steer(x, strengths, vectors[layer], which) if layer in vectors else x
        return x

    return residuals


def residuals_of(positions: str) -> Callable[[Spec, Params, Prompt, Array, Vectors], Residuals]:
    """The one of the two functions above that steers these positions."""
    if positions not in ("all", "last"):
        raise ValueError(f"positions is {positions!r}, expected 'all' or 'last'")
    return residuals_all if positions == "all" else residuals_last


def split(function: Callable, mesh: Mesh) -> Callable:
    """The function with its rows divided among the devices along the axis of strengths."""
    rows = NamedSharding(mesh, PartitionSpec(STRENGTHS_AXIS))
    return lambda *columns: function(*jax.device_put(columns, rows))


def prefix(spec: Spec, params: Params, tokens: Int[Array, "batch position"], layer: int):
    """The output of block `layer`, `[batch, position, d]`, unsteered."""
    x = run_embed(spec, embedding_weights(params), tokens)
    for number, weights in enumerate(params["blocks"][: layer + 1]):
        x = run_block(of_block(spec, number), weights, x)
    return x


def steered_blocks(
    spec: Spec,
    params: Params,
    x0: Float[Array, "*#rows position d"],
    strengths: Float[Array, " rows"],
    vectors: Vectors,
) -> Float[Array, "rows position d"]:
    """The last block's output of every row, every position steered, from that of the first steered block, unsteered."""
    first = min(vectors)
    x = steer(x0, strengths, vectors[first])
    for layer in range(first + 1, spec.n_layers):
        x = run_block(of_block(spec, layer), params["blocks"][layer], x)
        x = steer(x, strengths, vectors[layer]) if layer in vectors else x
    return x


def embedding_weights(params: Params) -> Params:
    """The parameters that turn tokens into the first residuals."""
    return {name: params[name] for name in ("embed", "positions") if name in params}


def unembedding_weights(spec: Spec, params: Params) -> Params:
    """The parameters that turn the last block's output into logits."""
    name = "embed" if spec.tied else "unembed"
    return {"final_norm": params["final_norm"], name: params[name]}


@jax.jit
def row(x: Float[Array, "batch position d"], index: Int[Array, ""]) -> Float[Array, "batch 1 d"]:
    """One position of every sequence."""
    return jax.lax.dynamic_slice_in_dim(x, index, 1, axis=1)


def layout(n: int):
    """No padding, and positions, of right-padded sequences of length `n`: causality hides what is on the right.

    Both are constants of whatever is being compiled.
    """
    with jax.ensure_compile_time_eval():
        unpadded = jnp.ones((1, n), bool)
        return unpadded, decoder.position_ids(unpadded)


@compiled
def run_embed(spec: Spec, params: Params, tokens):
    """Residuals before the first block, `[batch, position, d]`, of token ids `[batch, position]` without padding."""
    return decoder.embed(spec, params, tokens, layout(tokens.shape[1])[1])


@compiled
def run_block(spec: Spec, weights: Params, x):
    """One block's output, `[batch, position, d]`, from its input of that shape, without padding."""
    return decoder.block(spec, weights, x, *layout(x.shape[1]))


@compiled
def run_last_query(spec: Spec, weights: Params, x, last):
    """The block's output at position `last` alone, `[batch, 1, d]`."""
    padding, positions = layout(x.shape[1])
    normed = decoder.normed_if(spec, weights, "attn_norm", x)
    k, v = decoder.keys_values(spec, weights, normed, positions)
    q = decoder.queries(spec, weights, row(normed, last), last[None, None])
    mask = row(decoder.causal_mask(padding, spec.window), last)
    return decoder.add_sublayers(spec, weights, row(x, last), decoder.attend(spec, weights, q, k, v, mask))


@compiled
def run_keys_values(spec: Spec, weights: Params, x):
    """The block's keys and values."""
    normed = decoder.normed_if(spec, weights, "attn_norm", x)
    return decoder.keys_values(spec, weights, normed, layout(x.shape[1])[1])


@compiled
def run_cache(spec: Spec, weights: Params, x):
    """The block's keys and values beside its output; compiled together, they are computed once."""
    return run_keys_values(spec, weights, x), run_block(spec, weights, x)


@compiled
def run_step(spec: Spec, weights: Params, x: Float[Array, "strengths 1 d"], cache, last):
    """The block at position `last`: its own key and value replace those of the cache, which the strengths share."""
    keys, values = cache[0][0], cache[1][0]
    position = jnp.arange(keys.shape[0])
    normed = decoder.normed_if(spec, weights, "attn_norm", x)
    q = decoder.queries(spec, weights, normed, last[None, None])
    own_key, own_value = decoder.keys_values(spec, weights, normed, last[None, None])
    products = jnp.where(
        position == last, jnp.einsum("bqhgk,bqhk->bhgq", q, own_key)[..., None], jnp.einsum("bqhgk,shk->bhgqs", q, keys)
    )
    seen = row(decoder.causal_mask(layout(keys.shape[0])[0], spec.window), last)[0, 0]
    share = decoder.shares(spec, products, seen)
    mixed = jnp.einsum("bhgqs,shk->bqhgk", jnp.where(position < last, share, 0), values)
    mixed += jnp.einsum("bhgq,bqhk->bqhgk", jax.lax.dynamic_index_in_dim(share, last, -1, keepdims=False), own_value)
    attended = decoder.linear(weights["o"], mixed.reshape(*x.shape[:2], -1))
    return decoder.add_sublayers(spec, weights, x, attended)


@compiled
def final_normed(spec: Spec, params: Params, x: Float[Array, "batch 1 d"]) -> Float[Array, "batch d"]:
    """The last position's residuals after the final normalisation."""
    return decoder.norm(spec, params["final_norm"], x[:, 0])


@compiled
def final_logits(spec: Spec, params: Params, x: Float[Array, "batch 1 d"]) -> Float[Array, "batch vocab"]:
    """Logits of the last position's residuals: final normalisation and unembedding."""
    return decoder.unembed(spec, params, x[:, 0])


@compiled
def final_slopes(
    spec: Spec, params: Params, x: Float[Array, "batch 1 d"], slopes: Float[Array, "batch 1 d"]
) -> Float[Array, "batch vocab"]:
    """Derivative of `final_logits` where residuals move at these slopes; the logits themselves are not computed."""
    return jax.jvp(lambda moved: decoder.unembed(spec, params, moved[:, 0]), (x,), (slopes,))[1]
