"""The baseline: a trigram model over the same tokens, linearly interpolated with its lower orders.

    p(w | u v) = c_3 n(u v w) / n(u v .) + c_2 n(v w) / n(v .) + c_1 n(w) / n(.) + c_0 / vocab

An order whose context was never seen repeats the order below. The counts come from the train split. The weights `c`
maximise the likelihood of a slice of the train split left out of the counts; expectation maximisation finds them, and
the counts are then taken again from the whole split.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

Tokens = Int[np.ndarray, " n"]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Sorted n-gram keys with their counts, for orders 1 to 3, and the same for their contexts."""

    vocab_size: int
    grams: tuple[tuple[np.ndarray, np.ndarray], ...]
    contexts: tuple[tuple[np.ndarray, np.ndarray], ...]


def count(texts: Sequence[Tokens], vocab_size: int, bos: int) -> Counts:
    """Counts over the texts, each padded on the left with two `bos`."""
    keys = _keys(texts, vocab_size, bos)
    return Counts(
        vocab_size=vocab_size,
        grams=tuple(np.unique(k, return_counts=True) for k in keys),
        contexts=tuple(np.unique(k // vocab_size, return_counts=True) for k in keys),
    )


def fit_weights(counts: Counts, texts: Sequence[Tokens], bos: int, rounds: int = 50) -> Float[np.ndarray, "4"]:
    """The weights `c` (uniform, unigram, bigram, trigram) of highest likelihood on `texts`, by `rounds` of EM."""
    frequencies = _frequencies(counts, texts, bos)
    weights = np.full(4, 0.25)
    for _ in range(rounds):
        share = frequencies * weights
        share /= share.sum(axis=1, keepdims=True)
        weights = share.mean(axis=0)
    return weights


def trigram_nats(train: Sequence[Tokens], held_out: Sequence[Tokens], vocab_size: int, bos: int) -> float:
    """Total `-log p` of the held-out texts in nats; every twentieth train text fits the weights."""
    fitted, counted = list(train[::20]), [text for i, text in enumerate(train) if i % 20]
    weights = fit_weights(count(counted, vocab_size, bos), fitted, bos)
    terms = weighted_frequencies(count(train, vocab_size, bos), weights, held_out, bos)
    return float(-np.log(terms.sum(axis=1)).sum())


def weighted_frequencies(
    counts: Counts, weights: Float[np.ndarray, "4"], texts: Sequence[Tokens], bos: int
) -> Float[np.ndarray, "n 4"]:
    """The four terms of `p` (uniform, unigram, bigram, trigram) for every token of the texts."""
    return _frequencies(counts, texts, bos) * weights


def _frequencies(counts: Counts, texts: Sequence[Tokens], bos: int) -> Float[np.ndarray, "n 4"]:
    """For every token: its frequency given no context, and after zero, one and two tokens."""
    columns = [np.full(sum(map(len, texts)), 1.0 / counts.vocab_size)]
    for keys, grams, contexts in zip(_keys(texts, counts.vocab_size, bos), counts.grams, counts.contexts, strict=True):
        total = _lookup(contexts, keys // counts.vocab_size).astype(float)
        columns.append(np.divide(_lookup(grams, keys), total, out=columns[-1].copy(), where=total > 0))
    return np.stack(columns, axis=1)


def _keys(texts: Sequence[Tokens], vocab_size: int, bos: int) -> list[np.ndarray]:
    """Integer keys of the n-gram ending at every token, for n = 1, 2, 3."""
    rows = [np.concatenate([[bos, bos], text]).astype(np.int64) for text in texts]
    first, second, third = (np.concatenate([row[i : len(row) - 2 + i] for row in rows]) for i in range(3))
    return [third, second * vocab_size + third, (first * vocab_size + second) * vocab_size + third]


def _lookup(table: tuple[np.ndarray, np.ndarray], keys: np.ndarray) -> np.ndarray:
    known, number = table
    at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[at] == keys, number[at], 0)
