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
    *,
    own: bool = False,
) -> Float[Array, "strengths segments"]:
    """Mean cross-entropy (nats per predicted token) of every segment at every strength, all positions steered.

    It is that of the text's tokens or, with `own`, of the unsteered model's own distribution after the same text:
    `-sum_z p_0(z) log p_alpha(z)`, the mean divergence of the steered model from itself unsteered but for a constant.
    Segments of different lengths are padded on the right, where causality hides the padding and the mean leaves it out.
    """
    longest = max(len(segment) for segment in segments)
    bytes_each = steering.block_bytes(spec, longest, longest, strengths.dtype.itemsize)
    rows = rows_within(bytes_each, len(segments))
    chunk = rows_within(bytes_each * rows, len(strengths))
    positions = spec.max_positions if spec.positions == "learned" else None
    losses, order = [], []
    for batch in padded_batches(segments, rows, positions):
        table = in_chunks(batch_losses(spec, params, batch, vectors, own=own), chunk, strengths)
        losses.append(np.asarray(table)[: len(strengths), : len(batch.which)])
        order += batch.which
    return jnp.asarray(np.concatenate(losses, axis=1)[:, np.argsort(order)])


def batch_losses(spec: Spec, params: Params, batch: Batch, vectors: Vectors, *, own: bool = False):
    """`strengths -> losses [strengths, batch]` of one batch of segments; what precedes the steered blocks runs once."""
    inputs, targets, predicted = batch.tokens[:, :-1], batch.tokens[:, 1:], batch.lengths - 1
    first = min(vectors)
    x0 = steering.prefix(spec, params, inputs, first)
    unembedding = steering.unembedding_weights(spec, params)
    unsteered = steered_blocks(spec, params, x0, jnp.zeros(len(x0), x0.dtype), vectors) if own else None

    def losses(strengths: Float[Array, " strengths"]) -> Float[Array, "strengths batch"]:
        count = len(strengths)
        each = jnp.repeat(strengths, len(inputs))
        x = steered_blocks(spec, params, jnp.tile(x0, (count, 1, 1)), each, vectors)
        rows, counts = jnp.tile(targets, (count, 1)), jnp.tile(predicted, count)
        size = columns_within(rows.size * decoder.at_least_float32(x.dtype).itemsize, spec.vocab_size)
        if unsteered is None:
            return mean_loss(spec, size, unembedding, x, rows, counts).reshape(count, -1)
        return mean_own_loss(spec, size, unembedding, x, unsteered, counts).reshape(count, -1)

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
    return _mean_of_first(-log_probs[..., 0], predicted)


def _mean_of_first(losses: Float[Array, "rows position"], counts: Int[Array, " rows"]) -> Float[Array, " rows"]:
    real = jnp.arange(losses.shape[1]) < counts[:, None]
    total = jnp.sum(jnp.where(real, losses, 0), axis=1)
    return total / jax.lax.convert_element_type(jnp.maximum(counts, 1), total.dtype)


@partial(jax.jit, static_argnames=("spec", "size"))
def mean_own_loss(
    spec: Spec,
    size: int,
    params: Params,
    x: Float[Array, "rows position d"],
    unsteered: Float[Array, "batch position d"],
    predicted: Int[Array, " rows"],
) -> Float[Array, " rows"]:
    """Mean over a row's first `predicted` positions of `-sum_z p(z) log p_alpha(z)`.

    `x` and `unsteered` are the last block's output, of every strength in turn and without steering: `rows` are
    `strengths` times `batch`. The vocabulary goes by in slices, as in `token_log_probs`, once for the normalisers
    and once for the sum.
    """
    table, wide = decoder.unembedding(spec, params), decoder.at_least_float32(x.dtype)
    count = len(x) // len(unsteered)
    moved, still = (decoder.norm(spec, params["final_norm"], each) for each in (x, unsteered))
    starts = jnp.arange(0, spec.vocab_size, size)

    def slices(start: Int[Array, ""]) -> tuple[Array, Array]:
        first = jnp.minimum(start, spec.vocab_size - size)
        directions = jax.lax.dynamic_slice_in_dim(table, first, size)
        old = decoder.logits(spec, directions, still)
        return jnp.where(first + jnp.arange(size) < start, -jnp.inf, old), decoder.logits(spec, directions, moved)

    def add_law(sums: Array, start: Int[Array, ""]) -> tuple[Array, None]:
        old, _ = slices(start)
        return jnp.logaddexp(sums, jax.nn.logsumexp(old, axis=-1)), None

    normaliser, _ = jax.lax.scan(add_law, jnp.full(still.shape[:2], -jnp.inf, wide), starts)

    def add_slice(sums: tuple[Array, Array], start: Int[Array, ""]) -> tuple[tuple[Array, Array], None]:
        old, new = slices(start)
        repeated = jnp.isneginf(old)
        law = jnp.tile(jnp.exp(old - normaliser[..., None]), (count, 1, 1))
        total, mean = sums
        new_only = jnp.where(jnp.tile(repeated, (count, 1, 1)), -jnp.inf, new)
        return (jnp.logaddexp(total, jax.nn.logsumexp(new_only, axis=-1)), mean + jnp.sum(law * new, axis=-1)), None

    nothing = jnp.full(x.shape[:2], -jnp.inf, wide), jnp.zeros(x.shape[:2], wide)
    (total, mean), _ = jax.lax.scan(add_slice, nothing, starts)
    return _mean_of_first(total - mean, predicted)


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
