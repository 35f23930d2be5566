"""Steering vectors and log-odds from texts that show a concept and texts that do not."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from real_models.decoding.batching import Batch, last_rows, padded_batches, rows_within, text_mean
from real_models.decoding.decoder import at_least_float32, of_block
from real_models.steering import steering
from real_models.steering.inputs import Tokens
from real_models.steering.model import LanguageModel

Pool = Literal["mean", "last"]
Progress = Callable[[int, int], None]


def difference_of_means(
    model: LanguageModel,
    positive: Sequence[Tokens],
    negative: Sequence[Tokens],
    *,
    pool: Pool = "mean",
    unit: bool = False,
    progress: Progress | None = None,
) -> Float[Array, "layers d"]:
    """`v_l = mean over positive texts of h_l(text) - mean over negative texts of h_l(text)` for every block l (Eq. 3).

    `h_l(text)` is the mean of block l's output over the tokens of the text: each text counts once, however long, and
    every token that the tokenizer makes of it counts, its beginning-of-text token included, as in the reference.
    `pool="last"` takes the output at its last token instead. With `unit` every vector is divided by its norm.
    `progress(done, total)` is called with numbers of texts after each batch.
    """
    done = shifted(progress, 0, len(positive) + len(negative))
    means = mean_residuals(model, positive, "positive", pool=pool, progress=done)
    done = shifted(progress, len(positive), len(positive) + len(negative))
    difference = means - mean_residuals(model, negative, "negative", pool=pool, progress=done)
    return jnp.asarray(unit_rows(difference) if unit else difference)


def principal_difference(
    model: LanguageModel,
    positive: Sequence[Tokens],
    negative: Sequence[Tokens],
    *,
    pool: Pool = "last",
    progress: Progress | None = None,
) -> Float[Array, "layers d"]:
    """The unit direction along which the differences of paired texts are largest, for every block.

    The i-th positive text is paired with the i-th negative one: `D_i = h_l(positive_i) - h_l(negative_i)`, and v_l is
    the unit vector that maximises `sum_i <D_i, v>^2` (principal component about 0, not about the mean difference, which
    is the signal), turned so that the mean difference points along it.
    """
    if len(positive) != len(negative):
        raise ValueError(f"{len(positive)} positive and {len(negative)} negative texts, expected pairs")
    done = shifted(progress, 0, 2 * len(positive))
    with_concept = text_residuals(model, positive, "positive", pool=pool, progress=done)
    done = shifted(progress, len(positive), 2 * len(positive))
    differences = with_concept - text_residuals(model, negative, "negative", pool=pool, progress=done)
    axes = np.stack([np.linalg.svd(each, full_matrices=False)[2][0] for each in differences.swapaxes(0, 1)])
    along = np.einsum("ld,ld->l", axes, differences.mean(axis=0))
    return jnp.asarray(unit_rows(np.where(along < 0, -1.0, 1.0)[:, None] * axes))


def mean_residuals(
    model: LanguageModel,
    texts: Sequence[Tokens],
    kind: str = "given",
    *,
    pool: Pool = "mean",
    progress: Progress | None = None,
) -> Float[np.ndarray, "layers d"]:
    """Mean over texts of each text's pooled residual, for every block, in one pass; float64."""
    total = np.zeros((model.n_layers, model.d_model))
    for _which, rows in pooled(model, texts, kind, pool, progress):
        total += rows.sum(axis=0)
    return total / len(texts)


def text_residuals(
    model: LanguageModel,
    texts: Sequence[Tokens],
    kind: str = "given",
    *,
    pool: Pool = "mean",
    progress: Progress | None = None,
) -> Float[np.ndarray, "texts layers d"]:
    """Every text's pooled residual, for every block, in one pass; float64."""
    table = np.zeros((len(texts), model.n_layers, model.d_model))
    for which, rows in pooled(model, texts, kind, pool, progress):
        table[which] = rows
    return table


