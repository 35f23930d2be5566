"""Whole texts after the contexts of an experiment: steered ones, others that predict them, and a random direction's."""

from collections.abc import Iterable, Iterator
from math import sqrt
from typing import TypedDict

import numpy as np
from jaxtyping import Bool, Float

from numerics.reweighting.derivatives import Derivatives
from real_models import LanguageModel, TextCurve, TextPrediction, predict_texts, text_curve
from steerlaw.experiments.experiment import Experiment
from steerlaw.inputs.swept_texts import FAILURE, Scores, SweptTexts

TOKENS = 48
NATS = 6.0
"""Nats a text that either end of the window costs, as unsteered texts predict."""
INNER = (0.02, 0.25, 0.5, 0.75, 1.0)
"""Strengths of either side in units of the window: two beside 0, of which the observed slope is."""
DIRECTIONS = 4
"""Random directions of which the slope is predicted; the first is observed, too."""
HIT = "a token of the concept"


class Options(TypedDict):
    """What all draws have in common."""

    layer: int
    tokens: int
    seed: int


def middle_experiments(experiments: Iterable[Experiment]) -> Iterator[Experiment]:
    """Of each language model and concept the experiment on its middle block, which is where the paper steers."""
    groups: dict[tuple[str, str | None], list[Experiment]] = {}
    for one in experiments:
        if isinstance(one.model, LanguageModel) and one.subject.control is None:
            groups.setdefault((one.subject.model, one.subject.concept), []).append(one)
    for group in groups.values():
        yield sorted(group, key=lambda one: one.subject.layer or 0)[len(group) // 2]


def drawn_texts(experiment: Experiment, samples: int, seed: int, level: float = 0.05) -> SweptTexts:
    """`samples` steered texts after each context, over all strengths, and as many unsteered ones that predict them.

    The score is the share of the concept's tokens or, where these are not known, how much a text repeats itself. The
    window is as wide as unsteered texts say that `NATS` a text will go; the random directions have the vector's norm.
    """
    model, subject = experiment.model, experiment.subject
    assert isinstance(model, LanguageModel)
    contexts, layer = [list(tokens) for tokens in subject.contexts], subject.layer or 0
    vector = np.asarray(experiment.vector, np.float64)
    how = Options(layer=layer, tokens=_tokens(model, contexts), seed=seed)
    predicted = predict_texts(model, contexts, vector=vector, **how, samples=max(samples, _least(contexts)))
    if not (information := predicted.information(level).value) > 0:
        raise ValueError(f"{subject.name}: no text moves along the vector of block {layer}; give another vector")
    end = sqrt(2 * NATS / information)
    strengths = end * np.array([*(-share for share in INNER[::-1]), 0.0, *INNER])
    targets = None if experiment.baseline.concepts is None else np.asarray(experiment.baseline.concepts[0], bool)

    def observed(along: Float[np.ndarray, " d"], count: int) -> TextCurve:
        enough = max(count, _most(contexts))
        curve = text_curve(model, contexts, "repeated", strengths, **how, vector=along, level=level, samples=enough)
        return curve if targets is None else curve.rescored(curve.target_shares(targets))

    curve, random = observed(vector, samples), random_directions(vector, seed)
    return SweptTexts(
        model=subject.model,
        layer=subject.layer,
        concept=subject.concept,
        score="repeated words" if targets is None else "the concept's tokens",
        tokens=how["tokens"],
        curve=curve,
        predicted=predicted,
        unsteered=_scores(predicted, targets),
        events=_events(curve, predicted, targets),
        random=[_along(predicted, model, layer, one, targets, level) for one in random],
        along_random=observed(random[0], samples // 2),
    )


def random_directions(vector: Float[np.ndarray, " d"], seed: int) -> Float[np.ndarray, "directions d"]:
    """Gaussian directions of the vector's norm."""
    drawn = np.random.default_rng(seed).standard_normal((DIRECTIONS, vector.size))
    return drawn * np.linalg.norm(vector) / np.linalg.norm(drawn, axis=1, keepdims=True)


def _along(
    predicted: TextPrediction, model: LanguageModel, layer: int, vector: np.ndarray, targets, level: float
) -> Derivatives:
    """What the same unsteered texts say of another direction."""
    made = predicted.along(model, layer=layer, vector=vector)
    return made.derivatives(_scores(made, targets), level)


def _scores(predicted: TextPrediction, targets: Bool[np.ndarray, " vocab"] | None) -> Scores:
    return predicted.scores("repeated") if targets is None else predicted.target_shares(targets)


def _events(curve: TextCurve, predicted: TextPrediction, targets) -> dict[str, tuple[Scores, Scores]]:
    """That a text repeats itself, a failure; and that it holds a token of the concept at all."""
    found = {FAILURE: (curve.rescored(FAILURE).scores, predicted.scores(FAILURE))}
    if targets is not None:
        hits = (np.asarray(made.target_shares(targets) > 0, float) for made in (curve, predicted))
        found[HIT] = next(hits), next(hits)
    return found


def _tokens(model: LanguageModel, contexts: list[list[int]]) -> int:
    """As many as fit, `TOKENS` at most."""
    room = model.spec.max_positions + 1 - max(map(len, contexts))
    return max(1, min(TOKENS, room)) if model.spec.positions == "learned" else TOKENS


def _least(contexts: list[list[int]]) -> int:
    """Unsteered texts that a prediction takes: 2 a context, 8 of a lone one."""
    return 2 if len(contexts) > 1 else 8


def _most(contexts: list[list[int]]) -> int:
    """Texts that suffice for a window of `NATS`: one at 0 and at three strengths a side, 8 each of a lone context."""
    return 9 if len(contexts) > 1 else 72
