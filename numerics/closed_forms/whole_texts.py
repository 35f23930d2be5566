"""Whole texts of a few tokens, every one of them: what is known of each before steering.

A text is begun in a context, and each of its tokens leads to the context that the next one is drawn in.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

MOST_TEXTS = 20_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Texts:
    """Texts of one length over a vocabulary, in lexical order, begun in each context.

    `tokens` are their ids; `drawn_in` the contexts that these are drawn in, and `visits` how often each context is one
    of them.
    """

    tokens: Int[np.ndarray, "texts length"]
    drawn_in: Int[np.ndarray, "contexts texts length"]
    visits: Float[np.ndarray, "contexts texts contexts"]

    def log_probs(self, log_probs: Float[np.ndarray, "contexts vocab"]) -> Float[np.ndarray, "contexts texts"]:
        """`log P(text) = sum_t log p(y_t | context of t)`, from the next tokens' log-probabilities."""
        return log_probs[self.drawn_in, self.tokens].sum(axis=-1)

    def sums(self, values: Float[np.ndarray, " vocab"]) -> Float[np.ndarray, " texts"]:
        """Sum over a text's tokens of a number of each token."""
        return values[self.tokens].sum(axis=-1)

    def holding(self, concepts: Bool[np.ndarray, "concepts vocab"]) -> Bool[np.ndarray, "concepts texts"]:
        """Which texts hold a token of each concept."""
        return np.asarray(concepts[:, self.tokens].any(axis=-1))


def every_text(follows: Int[np.ndarray, " vocab"], contexts: int, length: int) -> Texts:
    """Every text of a length; after token z the context is `follows[z]`.

    Raises `ValueError` where there are more than 20,000 texts, or a token leads nowhere.
    """
    vocab = len(follows)
    if not length >= 1 or vocab**length > MOST_TEXTS:
        raise ValueError(f"texts: expected 1 to {MOST_TEXTS:,} of them, got {vocab}^{length}; shorten them")
    if not ((follows >= 0) & (follows < contexts)).all():
        raise ValueError(f"texts: expected each token to lead to a context from 0 to {contexts - 1}, got {follows}")
    tokens = np.array(list(itertools.product(range(vocab), repeat=length)))
    later = np.broadcast_to(follows[tokens[:, :-1]], (contexts, len(tokens), length - 1))
    begun = np.broadcast_to(np.arange(contexts)[:, None, None], (contexts, len(tokens), 1))
    drawn_in = np.concatenate([begun, later], axis=2)
    visits = (drawn_in[..., None] == np.arange(contexts)).sum(axis=2).astype(np.float64)
    return Texts(tokens=tokens, drawn_in=drawn_in, visits=visits)


def is_ordered(
    log_probs: Float[np.ndarray, "contexts vocab"],
    log_odds: Float[np.ndarray, " vocab"],
    follows: Int[np.ndarray, " vocab"],
    slack: float = 1e-9,
) -> bool:
    """Whether next tokens are monotone in likelihood ratio, up to a relative `slack` for rounding.

    For tokens of log-odds `M(z) >= M(w)` and `M(a) >= M(b)`: `p(a | z) p(b | w) >= p(b | z) p(a | w)`; where either
    pair has equal log-odds, both sides are equal.
    """
    after = np.exp(log_probs[follows])
    larger = log_odds[:, None] >= log_odds[None, :]
    straight = np.einsum("za,wb->zwab", after, after)
    crossed = np.einsum("zb,wa->zwab", after, after)
    holds = straight >= crossed * (1 - slack)
    return bool(holds[larger[:, :, None, None] & larger[None, None, :, :]].all())
