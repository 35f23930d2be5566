"""Which tokens show a concept, where nobody has named its words: those that its texts use and others do not."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

ODDS = 3.0
"""How many times the odds of meeting a token must be in texts with the concept."""


def telling_tokens(
    positive: Sequence[Sequence[int]], negative: Sequence[Sequence[int]], vocab: int, odds: float = ODDS
) -> Bool[np.ndarray, " vocab"]:
    """Tokens whose odds to occur in a text of the concept are at least `odds` times those in another text.

    Of n texts a token occurs in k: its odds are (k + 1/2)/(n - k + 1/2), which one text more or less cannot make
    infinite. A `ValueError` where no token is left, since then nothing shows the concept.
    """
    ratio = _odds(positive, vocab) / _odds(negative, vocab)
    telling = ratio >= odds
    if not telling.any():
        raise ValueError(
            f"no token is {odds:g} times as likely in the texts with the concept as in the others: "
            "give more texts, or the concept's words with --words"
        )
    return telling


def _odds(texts: Sequence[Sequence[int]], vocab: int) -> Float[np.ndarray, " vocab"]:
    """Smoothed odds that a text holds each token."""
    count = np.zeros(vocab)
    for ids in texts:
        count[np.unique(np.asarray(ids, np.int64))] += 1
    return (count + 0.5) / (len(texts) - count + 0.5)
