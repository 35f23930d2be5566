"""Next-token cross-entropy of segments of text under steering, without ever holding a table [positions, vocab]."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from real_models.decoding import decoder
from real_models.decoding.batching import Batch, columns_within, in_chunks, padded_batches, rows_within
from real_models.decoding.decoder import Params, Spec, of_block
from real_models.steering import steering
from real_models.steering.steering import Vectors, run_block, steer


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
        x = steer(jnp.tile(x0, (count, 1, 1)), each, vectors[first])
        for layer in range(first + 1, spec.n_layers):
            x = run_block(of_block(spec, layer), params["blocks"][layer], x)
            x = steer(x, each, vectors[layer]) if layer in vectors else x
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
    """Mean over a row's first `predicted` positions of `logsumexp(logits) - logits[target]`; 0 where there are none.

    The vocabulary goes by in slices of one `size`; the last overlaps the one before, and what it repeats is masked.
    """
    x, table = decoder.norm(spec, params["final_norm"], x), decoder.unembedding(spec, params)
    wide = decoder.at_least_float32(x.dtype)

    def add_slice(sums: tuple[Array, Array], start: Int[Array, ""]) -> tuple[tuple[Array, Array], None]:
        highest, total = sums
        first = jnp.minimum(start, spec.vocab_size - size)
        logits = decoder.logits(spec, jax.lax.dynamic_slice_in_dim(table, first, size), x)
        logits = jnp.where(first + jnp.arange(size) < start, -jnp.inf, logits)
        top = jnp.maximum(highest, logits.max(axis=-1))
        return (top, total * jnp.exp(highest - top) + jnp.exp(logits - top[..., None]).sum(axis=-1)), None

    nothing = jnp.full(targets.shape, -jnp.inf, wide), jnp.zeros(targets.shape, wide)
    (highest, total), _ = jax.lax.scan(add_slice, nothing, jnp.arange(0, spec.vocab_size, size))
    right = jnp.einsum("...d,...d->...", x, table[targets], preferred_element_type=wide)
    losses = highest + jnp.log(total) - decoder.as_logits(spec, right)
    real = jnp.arange(targets.shape[1]) < predicted[:, None]
    return jnp.sum(jnp.where(real, losses, 0), axis=1) / jax.lax.convert_element_type(jnp.maximum(predicted, 1), wide)