def pooled(
    model: LanguageModel, texts: Sequence[Tokens], kind: str, pool: Pool, progress: Progress | None
) -> Iterator[tuple[list[int], Float[np.ndarray, "batch layers d"]]]:
    """Numbers of some texts, and their residuals pooled over their tokens, batch by batch; float64."""
    if pool not in ("mean", "last"):
        raise ValueError(f"pool is {pool!r}, expected 'mean' or 'last'")
    done = 0
    for batch in batches(model, texts, kind):
        rows = batch_residuals(model, batch, text_mean if pool == "mean" else last_rows)
        yield batch.which, rows[: len(batch.which)]
        done += len(batch.which)
        if progress is not None:
            progress(done, len(texts))


@jax.default_matmul_precision("highest")
def batch_residuals(model: LanguageModel, batch: Batch, pool: Callable) -> Float[np.ndarray, "batch layers d"]:
    """Every block's output, pooled over the tokens of each text."""
    x = steering.run_embed(model.spec, steering.embedding_weights(model.params), batch.tokens)
    rows = np.zeros((len(x), model.n_layers, model.d_model))
    for layer, weights in enumerate(model.params["blocks"]):
        x = steering.run_block(of_block(model.spec, layer), weights, x)
        rows[:, layer] = pool(x, batch.lengths)
    return rows


def shifted(progress: Progress | None, done: int, total: int) -> Progress | None:
    """Progress of a part of the work that follows `done` of `total` texts."""
    return None if progress is None else lambda here, _: progress(done + here, total)


def unit_rows(vectors: Float[np.ndarray, "layers d"]) -> Float[np.ndarray, "layers d"]:
    """Every row over its norm; a zero row has no direction and is a `ValueError`."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if not norms.all():
        raise ValueError(f"the vector of block {int(np.argmin(norms))} is zero and has no direction: no unit norm")
    return vectors / norms


def prompt_log_odds(
    model: LanguageModel, positive: Sequence[Tokens], negative: Sequence[Tokens]
) -> Float[Array, " vocab"]:
    """`M(z)` = mean of `log p(z | text)` over positive texts less the mean over negative ones (Def. 3.2).

    `p(. | text)` is the next-token distribution after the whole text; the log-softmax is taken in float64.
    """
    return jnp.asarray(mean_log_probs(model, positive, "positive") - mean_log_probs(model, negative, "negative"))


@jax.default_matmul_precision("highest")
def mean_log_probs(model: LanguageModel, texts: Sequence[Tokens], kind: str = "given") -> Float[np.ndarray, " vocab"]:
    """Mean over texts of the log-probabilities of the next token; float64."""
    total = np.zeros(model.vocab_size)
    unembedding = steering.unembedding_weights(model.spec, model.params)
    for batch in batches(model, texts, kind):
        x = steering.prefix(model.spec, model.params, batch.tokens, model.n_layers - 1)
        logits = steering.final_logits(model.spec, unembedding, last_rows(x, batch.lengths)[:, None])[
            : len(batch.which)
        ]
        total += np.asarray(jax.nn.log_softmax(logits.astype(jnp.float64), axis=-1)).sum(axis=0)
    return total / len(texts)


def batches(model: LanguageModel, texts: Sequence[Tokens], kind: str) -> Iterator[Batch]:
    """The texts' tokens in right-padded batches."""
    if isinstance(texts, str) or not len(texts):
        raise ValueError(f"the {kind} texts are {texts!r}, expected a list of one text or more")
    sequences = [model.encode(text) for text in texts]
    itemsize = at_least_float32(model.params["embed"].dtype).itemsize
    length = max(map(len, sequences))
    rows = rows_within(steering.block_bytes(model.spec, length, length, itemsize), len(sequences))
    longest = model.spec.max_positions if model.spec.positions == "learned" else None
    return padded_batches(sequences, rows, longest)
