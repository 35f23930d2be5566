"""Shapes and sizes: lengths rounded up so that few are compiled, batches cut so that they fit a memory bound."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

MEMORY_BOUND = (
    32 * 2**20
)  # bytes of activations at a time; larger batches are no faster on a CPU, smaller ones are slower


def bucket(length: int) -> int:
    """The padded length of a sequence: the next multiple of 8, or of an eighth of its size once that is more."""
    step = max(8, 2 ** (max(length - 1, 1).bit_length() - 3))
    return -(-length // step) * step


def rows_within(bytes_each: int, rows: int) -> int:
    """How many of `rows` to take at a time: as many as fit the bound, in parts of nearly equal size, at least one."""
    parts = -(-rows // max(1, MEMORY_BOUND // bytes_each))
    return -(-rows // parts)


def in_chunks(
    function: Callable[[Float[Array, " chunk"]], Array], strengths: Float[np.ndarray, " strengths"], chunk: int
) -> Array:
    """`function` over the strengths, `chunk` at a time, stacked; the last is filled up: every call has one shape."""
    count = len(strengths)
    filled = np.pad(strengths, (0, -count % chunk), mode="edge")
    parts = [function(jnp.asarray(filled[start : start + chunk])) for start in range(0, len(filled), chunk)]
    stacked = parts[0] if len(parts) == 1 else jnp.concatenate(parts)
    return stacked if len(filled) == count else stacked[:count]


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Sequences padded on the right to one length: `tokens` [batch, position] and how many of each are real.

    The first `count` rows are sequences; the others fill the batch up to the common shape.
    """

    tokens: Int[Array, "batch position"]
    lengths: Int[Array, " batch"]
    count: int


def padded_batches(sequences: Sequence[Sequence[int]], rows: int, longest: int | None = None) -> Iterator[Batch]:
    """The sequences in batches of `rows`, sorted by length so that little is padding; `longest` caps the padding."""
    by_length = sorted(sequences, key=len)
    for start in range(0, len(by_length), rows):
        group = by_length[start : start + rows]
        width = bucket(len(group[-1]))
        tokens = np.zeros((rows, width if longest is None else min(width, longest)), np.int32)
        lengths = np.ones(rows, np.int32)
        for i, sequence in enumerate(group):
            tokens[i, : len(sequence)], lengths[i] = sequence, len(sequence)
        yield Batch(tokens=jnp.asarray(tokens), lengths=jnp.asarray(lengths), count=len(group))


def last_rows(x: Float[Array, "batch position d"], lengths: Int[Array, " batch"]) -> Float[Array, "batch 1 d"]:
    """The last real position of every sequence."""
    return jnp.take_along_axis(x, (lengths - 1)[:, None, None], axis=1)


def text_mean(x: Float[Array, "batch position d"], lengths: Int[Array, " batch"]) -> Float[Array, "batch d"]:
    """The mean over the real positions of every sequence."""
    real = jnp.arange(x.shape[1])[None, :, None] < lengths[:, None, None]
    return jnp.sum(jnp.where(real, x, 0), axis=1) / jax.lax.convert_element_type(lengths[:, None], x.dtype)
