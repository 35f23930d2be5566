"""Scores of whole texts as commands and plans ask for them: by name, by words, or by a judge's answers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from real_models import Endpoint, LanguageModel, Question, judge_at, judge_locally

ScoreAll = Callable[[Sequence[str]], Float[np.ndarray, " texts"]]


def judged(
    question: str, judge: str, url: str | None, texts: Sequence[str], *, load: Callable[[str], Any], keep: Path
) -> Float[np.ndarray, " texts"]:
    """A judge's answers about the texts, 1 for yes, 0 for no, NaN for none: of a checkpoint, or at an endpoint.

    `load(judge)` gives the model of a checkpoint; answers of an endpoint are kept in the file `keep`. A judge that
    answers about no text is a `ValueError`.
    """
    asked = Question(wording=question)
    if url is None:
        model: LanguageModel = load(judge)
        found = judge_locally(model, asked, texts)
    else:
        found = judge_at(Endpoint(url=url, model=judge), asked, texts, keep=keep)
    if found.missing.all():
        raise ValueError(found.say())
    return found.labels
