"""How far a text goes round in circles: repeated n-grams, distinct n-grams, what a compressor makes of it.

All are shares between 0 and 1 of one text; a text that is too short to say is None. Words are runs without white space.
"""

import zlib

LOOP_WORDS, LOOP_TIMES = 4, 3
"""A loop: the same so many words, so many times in a row or apart."""


def distinct(text: str, n: int = 2) -> float | None:
    """Different n-grams of words among all of the text's (Li et al. 2016, distinct-n); None below n words."""
    grams = _grams(text, n)
    return len(set(grams)) / len(grams) if grams else None


def repeated(text: str, n: int = LOOP_WORDS) -> float | None:
    """The share of n-grams that occur before in the text: 1 - distinct-n."""
    share = distinct(text, n)
    return None if share is None else 1 - share


def loops(text: str) -> float | None:
    """1 if some four words in a row occur three times or more, else 0; None where three times would not fit.

    Such a text has fallen into a loop, whatever it says; occurrences may overlap.
    """
    if len(grams := _grams(text, LOOP_WORDS)) < LOOP_TIMES:
        return None
    counts: dict[tuple[str, ...], int] = {}
    for gram in grams:
        counts[gram] = counts.get(gram, 0) + 1
    return float(max(counts.values()) >= LOOP_TIMES)


def compression(text: str) -> float | None:
    """Bytes that zlib leaves of the text's, less its own 8 for an empty one, at most 1; None for no text."""
    raw = text.encode("utf-8", "replace")
    return min(1.0, max(0, len(zlib.compress(raw, 9)) - len(zlib.compress(b"", 9))) / len(raw)) if raw else None


def _grams(text: str, n: int) -> list[tuple[str, ...]]:
    words = text.split()
    return list(zip(*(words[k:] for k in range(n)), strict=False))
