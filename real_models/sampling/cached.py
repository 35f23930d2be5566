"""One token more for many texts at once: a decoder with a cache of keys and values, steered and unsteered side by side.

A text is a row. Prompts are padded on the left, so that all rows write their next keys and values at the same slot.
Blocks up to the first steered one see tokens alone, and run once a row; from there on there are two halves, the rows
steered and, beside them, the same rows unsteered, which read the same tokens: they give each step's divergence exactly.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from real_models.decoding import decoder
from real_models.decoding.decoder import Params, Spec, of_block
from real_models.steering.steering import steer

Vector = Float[Array, "1 d"]
Cache = tuple[Float[Array, "rows heads slot k"], Float[Array, "rows heads slot k"]]
"""Keys and values of one block."""


class Place(NamedTuple):
    """Where the next token of each row is: its slot, its position in its own text, and the first slot of that text."""

    slot: Int[Array, ""]
    position: Int[Array, " rows"]
    start: Int[Array, " rows"]


def prompt_caches(
    spec: Spec,
    params: Params,
    tokens: Int[Array, "prompts slot"],
    padding: Bool[Array, "prompts slot"],
    prompt_of: Int[Array, " pairs"],
    strengths: Float[Array, " pairs"],
    vectors: Mapping[int, Vector],
) -> list[Cache]:
    """Keys and values of every block over the prompts, a row a prompt up to the first steered block, then a pair.

    A pair is a prompt and a strength; `padding` is True at real tokens.
    """
    positions, first = decoder.position_ids(padding), min(vectors)
    x = decoder.embed(spec, params, tokens, positions)
    caches = []
    for layer, weights in enumerate(params["blocks"]):
        own = of_block(spec, layer)
        normed = decoder.normed_if(own, weights, "attn_norm", x)
        k, v = decoder.keys_values(own, weights, normed, positions)
        caches.append((k.swapaxes(1, 2), v.swapaxes(1, 2)))
        if layer == spec.n_layers - 1:
            break  # nobody reads its output
        q, mask = decoder.queries(own, weights, normed, positions), decoder.causal_mask(padding, own.window)
        x = decoder.add_sublayers(own, weights, x, decoder.attend(own, weights, q, k, v, mask))
        if layer == first:
            x, padding, positions = x[prompt_of], padding[prompt_of], positions[prompt_of]
        if layer in vectors:
            x = steer(x, strengths, vectors[layer])
    return caches


def next_logits(
    spec: Spec,
    params: Params,
    vectors: Mapping[int, Vector],
    strengths: Float[Array, " rows"],
    tokens: Int[Array, " rows"],
    place: Place,
    caches: list[Cache],
    *,
    beside: bool,
) -> tuple[Float[Array, "halves*rows vocab"], list[Cache]]:
    """Logits after one more token of every row, those of the steered rows first; and the caches with that token.

    Unsteered rows follow if they go `beside`.
    """
    first, both = min(vectors), jnp.concatenate([strengths, jnp.zeros_like(strengths)]) if beside else strengths
    x, written = decoder.embed(spec, params, tokens[:, None], place.position[:, None]), []
    for layer, weights in enumerate(params["blocks"]):
        x, cache = cached_block(of_block(spec, layer), weights, x, place, caches[layer])
        written.append(cache)
        if layer == first and beside:
            x, place = jnp.concatenate([x, x]), Place(place.slot, *(jnp.concatenate([a, a]) for a in place[1:]))
        if layer in vectors:
            x = steer(x, both, vectors[layer])
    return decoder.unembed(spec, params, x[:, 0]), written


def cached_block(spec: Spec, weights: Params, x: Float[Array, "rows 1 d"], place: Place, cache: Cache):
    """The block's output at the next position of every row, and its cache with that position's key and value."""
    positions = place.position[:, None]
    normed = decoder.normed_if(spec, weights, "attn_norm", x)
    q = decoder.queries(spec, weights, normed, positions)[:, 0]
    own = (one.swapaxes(1, 2) for one in decoder.keys_values(spec, weights, normed, positions))
    keys, values = (
        jax.lax.dynamic_update_slice_in_dim(c, new, place.slot, 2) for c, new in zip(cache, own, strict=True)
    )
    slots = jnp.arange(keys.shape[2])
    seen = (slots >= place.start[:, None]) & (slots <= place.slot)
    if spec.window is not None:
        seen &= slots > place.slot - spec.window
    share = decoder.shares(spec, jnp.einsum("bhgk,bhsk->bhgs", q, keys), seen[:, None, None])
    mixed = jnp.einsum("bhgs,bhsk->bhgk", share, values).reshape(*x.shape[:2], -1)
    return decoder.add_sublayers(spec, weights, x, decoder.linear(weights["o"], mixed)), (keys, values)
