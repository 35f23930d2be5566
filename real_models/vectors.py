"""Steering vectors and log-odds from texts that show a concept and texts that do not."""

from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from real_models import steering
from real_models.batching import Batch, last_rows, padded_batches, rows_within, text_mean
from real_models.decoder import at_least_float32
from real_models.inputs import Tokens
from real_models.model import LanguageModel


def difference_of_means(
    model: LanguageModel, positive: Sequence[Tokens], negative: Sequence[Tokens]
) -> Float[Array, "layers d"]:
    """`v_l = mean over positive texts of h_l(text) - mean over negative texts of h_l(text)` for every block l (Eq. 3).

    `h_l(text)` is the mean of block l's output over the tokens of the text: each text counts once, however long, and
    every token that the tokenizer makes of it counts, its beginning-of-text token included, as in the reference.
    """
    return jnp.asarray(mean_residuals(model, positive, "positive") - mean_residuals(model, negative, "negative"))


@jax.default_matmul_precision("highest")
def mean_residuals(model: LanguageModel, texts: Sequence[Tokens], kind: str = "given") -> Float[np.ndarray, "layers d"]:
    """Mean over texts of each text's mean residual over its tokens, for every block, in one pass; float64."""
    total = np.zeros((model.n_layers, model.d_model))
    for batch in batches(model, texts, kind):
        x = steering.run_embed(model.spec, steering.embedding_weights(model.params), batch.tokens)
        for layer, weights in enumerate(model.params["blocks"]):
            x = steering.run_block(model.spec, weights, x)
            total[layer] += np.asarray(text_mean(x, batch.lengths)[: batch.count], np.float64).sum(axis=0)
    return total / len(texts)


def prompt_log_odds(
    model: LanguageModel, positive: Sequence[Tokens], negative: Sequence[Tokens]
) -> Float[Array, " vocab"]:
    """`M(z)` = mean of `log p(z | text)` over positive texts less the mean over negative ones (Def. 3.2).

    `p(. | text)` is the next-token law after the whole text; the log-softmax is taken in float64.
    """
    return jnp.asarray(mean_log_probs(model, positive, "positive") - mean_log_probs(model, negative, "negative"))


@jax.default_matmul_precision("highest")
def mean_log_probs(model: LanguageModel, texts: Sequence[Tokens], kind: str = "given") -> Float[np.ndarray, " vocab"]:
    """Mean over texts of the log-probabilities of the next token; float64."""
    total = np.zeros(model.vocab_size)
    unembedding = steering.unembedding_weights(model.spec, model.params)
    for batch in batches(model, texts, kind):
        x = steering.prefix(model.spec, model.params, batch.tokens, model.n_layers - 1)
        logits = steering.final_logits(model.spec, unembedding, last_rows(x, batch.lengths))[: batch.count]
        total += np.asarray(jax.nn.log_softmax(logits.astype(jnp.float64), axis=-1)).sum(axis=0)
    return total / len(texts)


def batches(model: LanguageModel, texts: Sequence[Tokens], kind: str) -> Iterator[Batch]:
    """The texts' tokens in right-padded batches."""
    if isinstance(texts, str) or not len(texts):
        raise ValueError(f"the {kind} texts are {texts!r}, expected a list of one text or more")
    sequences = [model.encode(text) for text in texts]
    itemsize = at_least_float32(model.params["embed"].dtype).itemsize
    rows = rows_within(steering.block_bytes(model.spec, max(map(len, sequences)), itemsize), len(sequences))
    longest = model.spec.max_positions if model.spec.positions == "learned" else None
    return padded_batches(sequences, rows, longest)
