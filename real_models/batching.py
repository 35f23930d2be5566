"""Shapes and sizes: lengths rounded up so that few are compiled, batches cut so that they fit a memory bound."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Num

# Bytes of activations at a time on a CPU, where larger batches are no faster and smaller ones are slower.
MEMORY_BOUND = 64 * 2**20


def bucket(length: int) -> int:
    """The padded length of a sequence: the next multiple of 8, or of an eighth of its size once that is more."""
    step = max(8, 2 ** (max(length - 1, 1).bit_length() - 3))
    return -(-length // step) * step


def memory_bound() -> int:
    """Bytes of activations at a time: of an accelerator, which says what it has, a quarter of what is free."""
    stats = jax.local_devices()[0].memory_stats()
    return max(MEMORY_BOUND, (stats["bytes_limit"] - stats["bytes_in_use"]) // 4) if stats else MEMORY_BOUND


def rows_within(bytes_each: int, rows: int) -> int:
    """How many of `rows` to take at a time: as many as fit the bound, in parts of nearly equal size, at least one."""
    parts = -(-rows // max(1, memory_bound() // bytes_each))
    return -(-rows // parts)


def in_chunks(function: Callable[..., Array], chunk: int, *columns: Num[np.ndarray, " rows"]) -> Array:
    """`function` over the columns' rows, `chunk` at a time, stacked; the last is filled up, so that all are alike."""
    count = len(columns[0])
    filled = [np.pad(column, (0, -count % chunk), mode="edge") for column in columns]
    parts = [
        function(*(jnp.asarray(column[start : start + chunk]) for column in filled)) for start in range(0, count, chunk)
    ]
    stacked = parts[0] if len(parts) == 1 else jnp.concatenate(parts)
    return stacked if len(stacked) == count else stacked[:count]


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Sequences padded on the right to one length: `tokens` [batch, position] and how many of each are real.

    The first rows are the sequences of the numbers `which`; the others fill the batch up to the common shape.
    """

    tokens: Int[Array, "batch position"]
    lengths: Int[Array, " batch"]
    which: list[int]


def padded_batches(sequences: Sequence[Sequence[int]], rows: int, longest: int | None = None) -> Iterator[Batch]:
    """The sequences in batches of `rows`, sorted by length so that little is padding; `longest` caps the padding."""
    by_length = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    for start in range(0, len(by_length), rows):
        which = by_length[start : start + rows]
        group = [sequences[i] for i in which]
        width = bucket(len(group[-1]))
        tokens = np.zeros((rows, width if longest is None else min(width, longest)), np.int32)
        lengths = np.ones(rows, np.int32)
        for i, sequence in enumerate(group):
            tokens[i, : len(sequence)], lengths[i] = sequence, len(sequence)
        yield Batch(tokens=jnp.asarray(tokens), lengths=jnp.asarray(lengths), which=which)


def last_rows(x: Float[Array, "batch position d"], lengths: Int[Array, " batch"]) -> Float[Array, "batch d"]:
    """The last real position of every sequence."""
    return jnp.take_along_axis(x, (lengths - 1)[:, None, None], axis=1)[:, 0]


def text_mean(x: Float[Array, "batch position d"], lengths: Int[Array, " batch"]) -> Float[Array, "batch d"]:
    """The mean over the real positions of every sequence."""
    real = jnp.arange(x.shape[1])[None, :, None] < lengths[:, None, None]
    return jnp.sum(jnp.where(real, x, 0), axis=1) / jax.lax.convert_element_type(lengths[:, None], x.dtype)
