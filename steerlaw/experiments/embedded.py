"""The embedded models as experiments: the toy models and chains, then the language model that ships with steerlaw."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from real_models import LanguageModel, difference_of_means, load_model, prompt_log_odds
from steerlaw.experiments.chains import chain_experiments
from steerlaw.experiments.experiment import Experiment, Grid
from steerlaw.experiments.language import language_experiments
from steerlaw.experiments.toy import toy_experiments
from steerlaw.inputs.concept import Concept
from toy_models import stdlib_gpt

NAME = "stdlib-gpt"
TEXT_SEGMENTS, TEXT_TOKENS = 8, 48
"""How much text the cross-entropy is measured on: every steered position of it is run at every strength."""


def embedded_inputs() -> list[Path]:
    """The files that the embedded run depends on."""
    return [stdlib_gpt.CHECKPOINT, stdlib_gpt.DATA]


def embedded_experiments(grid: Grid, seed: int = 0) -> Iterator[Experiment]:
    """Every embedded experiment, and the language model's control of random weights, which `seed` draws."""
    yield from toy_experiments(grid)
    yield from chain_experiments(grid)
    model, exact = (
        replace(load_model(stdlib_gpt.CHECKPOINT, dtype=dtype), name=NAME) for dtype in ("float32", "float64")
    )
    for name in stdlib_gpt.CONCEPTS:
        yield from language_experiments(model, exact, embedded_concept(model, name), grid, seed)


def embedded_concept(model: LanguageModel, name: str, *, further: bool = False, draw: int | None = None) -> Concept:
    """A concept of the shipped model: the vectors of its blocks, and its texts; `further`: of 32 contexts, not 16.

    With `draw` the texts that build the vectors, and those that measure the log-odds, are drawn anew from themselves,
    with replacement: a bootstrap draw of that number.
    """
    rng = None if draw is None else np.random.default_rng(draw)

    def prompts(use: str) -> list[list[str]]:
        texts = stdlib_gpt.prompts(name, use)
        return [list(side if rng is None else rng.choice(side, len(side))) for side in texts]

    vectors = difference_of_means(model, *prompts("vector"))
    negative, positive = stdlib_gpt.contexts(name)
    more = [text for side in stdlib_gpt.contexts(name, further=True) for text in side] if further else []
    segments = [model.encode(text)[:TEXT_TOKENS] for text in stdlib_gpt.segments()[:TEXT_SEGMENTS]]
    return Concept(
        name=name,
        vectors=dict(enumerate(np.asarray(vectors))),
        contexts=[*negative, *positive, *more],
        targets=stdlib_gpt.target_tokens(name),
        log_odds=np.asarray(prompt_log_odds(model, *prompts("log_odds"))),
        segments=np.array(segments),
    )
