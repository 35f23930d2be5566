"""Texts to be drawn, cut into batches of one shape: prompts padded together, each steered once at each strength."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from real_models.checkpoints.checkpoint import resolve_dtype
from real_models.decoding.batching import bucket, chunk_of
from real_models.decoding.decoder import Spec, at_least_float32
from real_models.sampling.decoding import Prompts, Rows
from real_models.sampling.drawing import uniforms
from real_models.steering.steering import block_bytes

Ids = list[int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Wanted:
    """Texts that are wanted, one a row: the number of its prompt, its strength, and the number of its random stream.

    Texts of one prompt and one stream share their random numbers, at whatever strength.
    """

    prompt: Int[np.ndarray, " texts"]
    strength: Float[np.ndarray, " texts"]
    stream: Int[np.ndarray, " texts"]

    def rows(self, which: slice) -> "Wanted":
        """Some of them."""
        return Wanted(prompt=self.prompt[which], strength=self.strength[which], stream=self.stream[which])

    def filled(self, rows: int) -> "Wanted":
        """As many, the last one repeated."""
        fill = (0, rows - len(self.prompt))
        return Wanted(**{name: np.pad(column, fill, mode="edge") for name, column in vars(self).items()})


def text_bytes(spec: Spec, first: int, width: int, tokens: int, dtype: str) -> int:
    """About how much memory one text takes while it is drawn: caches of both halves, logits, the prompt's blocks."""
    itemsize = np.dtype(resolve_dtype(dtype)).itemsize
    wide = np.dtype(at_least_float32(resolve_dtype(dtype))).itemsize
    blocks = 2 * spec.n_layers - first - 1
    cache = 2 * blocks * (width + tokens) * spec.n_kv_heads * spec.head_dim * itemsize
    return cache + 8 * spec.vocab_size * wide + 2 * block_bytes(spec, width, width, itemsize)


def batches(
    spec: Spec,
    first: int,
    prompts: Sequence[Ids],
    wanted: Wanted,
    *,
    tokens: int,
    seed: int,
    dtype: str,
    rows: int | None,
) -> Iterator[tuple[slice, Prompts, Rows]]:
    """The texts in batches of `rows` (None: as many as fit in memory), the last one filled up, with their places."""
    width = max(8, bucket(max(map(len, prompts)) - 1))
    count = len(wanted.prompt)
    size = rows or chunk_of(text_bytes(spec, first, width, tokens, dtype), count)
    for begin in range(0, count, size):
        where = slice(begin, min(begin + size, count))
        yield where, *batch(prompts, wanted.rows(where).filled(size), width, tokens, seed, dtype)


def batch(
    prompts: Sequence[Ids], wanted: Wanted, width: int, tokens: int, seed: int, dtype: str
) -> tuple[Prompts, Rows]:
    """One batch: its distinct prompts and pairs, and what each text has to do with them."""
    numbers, prompt = np.unique(wanted.prompt, return_inverse=True)
    own = np.stack([prompt, wanted.strength], axis=1)
    zero = np.stack([prompt, np.zeros(len(prompt))], axis=1)
    pairs, pair = np.unique(np.concatenate([own, zero]), axis=0, return_inverse=True)
    pair = pair.reshape(-1)
    chosen = [prompts[n] for n in numbers]
    table = np.zeros((power(len(chosen)), width), np.int32)
    padding = np.zeros(table.shape, bool)
    for row, ids in enumerate(chosen):
        table[row, width + 1 - len(ids) :], padding[row, width + 1 - len(ids) :] = ids[:-1], True
    pairs = np.pad(pairs, ((0, power(len(pairs)) - len(pairs)), (0, 0)), mode="edge")
    wide = at_least_float32(resolve_dtype(dtype))
    streams = uniforms(jnp.asarray(seed, jnp.uint32), jnp.asarray(wanted.prompt), jnp.asarray(wanted.stream), tokens)
    of_rows: list[Any] = [prompt, *np.split(pair, 2), [chosen[p][-1] for p in prompt], [len(chosen[p]) for p in prompt]]
    integers = [jnp.asarray(np.asarray(column), jnp.int32) for column in of_rows]
    return (
        Prompts(*map(jnp.asarray, (table, padding, pairs[:, 0].astype(np.int32), pairs[:, 1].astype(wide)))),
        Rows(*[*integers, jnp.asarray(wanted.strength, wide), streams]),
    )


def power(count: int) -> int:
    """The next power of two: few shapes are compiled."""
    return 2 ** (count - 1).bit_length()
