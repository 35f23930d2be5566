"""The curves that a reader can explore: each a context of a language model, with what was predicted of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from numerics.observing.curves.curve import SteeredCurve
from numerics.observing.curves.loading import curves_of
from numerics.observing.curves.rays import is_curved
from steerlaw.inputs.subjects import Observation, Subject

SHOWN = 3
"""Tokens that are shown before the reader chooses."""


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """What the model goes on with at a strength, by its likeliest token each time."""

    strength: float
    text: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Explored:
    """A context steered at one block, its curve, and what the unsteered model predicts of it.

    `push` is that of strength 1. `log_probs` are the unsteered model's; `local` the derivative of this context's logits
    at strength 0, and `prompts` the log-odds measured on prompts, as far as they are known: each predicts
    `log p + alpha M - log sum exp(log p + alpha M)`. `shown` are ids of tokens worth a first look, and `watched` those
    of which the sweep kept whole curves, all chosen before steering. `continuations` are by ascending strength.
    """

    model: str
    concept: str | None
    layer: int | None
    context: int
    prompt: str
    push: float
    curve: SteeredCurve = field(repr=False)
    log_probs: Float[np.ndarray, " vocab"] = field(repr=False)
    local: Float[np.ndarray, " vocab"] | None = field(default=None, repr=False)
    prompts: Float[np.ndarray, " vocab"] | None = field(default=None, repr=False)
    shown: tuple[int, ...] = ()
    watched: tuple[int, ...] = ()
    texts: tuple[str, ...] = field(default=(), repr=False)
    continuations: tuple[Continuation, ...] = ()

    @property
    def predictions(self) -> dict[str, Float[np.ndarray, " vocab"]]:
        """The log-odds that there are, by the name of the prediction."""
        return {name: odds for name in ("local", "prompts") if (odds := getattr(self, name)) is not None}


def explored_curves(observations: Iterable[Observation], models: Mapping[str, Any]) -> list[Explored]:
    """Every context of every block that was steered along its own vector and is known at all strengths.

    `models` give unembeddings and tokenizers by the name of the model; a saved sweep may hold its own unembedding. In
    the order in which a page with little room should take them: of each block and concept the first and the last
    context, the middle blocks first.
    """
    found = [
        one
        for observation in observations
        if observation.kind == "next token" and observation.subject.control is None and observation.subject.push
        for one in _of_observation(observation, models.get(observation.subject.model))
    ]
    layers: dict[str, set[int]] = {}
    for one in found:
        layers.setdefault(one.model, set()).add(one.layer or 0)
    contexts = {one.model: max(other.context for other in found if other.model == one.model) for one in found}

    def place(one: Explored) -> tuple[int, int]:
        middle = sorted(layers[one.model])[len(layers[one.model]) // 2]
        return _turn(one.context, contexts[one.model]), abs((one.layer or 0) - middle)

    return sorted(found, key=place)


def _turn(context: int, last: int) -> int:
    """The first context and the last, then the others as they come."""
    return 0 if context == 0 else 1 if context == last else context + 1


def _of_observation(observation: Observation, model: Any) -> Iterator[Explored]:
    sweep, known, subject = observation.sweep, observation.baseline, observation.subject
    readable = sweep.nodes is not None and (is_curved(model) or "unembedding" in sweep.nodes)
    if not readable or known is None or known.log_probs is None or not subject.push:
        return
    assert sweep.nodes is not None
    curves = curves_of(sweep.nodes, model if is_curved(model) else None)
    texts = token_names(subject, curves[0].head.size)
    watched = tuple(sweep.data["token"].to_numpy().tolist()) if "token" in sweep.data else ()
    for number, (curve, context) in enumerate(zip(curves, subject.contexts, strict=False)):
        log_probs = np.asarray(known.log_probs, np.float64)[number]
        local = None if known.local_log_odds is None else np.asarray(known.local_log_odds)[number]
        prompts = None if known.log_odds is None else np.asarray(known.log_odds)
        odds = local if local is not None else prompts
        yield Explored(
            model=subject.name,
            concept=subject.concept,
            layer=subject.layer,
            context=number,
            prompt=_prompt(context, getattr(model, "tokenizer", None), texts),
            push=subject.push,
            curve=curve,
            log_probs=log_probs,
            local=local,
            prompts=prompts,
            shown=_worth_a_look(log_probs, odds, 1 / subject.push),
            watched=watched,
            texts=texts,
        )


def _worth_a_look(
    log_probs: Float[np.ndarray, " vocab"], odds: Float[np.ndarray, " vocab"] | None, strength: float
) -> tuple[int, ...]:
    """The likeliest token, and those predicted to be likeliest at push 1 either way; then the next likely ones."""
    tilted = [] if odds is None else [int(np.argmax(log_probs + sign * strength * odds)) for sign in (1, -1)]
    likeliest = np.argsort(-log_probs, kind="stable")[:SHOWN].tolist()
    return tuple(dict.fromkeys([likeliest[0], *tilted, *likeliest]))[:SHOWN]


def token_names(subject: Subject, size: int) -> tuple[str, ...]:
    """Texts of all tokens; empty where there is no tokenizer."""
    name = subject.token_text
    return () if name is None else tuple(name(token) for token in range(size))


def _prompt(context: Any, tokenizer: Any, texts: Sequence[str]) -> str:
    """The context as text, of its tokens where it is given in ids."""
    if isinstance(context, str):
        return context
    ids = [int(token) for token in np.ravel(context)] if np.ndim(context) == 1 else []
    if tokenizer is not None:
        return str(tokenizer.decode(ids))
    return "".join(texts[token] for token in ids if token < len(texts))
