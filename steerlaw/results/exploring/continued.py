"""What a model says after the contexts that a reader can explore: greedy continuations at a few strengths of each."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from real_models import LanguageModel, sample
from steerlaw.experiments.experiment import Experiment
from steerlaw.results.exploring.explored import Continuation, Explored

PUSHES = (-2.0, -1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0)
"""Where people steer, and twice as far, in norms of the residual."""
TOKENS = 24
MOST = 16
"""Contexts that are continued, the first ones: as many as a page shows."""


def continued(explored: Sequence[Explored], experiments: Iterable[Experiment]) -> list[Explored]:
    """The same, of which the first `MOST` say how their models go on, where these write texts of their own.

    Steering is at every position, of prompt and text; an experiment that steers the last one alone has no such texts.
    """
    made = {_place(one): one for one in experiments if _writes(one)}
    groups: dict[tuple, list[int]] = {}
    for number, one in enumerate(explored[:MOST]):
        if (place := (one.model, one.concept, one.layer)) in made:
            groups.setdefault(place, []).append(number)
    found = list(explored)
    for place, numbers in groups.items():
        texts = _texts(made[place], [explored[number] for number in numbers])
        for number, own in zip(numbers, texts, strict=True):
            found[number] = replace(explored[number], continuations=own)
    return found


def _texts(experiment: Experiment, own: Sequence[Explored]) -> list[tuple[Continuation, ...]]:
    """How each of the contexts goes on at those of the strengths that its curve was steered to, all in one batch."""
    model, subject = experiment.model, experiment.subject
    assert isinstance(model, LanguageModel)
    assert subject.layer is not None
    prompts = [subject.contexts[one.context] for one in own]
    tokens = min(TOKENS, model.spec.max_positions - max(len(prompt) for prompt in prompts))
    strengths = [push / one.push for one in own[:1] for push in PUSHES if _inside(one, push)]
    if tokens < 1 or not strengths:
        return [() for _ in own]
    drawn = sample(
        model,
        prompts,
        strengths,
        layer=subject.layer,
        vector=experiment.vector,
        tokens=tokens,
        temperature=0.0,
        divergences=False,
    )
    return [
        tuple(Continuation(strength=at, text=str(text)) for at, text in zip(strengths, row[:, 0], strict=True))
        for row in drawn.texts
    ]


def _inside(one: Explored, push: float) -> bool:
    low, high = one.curve.window
    return low <= push / one.push <= high


def _writes(experiment: Experiment) -> bool:
    model = experiment.model
    steered = experiment.positions == "all" and experiment.subject.control is None
    return steered and isinstance(model, LanguageModel) and model.tokenizer is not None


def _place(experiment: Experiment) -> tuple[str, str | None, int | None]:
    return experiment.subject.name, experiment.subject.concept, experiment.subject.layer
