"""The scores that have a name, for the command line and for `text_curve`; and scoring of many texts by any of them."""

from collections.abc import Callable, Iterable
from functools import partial
from math import isfinite
from typing import Any

import numpy as np
from jaxtyping import Float

from real_models.scores.loops import compression, distinct, loops, repeated
from real_models.scores.words import capitals, length

Score = Callable[[str], Any]
"""A text's score: a number, True or False, or None where it has none."""

SCORES: dict[str, Score] = {
    "capitals": capitals,
    "compression": compression,
    "distinct-1": partial(distinct, n=1),
    "distinct-2": partial(distinct, n=2),
    "length": length,
    "loops": loops,
    "repeated": repeated,
}


def score_named(score: str | Score) -> Score:
    """The score of that name, or the one given; a `ValueError` lists the names there are."""
    if callable(score):
        return score
    if score not in SCORES:
        raise ValueError(f"unknown score {score!r}, expected one of {', '.join(SCORES)}, or a function of a text")
    return SCORES[score]


def scored(score: str | Score, texts: Iterable[str]) -> Float[np.ndarray, " texts"]:
    """The score of every text, NaN where it is missing; an infinite one, or what is no number, is a `ValueError`."""
    function, name = score_named(score), score if isinstance(score, str) else getattr(score, "__name__", "score")
    return np.array([_number(function(text), name, i) for i, text in enumerate(texts)], float)


def _number(value: Any, name: str, i: int) -> float:
    if value is None:
        return float("nan")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"the score {name} of text {i} is {value!r:.60}, expected a number or None") from None
    if not isfinite(number):
        raise ValueError(f"the score {name} of text {i} is {number}, expected a finite number, or None for missing")
    return number
