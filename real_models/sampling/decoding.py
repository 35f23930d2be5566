"""A batch of texts, from their prompts to their ends, in two compiled programs: one for prompts, one for all tokens."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from real_models.decoding.decoder import Params, Spec
from real_models.sampling.cached import Cache, Place, next_logits, prompt_caches
from real_models.sampling.drawing import Drawing, divergence, draw, entropy, kept, tempered


class Prompts(NamedTuple):
    """The prompts of a batch, padded on the left, without their last tokens; and the pairs of prompt and strength."""

    tokens: Int[Array, "prompts slot"]
    padding: Bool[Array, "prompts slot"]
    prompt_of: Int[Array, " pairs"]
    strengths: Float[Array, " pairs"]


class Rows(NamedTuple):
    """The texts of a batch: which prompt, which pair, which unsteered pair; the prompt's last token and its length."""

    prompt: Int[Array, " rows"]
    pair: Int[Array, " rows"]
    unsteered: Int[Array, " rows"]
    last: Int[Array, " rows"]
    length: Int[Array, " rows"]
    strengths: Float[Array, " rows"]
    uniforms: Float[Array, "rows tokens"]


class Drawn(NamedTuple):
    """What was drawn: tokens, and what each step says of them; 0 after a text's end, where `lengths` ends."""

    tokens: Int[Array, "rows tokens"]
    log_prob: Float[Array, "rows tokens"]
    divergence: Float[Array, "rows tokens"]
    entropy: Float[Array, "rows tokens"]
    lengths: Int[Array, " rows"]


@partial(jax.jit, static_argnames=("spec", "tokens", "beside"))
def start(spec: Spec, params: Params, vectors, prompts: Prompts, rows: Rows, tokens: int, beside: bool) -> list[Cache]:
    """The caches of a batch, filled with its prompts, with room for so many tokens more."""
    caches = []
    first = min(vectors)
    for layer, cache in enumerate(prompt_caches(spec, params, *prompts, vectors)):
        halves = [rows.pair, rows.unsteered] if beside else [rows.pair]
        which = rows.prompt if layer <= first else jnp.concatenate(halves)
        caches.append(tuple(jnp.pad(one[which], ((0, 0), (0, 0), (0, tokens), (0, 0))) for one in cache))
    return caches


@partial(jax.jit, static_argnames=("spec", "drawing", "ends", "beside"))
def finish(
    spec: Spec,
    drawing: Drawing,
    ends: tuple[int, ...],
    params: Params,
    vectors,
    rows: Rows,
    caches: list[Cache],
    *,
    beside: bool,
) -> Drawn:
    """Draw tokens until every text has ended or `rows.uniforms` are used up; without `beside` divergences are NaN."""
    count, most = rows.uniforms.shape
    width = caches[0][0].shape[2] - most

    def unfinished(state) -> Bool[Array, ""]:
        return (state[0] < most) & state[2].any()

    def one_more(state):
        t, token, alive, caches, drawn = state
        place = Place(width + t, rows.length - 1 + t, width + 1 - rows.length)
        logits, caches = next_logits(spec, params, vectors, rows.strengths, token, place, caches, beside=beside)
        steered, *unsteered = jnp.split(tempered(drawing, logits), 1 + beside)
        cut = kept(drawing, steered)
        chosen = draw(drawing, cut, jax.lax.dynamic_index_in_dim(rows.uniforms, t, 1, keepdims=False))
        token = jnp.where(alive, chosen, token)
        own = jnp.take_along_axis(steered if drawing.temperature == 0 else cut, token[:, None], axis=1)[:, 0]
        nats = divergence(steered, *unsteered) if beside else jnp.full_like(own, jnp.nan)
        found = (token, *(jnp.where(alive, x, 0) for x in (own, nats, entropy(steered))))
        columns = [
            jax.lax.dynamic_update_slice_in_dim(old, new[:, None].astype(old.dtype), t, 1)
            for old, new in zip(drawn[:4], found, strict=True)
        ]
        ended = jnp.isin(token, jnp.asarray(ends, jnp.int32)) if ends else jnp.zeros(count, bool)
        return t + 1, token, alive & ~ended, caches, Drawn(*[*columns, drawn.lengths + alive])

    table = jnp.zeros((count, most), jnp.float32 if params["embed"].dtype != jnp.float64 else jnp.float64)
    nothing = Drawn(table.astype(jnp.int32), table, table, table, jnp.zeros(count, jnp.int32))
    begun = (jnp.zeros((), jnp.int32), rows.last, jnp.ones(count, bool), caches, nothing)
    return jax.lax.while_loop(unfinished, one_more, begun)[-1]
