"""What a finished text would have cost at other strengths: one parallel pass a strength, no decoding.

Blocks up to the first steered one run once for all strengths; the unsteered distributions are kept beside them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from real_models.checkpoints.checkpoint import resolve_dtype
from real_models.decoding import decoder
from real_models.decoding.batching import bucket, chunk_of
from real_models.decoding.decoder import Params, Spec, at_least_float32
from real_models.sampling.drawing import Drawing, divergence, tempered
from real_models.steering import steering
from real_models.steering.inputs import Layers, Strengths, Vector, steering_vectors, strength_values
from real_models.steering.model import LanguageModel

Ids = Sequence[int]


@dataclass(frozen=True, kw_only=True, eq=False)
class TextCosts:
    """Of each text at each strength: its log-probability, and the sum of the exact divergences of its steps, in nats.

    Sums of float32 numbers over T tokens are off by some T units in the last place of a logit. `steps` are the
    divergences token by token, each text's at a strength of its own (0 after its end); None where none was named.
    """

    log_prob: Float[np.ndarray, "texts strengths"]
    divergence: Float[np.ndarray, "texts strengths"]
    steps: Float[np.ndarray, "texts tokens"] | None = None


class Chunk(NamedTuple):
    """Some texts with their prompts: the residuals they enter the steered blocks with, and what is to be read of them.

    `at` are the positions whose logits predict the text's tokens `targets`; `real` is False after its end.
    """

    x0: Float[Array, "texts position d"]
    at: Int[Array, "texts tokens"]
    targets: Int[Array, "texts tokens"]
    real: Array


def text_costs(
    model: LanguageModel,
    prompts: Sequence[Ids],
    texts: Sequence[Ids],
    strengths: Strengths,
    *,
    layer: Layers,
    vector: Vector,
    drawing: Drawing | None = None,
    own: Int[np.ndarray, " texts"] | None = None,
) -> TextCosts:
    """The costs of texts (token ids), each after its own prompt, steered at every position.

    `own` is the number of each text's own strength, that of its `steps`. Of a `drawing` the temperature counts. One
    that cuts tokens is a `ValueError`: what it cuts depends on the strength, so that a text of one strength may be
    impossible at another.
    """
    drawing, values = drawing or Drawing(), strength_values(strengths)
    tables = np.zeros((2, len(texts), len(values)))
    steps = np.zeros((len(texts), max(map(len, texts))))
    with jax.default_matmul_precision("highest"):
        for where, chunk, vectors in chunks(model, prompts, texts, layer=layer, vector=vector, drawing=drawing):
            base = unsteered(model.spec, drawing, model.params, vectors, chunk)
            for j, strength in enumerate(values):
                at = jnp.asarray(strength, _wide(chunk.x0))
                total, nats = at_strength(model.spec, drawing, model.params, vectors, chunk, base, at)
                each = np.asarray(nats, np.float64)[: where.stop - where.start]
                tables[:, where, j] = np.asarray(total, np.float64)[: len(each)], each.sum(axis=1)
                if own is not None:
                    steps[where] = np.where(own[where, None] == j, each, steps[where])
    return TextCosts(log_prob=tables[0], divergence=tables[1], steps=None if own is None else steps)


def chunks(
    model: LanguageModel,
    prompts: Sequence[Ids],
    texts: Sequence[Ids],
    *,
    layer: Layers,
    vector: Vector,
    drawing: Drawing,
    tables: int = 4,
) -> Iterator[tuple[slice, "Chunk", Mapping]]:
    """The texts in chunks of one shape, as many at a time as fit in memory, with their places and the vectors by block.

    `tables` is how many numbers a token of the vocabulary, at each token of a text, are held at once. What a `drawing`
    cuts is a `ValueError`.
    """
    if drawing.cut:
        raise ValueError("texts drawn greedily, with top_k or top_p have no weights at other strengths: draw without")
    found = steering_vectors(model.spec, model.name, layer, vector)
    wide = at_least_float32(resolve_dtype(model.dtype))
    vectors = {block: jnp.asarray(v[None], wide) for block, v in found.items()}
    longest = max(len(text) for text in texts)
    width = bucket(max(len(p) + len(t) for p, t in zip(prompts, texts, strict=True)))
    width = min(width, model.spec.max_positions + 1) if model.spec.positions == "learned" else width
    itemsize = np.dtype(wide).itemsize
    bytes_each = tables * longest * model.spec.vocab_size * itemsize
    size = chunk_of(bytes_each + steering.block_bytes(model.spec, width, width, itemsize), len(texts))
    for begin in range(0, len(texts), size):
        where = slice(begin, min(begin + size, len(texts)))
        yield where, chunk_at(model, prompts[where], texts[where], size, width, longest, vectors), vectors


def chunk_at(model, prompts, texts, size: int, width: int, longest: int, vectors) -> Chunk:
    """The chunk of these texts, filled up to `size` rows of `width` tokens."""
    ids, at, targets = (np.zeros((size, n), np.int32) for n in (width, longest, longest))
    real = np.zeros((size, longest), bool)
    for row, (prompt, text) in enumerate(zip(prompts, texts, strict=True)):
        ids[row, : len(prompt) + len(text)] = [*prompt, *text]
        at[row] = np.minimum(len(prompt) - 1 + np.arange(longest), width - 2)
        targets[row, : len(text)], real[row, : len(text)] = text, True
    x0 = steering.prefix(model.spec, model.params, jnp.asarray(ids[:, :-1]), min(vectors))
    return Chunk(x0, *map(jnp.asarray, (at, targets, real)))


@partial(jax.jit, static_argnames=("spec", "drawing"))
def unsteered(spec: Spec, drawing: Drawing, params: Params, vectors: Mapping, chunk: Chunk):
    """The unsteered next-token log-probabilities at every token of every text."""
    return log_probs_at(spec, drawing, params, vectors, chunk, jnp.zeros((), _wide(chunk.x0)))


@partial(jax.jit, static_argnames=("spec", "drawing"))
def at_strength(
    spec: Spec, drawing: Drawing, params: Params, vectors: Mapping, chunk: Chunk, base, strength: Float[Array, ""]
) -> tuple[Float[Array, " texts"], Float[Array, "texts tokens"]]:
    """Each text's log-probability at a strength, summed in float64, and its steps' divergences."""
    log_probs = log_probs_at(spec, drawing, params, vectors, chunk, strength)
    own = jnp.take_along_axis(log_probs, chunk.targets[..., None], axis=-1)[..., 0]
    total = jnp.sum(jnp.where(chunk.real, own, 0), axis=1, dtype=jnp.float64)
    return total, jnp.where(chunk.real, divergence(log_probs, base), 0)


def log_probs_at(
    spec: Spec, drawing: Drawing, params: Params, vectors: Mapping, chunk: Chunk, strength: Float[Array, ""]
) -> Float[Array, "texts tokens vocab"]:
    """Next-token log-probabilities at every token of every text, at a strength."""
    x = steering.steered_blocks(spec, params, chunk.x0, jnp.full(len(chunk.x0), strength), vectors)
    x = jnp.take_along_axis(x, chunk.at[..., None], axis=1)
    return tempered(drawing, decoder.unembed(spec, params, x))


def _wide(x: Array):
    return at_least_float32(x.dtype)
