"""Scores by what stands in a text: words of a list, target tokens, capitals, length."""

import re
from collections.abc import Callable, Collection

import numpy as np
from jaxtyping import Bool, Float, Int

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
"""Letters and digits in a row, with apostrophes inside."""


def share_of_words(words: Collection[str], *, any_case: bool = True) -> Callable[[str], float | None]:
    """A score: the share of a text's words that are in the list; None for a text without words.

    >>> share_of_words(["sea", "ship"])("The ship at sea.")
    0.5
    """
    return _over_words(words, any_case, lambda hits: sum(hits) / len(hits))


def has_word(words: Collection[str], *, any_case: bool = True) -> Callable[[str], float | None]:
    """A score: 1 if any of the text's words is in the list, else 0; None for a text without words."""
    return _over_words(words, any_case, lambda hits: float(any(hits)))


def _over_words(words: Collection[str], any_case: bool, of: Callable[[list[bool]], float]):
    if isinstance(words, str) or not words:
        raise ValueError(f"words are {words!r}, expected a list of one word or more")
    folded = {word.casefold() if any_case else word for word in words}

    def score(text: str) -> float | None:
        hits = [(word.casefold() if any_case else word) in folded for word in WORD.findall(text)]
        return of(hits) if hits else None

    return score


def capitals(text: str) -> float | None:
    """The share of a text's letters that are capitals; None for a text without letters."""
    letters = [letter for letter in text if letter.isalpha()]
    return sum(letter.isupper() for letter in letters) / len(letters) if letters else None


def length(text: str) -> float:
    """How many words the text has."""
    return float(len(WORD.findall(text)))


def target_share(
    tokens: Int[np.ndarray, "*texts tokens"], lengths: Int[np.ndarray, "*texts"], targets: Bool[np.ndarray, " vocab"]
) -> Float[np.ndarray, "*texts"]:
    """The share of each text's tokens that are target tokens; NaN (missing) for a text of no tokens."""
    own = np.arange(tokens.shape[-1]) < lengths[..., None]
    hits = (targets[tokens] & own).sum(axis=-1)
    return np.divide(hits, lengths, out=np.full(lengths.shape, np.nan), where=lengths > 0)
