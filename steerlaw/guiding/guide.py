"""From a model and two lists of texts to a block and a strength: the whole way, each step kept as it is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from real_models import Check, LanguageModel, examine, sample, text_residuals
from steerlaw.guiding.answer import Answer, Continuation
from steerlaw.guiding.blocks import Block, compared_blocks, ranked
from steerlaw.guiding.concept_tokens import telling_tokens
from steerlaw.guiding.dose import Dose, dose_for
from steerlaw.guiding.separation import held_out_separation
from steerlaw.guiding.steps import Steps
from steerlaw.inputs.concept_files import word_tokens

PROMPTS, PROMPT_TOKENS = 12, 16
"""Of the texts without the concept, how many begin a prompt, and with how many tokens, where none are given."""
SHOWN = 6
"""Tokens of the concept that are named."""
READ, TOKENS, TEMPERATURE = 3, 32, 0.7
"""How many prompts are continued, by how many tokens, drawn at which temperature."""

Tell = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and of how much."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a guide is asked: texts with the concept and without, prompts to steer and words if there are any, a budget
    of KL(p_alpha, p) in nats for the next token, and the share of prompts that may overspend it."""

    positive: Sequence[str]
    negative: Sequence[str]
    prompts: Sequence[str] = ()
    words: frozenset[str] | None = None
    budget: float = 0.5
    risk: float = 0.1


Vectors = Mapping[int, Float[np.ndarray, " d"]]


def guide(model: LanguageModel, asked: Request, steps: Steps, tell: Tell) -> tuple[Answer, Vectors]:
    """The answer, and the difference of means at every block."""
    positive, negative = ([model.encode(text) for text in texts] for texts in (asked.positive, asked.negative))
    concept = (
        telling_tokens(positive, negative, model.vocab_size) if asked.words is None else word_tokens(model, asked.words)
    )
    if concept.all():
        raise ValueError(f"every token of {model.name} is one of the concept's: nothing is left to tell it from")
    vectors, separation = _vectors(model, positive, negative, steps, tell)
    prompts = list(asked.prompts) or [ids[:PROMPT_TOKENS] for ids in negative[:PROMPTS]]
    asking: dict[str, Any] = {"concept": concept, "budget": asked.budget}
    blocks = _blocks(model, prompts, vectors, separation, asking, steps, tell)
    best = blocks[0].layer
    where: dict[str, Any] = {"layer": best, "vector": vectors[best]}
    dose = _dose(model, prompts, where | asking | {"risk": asked.risk}, steps, tell)
    texts = steps.finding(
        "continuations", lambda: [] if dose is None else _continued(model, prompts[:READ], dose.strength, where)
    )
    checks = steps.finding("checks", lambda: [asdict(one) for one in examine(model, prompts[0], best, vectors[best])])
    answer = Answer(
        model=model.name,
        budget=asked.budget,
        risk=asked.risk,
        blocks=blocks,
        dose=dose,
        shown=_shown(model, positive, concept),
        own_words=asked.words is not None,
        own_prompts=bool(asked.prompts),
        checks=[Check(**found) for found in checks],
        continuations=[Continuation(**text) for text in texts],
    )
    return answer, vectors


def _vectors(
    model: LanguageModel, positive: Sequence[list[int]], negative: Sequence[list[int]], steps: Steps, tell: Tell
) -> tuple[Vectors, dict[int, float]]:
    """The difference of means and its held-out separation at every block, from one pass over the texts."""
    total = len(positive) + len(negative)

    def residuals(texts: Sequence[list[int]], kind: str, before: int) -> Float[np.ndarray, "texts layers d"]:
        progress = lambda here, _: tell("reading the texts", before + here, total)  # noqa: E731
        return text_residuals(model, texts, kind, progress=progress)

    def made() -> dict[str, Any]:
        high, low = residuals(positive, "positive", 0), residuals(negative, "negative", len(positive))
        vectors = (high.mean(axis=0) - low.mean(axis=0)).astype(np.float32)
        return {"vectors": vectors.tolist(), "separation": held_out_separation(high, low).tolist()}

    found = steps.finding("vectors", made)
    rows = np.asarray(found["vectors"], np.float32)
    kept = {layer: row for layer, row in enumerate(rows) if row.any()}
    if not kept:
        raise ValueError("the texts with the concept and without have equal means at every block; give other texts")
    return kept, {layer: found["separation"][layer] for layer in kept}


def _blocks(
    model: LanguageModel,
    prompts: Sequence[Any],
    vectors: Vectors,
    separation: Mapping[int, float],
    asking: Mapping[str, Any],
    steps: Steps,
    tell: Tell,
) -> list[Block]:
    """The blocks, the best first."""

    def made() -> list[dict[str, Any]]:
        told = _counted(tell, "comparing blocks", len(prompts))
        found = compared_blocks(model, prompts, vectors, separation=separation, tell=told, **asking)
        return [asdict(block) for block in found]

    return ranked([Block(**found) for found in steps.finding("blocks", made)])


def _dose(
    model: LanguageModel, prompts: Sequence[Any], asking: Mapping[str, Any], steps: Steps, tell: Tell
) -> Dose | None:
    """The strength at the best block, if there is one that spends the budget."""

    def made() -> dict[str, Any] | None:
        dose = dose_for(model, prompts, tell=_counted(tell, "measuring the dose", len(prompts)), **asking)
        return None if dose is None else dose.to_json()

    found = steps.finding("dose", made)
    if found is None:
        return None
    reach = found["tilt_reach"]
    fixed = {"concept": tuple(found["concept"]), "tilt_reach": float("inf") if reach is None else reach}
    return Dose(**(found | fixed))


def _continued(
    model: LanguageModel, prompts: Sequence[Any], dose: float, where: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What the model says after some prompts, unsteered, at half the dose and at the dose, from the same numbers.

    Nothing where it has no tokenizer, or no position left after the prompts.
    """
    longest = max(len(model.encode(prompt)) for prompt in prompts)
    learned = model.spec.positions == "learned"
    tokens = min(TOKENS, model.spec.max_positions + 1 - longest) if learned else TOKENS
    if model.tokenizer is None or tokens < 1:
        return []
    at = np.array([0.0, dose / 2, dose])
    texts = sample(model, prompts, at, tokens=tokens, temperature=TEMPERATURE, **where)
    return [
        asdict(Continuation(prompt=prompt, strength=float(alpha), text=str(texts.texts[i, j, 0])))
        for i, prompt in enumerate(texts.prompt_texts)
        for j, alpha in enumerate(at)
    ]


def _shown(model: LanguageModel, positive: Sequence[list[int]], concept: Bool[np.ndarray, " vocab"]) -> list[str]:
    """Texts of the concept's tokens that most texts with it hold."""
    count = np.zeros(model.vocab_size)
    for ids in positive:
        count[np.unique(ids)] += 1
    leading = np.argsort(-np.where(concept, count, -1.0), kind="stable")[: min(SHOWN, int(concept.sum()))]
    if model.tokenizer is None:
        return [str(token) for token in leading]
    return [model.tokenizer.decode([int(token)], skip_special_tokens=False) for token in leading]


def _counted(tell: Tell, what: str, total: int) -> Callable[[], None]:
    """Counts calls."""
    tell(what, 0, total)
    calls = iter(range(1, total + 1))
    return lambda: tell(what, next(calls), total)
