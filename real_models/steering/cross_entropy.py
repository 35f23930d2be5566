"""Next-token cross-entropy of segments of text under steering, without ever holding a table [positions, vocab]."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from real_models.decoding import decoder
from real_models.decoding.batching import Batch, columns_within, in_chunks, padded_batches, rows_within
from real_models.decoding.decoder import Params, Spec
from real_models.steering import steering
from real_models.steering.steering import Vectors, steered_blocks


def segment_losses(
    spec: Spec,
    params: Params,
    segments: Sequence[Sequence[int]],
    strengths: Float[np.ndarray, " strengths"],
    vectors: Vectors,
) -> Float[Array, "strengths segments"]:
    """Mean cross-entropy (nats per predicted token) of every segment at every strength, all positions steered.

    Segments of different lengths are padded on the right, where causality hides the padding and the mean leaves it out.
    """
    longest = max(len(segment) for segment in segments)
    bytes_each = steering.block_bytes(spec, longest, longest, strengths.dtype.itemsize)
    rows = rows_within(bytes_each, len(segments))
    chunk = rows_within(bytes_each * rows, len(strengths))
    positions = spec.max_positions if spec.positions == "learned" else None
    losses, order = [], []
    for batch in padded_batches(segments, rows, positions):
        table = in_chunks(batch_losses(spec, params, batch, vectors), chunk, strengths)
        losses.append(np.asarray(table)[: len(strengths), : len(batch.which)])
        order += batch.which
    return jnp.asarray(np.concatenate(losses, axis=1)[:, np.argsort(order)])


def batch_losses(spec: Spec, params: Params, batch: Batch, vectors: Vectors):
    """`strengths -> losses [strengths, batch]` of one batch of segments; what precedes the steered blocks runs once."""
    inputs, targets, predicted = batch.tokens[:, :-1], batch.tokens[:, 1:], batch.lengths - 1
    first = min(vectors)
    x0 = steering.prefix(spec, params, inputs, first)
    unembedding = steering.unembedding_weights(spec, params)

    def losses(strengths: Float[Array, " strengths"]) -> Float[Array, "strengths batch"]:
        count = len(strengths)
        each = jnp.repeat(strengths, len(inputs))
        x = steered_blocks(spec, params, jnp.tile(x0, (count, 1, 1)), each, vectors)
        rows = jnp.tile(targets, (count, 1))
        size = columns_within(rows.size * decoder.at_least_float32(x.dtype).itemsize, spec.vocab_size)
        means = mean_loss(spec, size, unembedding, x, rows, jnp.tile(predicted, count))
        return means.reshape(count, -1)

    return losses


@partial(jax.jit, static_argnames=("spec", "size"))
def mean_loss(
    spec: Spec,
    size: int,
    params: Params,
    x: Float[Array, "rows position d"],
    targets: Int[Array, "rows position"],
    predicted: Int[Array, " rows"],
) -> Float[Array, " rows"]:
    """Mean over a row's first `predicted` positions of `-log p(target)`; 0 where there are none."""
    log_probs, _ = token_log_probs(spec, size, params, x, targets[..., None])
    real = jnp.arange(targets.shape[1]) < predicted[:, None]
    total = jnp.sum(jnp.where(real, -log_probs[..., 0], 0), axis=1)
    return total / jax.lax.convert_element_type(jnp.maximum(predicted, 1), total.dtype)


@partial(jax.jit, static_argnames=("spec", "size"))
def token_log_probs(
    spec: Spec,
    size: int,
    params: Params,
    x: Float[Array, "rows position d"],
    targets: Int[Array, "rows position choice"],
) -> tuple[Float[Array, "rows position choice"], Bool[Array, "rows position choice"]]:
    """`logits[target] - logsumexp(logits)`, and whether no token is likelier, of the last block's output `x`.

    The vocabulary goes by in slices of one `size`; the last overlaps the one before, and what it repeats is masked.
    """
    x, table = decoder.norm(spec, params["final_norm"], x), decoder.unembedding(spec, params)
    wide = decoder.at_least_float32(x.dtype)

    def add_slice(sums: tuple[Array, ...], start: Int[Array, ""]) -> tuple[tuple[Array, ...], None]:
        highest, total, own = sums
        first = jnp.minimum(start, spec.vocab_size - size)
        logits = decoder.logits(spec, jax.lax.dynamic_slice_in_dim(table, first, size), x)
        here = (targets >= first) & (targets < first + size)
        own = jnp.where(here, jnp.take_along_axis(logits, jnp.clip(targets - first, 0, size - 1), axis=-1), own)
        logits = jnp.where(first + jnp.arange(size) < start, -jnp.inf, logits)
        top = jnp.maximum(highest, logits.max(axis=-1))
        total = total * jnp.exp(highest - top) + jnp.exp(logits - top[..., None]).sum(axis=-1)
        return (top, total, own), None

    nothing = (
        jnp.full(targets.shape[:2], -jnp.inf, wide),
        jnp.zeros(targets.shape[:2], wide),
        jnp.zeros(targets.shape, wide),
    )
    (highest, total, own), _ = jax.lax.scan(add_slice, nothing, jnp.arange(0, spec.vocab_size, size))
    return own - (highest + jnp.log(total))[..., None], own >= highest[..., None]
