"""Shapes and sizes: lengths rounded up so that few are compiled, batches cut so that they fit a memory bound."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Num

Tree = TypeVar("Tree")
"""An array, or arrays in tuples and the like."""

# Bytes of activations at a time on a CPU, where larger batches are no faster and smaller ones are slower.
ACTIVATIONS = 64 * 2**20
# Bytes of logits at a time on a CPU, where they are read twice: what its cache holds.
LOGITS = 4 * 2**20


def bucket(length: int) -> int:
    """The padded length of a sequence: the next multiple of 8, or of an eighth of its size once that is more."""
    step = max(8, 2 ** (max(length - 1, 1).bit_length() - 3))
    return -(-length // step) * step


def memory_bound(on_cpu: int) -> int:
    """Bytes at a time: `on_cpu` there, and a quarter of what is free on an accelerator, which says what it has."""
    stats = jax.local_devices()[0].memory_stats()
    return max(on_cpu, (stats["bytes_limit"] - stats["bytes_in_use"]) // 4) if stats else on_cpu


def rows_within(bytes_each: int, rows: int) -> int:
    """How many of `rows` to take at a time: as many as fit the bound, in parts of nearly equal size, at least one."""
    parts = -(-rows // max(1, memory_bound(ACTIVATIONS) // bytes_each))
    return -(-rows // parts)


def columns_within(bytes_each: int, columns: int) -> int:
    """How many of a table's columns to take at a time: as many as fit, at least 512, which keep a core busy."""
    return min(columns, max(512, memory_bound(LOGITS) // bytes_each // 128 * 128))


def chunk_of(bytes_each: int, rows: int) -> int:
    """`rows_within`; a single chunk is filled up to 1, 2, 4 or a multiple of 8 rows: few shapes are compiled."""
    chunk = rows_within(bytes_each, rows)
    if chunk < rows:
        return chunk
    return -(-rows // 8) * 8 if rows > 4 else 2 ** (rows - 1).bit_length()


def in_chunks(function: Callable[..., Tree], chunk: int, *columns: Num[np.ndarray, " rows"]) -> Tree:
    """`function` over the columns' rows, `chunk` at a time, stacked.

    The last chunk is filled up, so that all are alike: what is beyond the columns' rows is to be cut off.
    """
    filled = [np.pad(column, (0, -len(column) % chunk), mode="edge") for column in columns]
    starts = range(0, len(filled[0]), chunk)
    parts = [function(*(jnp.asarray(column[start : start + chunk]) for column in filled)) for start in starts]
    return parts[0] if len(parts) == 1 else jax.tree.map(lambda *arrays: jnp.concatenate(arrays), *parts)


def in_ladder(
    function: Callable[..., Array], bytes_each: int, share: int, *columns: Num[np.ndarray, " rows"]
) -> Num[np.ndarray, "rows ..."]:
    """`function` over the columns' rows, in batches of few sizes: as many as fit, then 64, then 8 times `share`.

    However many rows there are, no more than three sizes are compiled, and little is filled up.
    """
    fit = max(1, memory_bound(ACTIVATIONS) // bytes_each)
    largest = 2 ** (fit.bit_length() - 1)
    sizes = [size * share for size in sorted({largest, 64, 8}, reverse=True) if size <= largest]
    parts, start, rows = [], 0, len(columns[0])
    while start < rows:
        size = next((size for size in sizes if size <= rows - start), sizes[-1])
        beyond = max(0, start + size - rows)
        batch = [np.pad(column[start : start + size], (0, beyond), mode="edge") for column in columns]
        parts.append(np.asarray(function(*map(jnp.asarray, batch)))[: rows - start])
        start += size
    return np.concatenate(parts)


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
