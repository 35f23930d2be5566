"""Next-token cross-entropy of blocks of text under steering, without ever holding a table [positions, vocab]."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from real_models import decoder, steering
from real_models.batching import in_chunks, rows_within
from real_models.decoder import Params, Spec, of_block
from real_models.steering import Vectors, run_block, steer


def block_losses(
    spec: Spec,
    params: Params,
    blocks: Int[np.ndarray, "blocks position"],
    strengths: Float[np.ndarray, " strengths"],
    vectors: Vectors,
) -> Float[Array, "strengths blocks"]:
    """Mean cross-entropy (nats per predicted token) of every block at every strength, all positions steered."""
    inputs, targets = blocks[:, :-1], blocks[:, 1:]
    bytes_each = steering.block_bytes(spec, inputs.shape[1], inputs.shape[1], strengths.dtype.itemsize)
    batch = rows_within(bytes_each, len(blocks))
    chunk = rows_within(bytes_each * batch, len(strengths))
    losses = []
    for start in range(0, len(blocks), batch):
        rows = np.arange(start, start + batch) % len(blocks)  # the last batch is filled up from the front
        function = batch_losses(spec, params, jnp.asarray(inputs[rows]), jnp.asarray(targets[rows]), vectors)
        losses.append(in_chunks(function, chunk, strengths))
    return jnp.concatenate(losses, axis=1)[:, : len(blocks)]


def batch_losses(spec: Spec, params: Params, inputs: Int[Array, "batch position"], targets, vectors: Vectors):
    """`strengths -> losses [strengths, batch]` of one batch of blocks; the blocks up to the first steered run once."""
    first = min(vectors)
    x0 = steering.prefix(spec, params, inputs, first)
    unembedding = steering.unembedding_weights(spec, params)

    def losses(strengths: Float[Array, " strengths"]) -> Float[Array, "strengths batch"]:
        each = jnp.repeat(strengths, len(inputs))
        x = steer(jnp.tile(x0, (len(strengths), 1, 1)), each, vectors[first])
        for layer in range(first + 1, spec.n_layers):
            x = run_block(of_block(spec, layer), params["blocks"][layer], x)
            x = steer(x, each, vectors[layer]) if layer in vectors else x
        return mean_loss(spec, unembedding, x, jnp.tile(targets, (len(strengths), 1))).reshape(len(strengths), -1)

    return losses


@steering.compiled
def mean_loss(
    spec: Spec, params: Params, x: Float[Array, "rows position d"], targets: Int[Array, "rows position"]
) -> Float[Array, " rows"]:
    """Mean over positions of `logsumexp(logits) - logits[target]`, a bounded number of positions at a time."""
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
    return each.reshape(targets.shape).mean(axis=1)
