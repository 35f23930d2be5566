"""Log-probabilities of continuations after contexts under steering: what questions with given answers come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from real_models.checkpoints.checkpoint import resolve_dtype
from real_models.decoding import decoder
from real_models.decoding.batching import Batch, chunk_of, columns_within, in_chunks, padded_batches
from real_models.steering import steering
from real_models.steering.cross_entropy import token_log_probs
from real_models.steering.inputs import Layers, Strengths, Vector, steering_vectors, strength_values, token_ids
from real_models.steering.model import LanguageModel
from real_models.steering.steering import Vectors, steered_blocks, unembedding_weights

Ids = Sequence[int]


@dataclass(frozen=True, kw_only=True, eq=False)
class ContinuationScores:
    """Of each continuation at each strength: its log-probability, and whether each of its tokens is the likeliest.

    A log-probability of n tokens is known to n times that of one token, and summed in float64.
    """

    log_probs: Float[np.ndarray, "strengths continuations"]
    greedy: Bool[np.ndarray, "strengths continuations"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the model reads: some tokens; and the continuations it is read for, by number, last token and length."""

    tokens: tuple[int, ...]
    numbers: list[int]
    last: list[int]
    lengths: list[int]


def score_continuations(
    model: LanguageModel,
    contexts: Sequence[Ids],
    continuations: Sequence[Ids],
    strengths: Strengths,
    *,
    layer: Layers,
    vector: Vector,
) -> ContinuationScores:
    """`log p_alpha(continuation | context)` of each pair of token ids, every position steered.

    Continuations that differ in their last token alone are read off one run, and all strengths share the blocks before
    the steered one. What is longer than the model has positions loses tokens on the left; a continuation that has none,
    or more than there are positions, is a `ValueError` of one line.
    """
    spec = model.spec
    values, found = strength_values(strengths), steering_vectors(spec, model.name, layer, vector)
    wide = decoder.at_least_float32(resolve_dtype(model.dtype))
    vectors = {block: jnp.asarray(v[None], wide) for block, v in found.items()}
    rows = _rows(model, contexts, continuations)
    log_probs = np.zeros((len(values), len(continuations)))
    greedy = np.zeros((len(values), len(continuations)), bool)
    choices = 2 ** (max((len(row.numbers) for row in rows), default=1) - 1).bit_length()  # few shapes are compiled
    longest = max((len(row.tokens) for row in rows), default=1)
    bytes_each = steering.block_bytes(spec, longest, longest, np.dtype(wide).itemsize)
    size = chunk_of(bytes_each, max(len(rows), 1))
    with jax.default_matmul_precision("highest"):
        for batch in padded_batches([row.tokens for row in rows], size, spec.max_positions):
            some = [rows[i] for i in batch.which]
            chunk = chunk_of(bytes_each * len(batch.tokens), len(values))
            each = _batch_scores(model, batch, some, choices, vectors)
            own, best = in_chunks(each, chunk, values.astype(wide))
            for r, row in enumerate(some):
                log_probs[:, row.numbers] = np.asarray(own)[: len(values), r, : len(row.numbers)]
                greedy[:, row.numbers] = np.asarray(best)[: len(values), r, : len(row.numbers)]
    return ContinuationScores(log_probs=log_probs, greedy=greedy)


def _rows(model: LanguageModel, contexts: Sequence[Ids], continuations: Sequence[Ids]) -> list[Row]:
    """What has to be read, each once."""
    spec, most, rows = model.spec, model.spec.max_positions, dict[tuple[int, ...], Row]()
    for number, (context, continuation) in enumerate(zip(contexts, continuations, strict=True)):
        if not context or not 0 < len(continuation) <= most:
            raise ValueError(
                f"{model.name}: a continuation of {len(continuation)} tokens after {len(context)}, "
                f"expected 1 to {most} tokens after 1 or more"
            )
        whole = [*context, *continuation][-(most + 1) :]
        tokens, (last,) = (tuple(token_ids(spec, model.name, part)) for part in (whole[:-1], whole[-1:]))
        row = rows.setdefault(tokens, Row(tokens=tokens, numbers=[], last=[], lengths=[]))
        row.numbers.append(number)
        row.last.append(last)
        row.lengths.append(len(continuation))
    return list(rows.values())


def _batch_scores(model: LanguageModel, batch: Batch, rows: Sequence[Row], choices: int, vectors: Vectors) -> Any:
    """`strengths -> (log-probabilities, greedy) [strengths, batch, choices]`; blocks before the steered run once."""
    spec, params = model.spec, model.params
    targets, asked = _targets(batch, rows, choices)
    x0 = steering.prefix(spec, params, batch.tokens, min(vectors))
    unembedding = unembedding_weights(spec, params)

    def scores(strengths: Float[Array, " strengths"]) -> tuple[Array, Array]:
        count = len(strengths)
        each = jnp.repeat(strengths, len(batch.tokens))
        x = steered_blocks(spec, params, jnp.tile(x0, (count, 1, 1)), each, vectors)
        wanted = jnp.tile(targets, (count, 1, 1))
        itemsize = decoder.at_least_float32(x.dtype).itemsize
        size = columns_within(x.shape[0] * x.shape[1] * itemsize, spec.vocab_size)
        log_probs, best = token_log_probs(spec, size, unembedding, x, wanted)
        mask = jnp.tile(asked, (count, 1, 1))
        total = jnp.sum(jnp.where(mask, log_probs, 0), axis=1, dtype=jnp.float64)
        shape = count, len(batch.tokens), choices
        return total.reshape(shape), jnp.all(best | ~mask, axis=1).reshape(shape)

    return scores


def _targets(
    batch: Batch, rows: Sequence[Row], choices: int
) -> tuple[Int[Array, "batch position choices"], Bool[Array, "batch position choices"]]:
    """The token that each position is to predict for each continuation, and whether that token belongs to it."""
    tokens = np.asarray(batch.tokens)
    targets = np.repeat(np.roll(tokens, -1, axis=1)[..., None], choices, axis=2)
    asked = np.zeros(targets.shape, bool)
    for r, row in enumerate(rows):
        end = len(row.tokens)
        for k, (last, length) in enumerate(zip(row.last, row.lengths, strict=True)):
            targets[r, end - 1, k] = last
            asked[r, end - length : end, k] = True
    return jnp.asarray(targets), jnp.asarray(asked)
