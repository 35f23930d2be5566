"""Next-token cross-entropy of blocks of text under steering, without ever holding a table [positions, vocab]."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from real_models import decoder, steering
from real_models.batching import Batch, in_chunks, padded_batches, rows_within
from real_models.decoder import Params, Spec, of_block
from real_models.steering import Vectors, run_block, steer


def block_losses(
    spec: Spec,
    params: Params,
    blocks: Sequence[Sequence[int]],
    strengths: Float[np.ndarray, " strengths"],
    vectors: Vectors,
) -> Float[Array, "strengths blocks"]:
    """Mean cross-entropy (nats per predicted token) of every block at every strength, all positions steered.

    Blocks of different lengths are padded on the right, where causality hides the padding and the mean leaves it out.
    """
    longest = max(len(block) for block in blocks)
    bytes_each = steering.block_bytes(spec, longest, longest, strengths.dtype.itemsize)
    rows = rows_within(bytes_each, len(blocks))
    chunk = rows_within(bytes_each * rows, len(strengths))
    positions = spec.max_positions if spec.positions == "learned" else None
    losses, order = [], []
    for batch in padded_batches(blocks, rows, positions):
        table = in_chunks(batch_losses(spec, params, batch, vectors), chunk, strengths)
        losses.append(np.asarray(table)[:, : len(batch.which)])
        order += batch.which
    return jnp.asarray(np.concatenate(losses, axis=1)[:, np.argsort(order)])


def batch_losses(spec: Spec, params: Params, batch: Batch, vectors: Vectors):
    """`strengths -> losses [strengths, batch]` of one batch of blocks; what precedes the steered blocks runs once."""
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
        means = mean_loss(spec, unembedding, x, jnp.tile(targets, (count, 1)), jnp.tile(predicted, count))
        return means.reshape(count, -1)

    return losses


@steering.compiled
def mean_loss(
    spec: Spec,
    params: Params,
    x: Float[Array, "rows position d"],
    targets: Int[Array, "rows position"],
    predicted: Int[Array, " rows"],
) -> Float[Array, " rows"]:
    """Mean over a row's first `predicted` positions of `logsumexp(logits) - logits[target]`; 0 where there are none.

    A bounded number of positions is unembedded at a time.
    """
    count = targets.size
    at_once = rows_within(4 * spec.vocab_size * decoder.at_least_float32(x.dtype).itemsize, count)

    def losses(part):
        logits = decoder.unembed(spec, params, part[0])
        return jax.nn.logsumexp(logits, axis=-1) - jnp.take_along_axis(logits, part[1][:, None], axis=-1)[:, 0]

    def parts(array):
        flat = array.reshape(count, *array.shape[2:])
        padded = jnp.pad(flat, [(0, -count % at_once)] + [(0, 0)] * (flat.ndim - 1))
        return padded.reshape(-1, at_once, *flat.shape[1:])

    each = jax.lax.map(losses, (parts(x), parts(targets))).reshape(-1)[:count]
    real = jnp.arange(targets.shape[1]) < predicted[:, None]
    total = jnp.sum(jnp.where(real, each.reshape(targets.shape), 0), axis=1)
    return total / jax.lax.convert_element_type(jnp.maximum(predicted, 1), total.dtype)
