"""The figures of language models, from their observations: a column a layer, the control beside the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from steerlaw.rendering.figures.concepts import target_concept_figure
from steerlaw.rendering.figures.cross_entropy import cross_entropy_figure
from steerlaw.rendering.figures.curves import Curve, Panel, darker
from steerlaw.rendering.figures.drawn import Drawing, Drawn, draw_all, slug
from steerlaw.rendering.figures.predicted import concept_probability, cross_entropy_laws, known, token_probabilities
from steerlaw.rendering.figures.style import GREY, SERIES, VERMILLION
from steerlaw.rendering.figures.tokens import token_curves_figure

if TYPE_CHECKING:
    from numerics.baseline import Baseline
    from steerlaw.inputs.subjects import Observation, Subject

LAYERS = 3
"""Layers drawn: the first, the middle, the last."""
TOKENS = 6
"""Tokens drawn, one colour each."""
CONTROL = "random_direction"

Pair = tuple["Observation", "Observation | None"]
"""A model's observation and, if there is one, that of its random direction."""


def language_figures(observations: Iterable[Observation]) -> list[Drawn]:
    """Token curves, target concept and cross-entropy of every model that is steered in its residual stream."""
    return draw_all(language_drawings(observations))


def language_drawings(observations: Iterable[Observation]) -> list[Drawing]:
    """The same, still to be drawn."""
    observations = [o for o in observations if o.subject.push is not None]
    drawings = []
    for model in dict.fromkeys((o.subject.model, o.subject.instance) for o in observations):
        own = [o for o in observations if (o.subject.model, o.subject.instance) == model]
        concepts = list(dict.fromkeys(o.subject.concept for o in own))
        nexts = [_layers(_showing("log_probability", own, c)) for c in concepts]
        texts = [_layers(_showing("cross_entropy", own, c)) for c in concepts]
        named = [pair for c in concepts for pair in _layers(_showing("concept_logit", own, c))]
        drawings += [_drawing(_token_curves, pairs, pairs[0][0].subject.concept, "tokens") for pairs in nexts if pairs]
        drawings += [_drawing(_target_concept, named, "target-concept")] if named else []
        drawings += [
            _drawing(_cross_entropy, pairs, pairs[0][0].subject.concept, "cross-entropy") for pairs in texts if pairs
        ]
    return drawings


def _showing(name: str, observations: Sequence[Observation], concept: str | None) -> list[Observation]:
    """Those of a concept that hold the variable of this name; limits are not drawn."""
    own = [o for o in observations if o.subject.concept == concept and o.kind != "limit"]
    return [o for o in own if name in o.sweep.data]


def _drawing(draw: Callable[[Sequence[Pair], str], Drawn | None], pairs: Sequence[Pair], *words: str | None) -> Drawing:
    name = slug(pairs[0][0].subject.name, *filter(None, words))
    return Drawing(name=name, draw=partial(draw, pairs))


def _layers(observations: Sequence[Observation]) -> list[Pair]:
    """First, middle and last layer, each with its control."""
    own = sorted((o for o in observations if o.subject.control is None), key=lambda o: o.subject.layer or 0)
    controls = {o.subject.layer: o for o in observations if o.subject.control == CONTROL}
    chosen = np.unique(np.linspace(0, len(own) - 1, LAYERS).round().astype(int)) if own else []
    return [(own[i], controls.get(own[i].subject.layer)) for i in chosen]


def _token_curves(pairs: Sequence[Pair], name: str, context: int = 0) -> Drawn | None:
    shared = [set(o.sweep.data.token.values.tolist()) for pair in pairs for o in pair if o]
    tokens = _prominent([o for o, _ in pairs], sorted(set.intersection(*shared)) if shared else [], context)
    if not tokens:
        return None
    subject = pairs[0][0].subject
    controls = [control for _, control in pairs if control]
    return Drawn(
        name=name,
        title=f"{subject.name}, {subject.concept}: next-token probabilities",
        caption=f"After {_prompt(subject, context)}, steered at the output of a block. Solid: observed. Dashed: the "
        "tilted distribution, predicted from the unsteered model alone. Below: the same tokens along a random "
        "direction of equal norm. As the paper's Figure 6.",
        figure=token_curves_figure(
            [_token_panel(o, tokens, context) for o, _ in pairs],
            [_token_panel(o, tokens, context) for o in controls] if len(controls) == len(pairs) else [],
            [_text(subject, z) for z in tokens],
        ),
    )


def _token_panel(observation: Observation, tokens: Sequence[int], context: int) -> Panel:
    strengths, curves = observation.sweep.data.strength.values, _observed(observation, context)
    control = observation.subject.control is not None
    kind = "control" if control else "observed"
    drawn = [Curve(values=curves[z], colour=colour, kind=kind) for z, colour in zip(tokens, SERIES, strict=False)]
    if not control and _predicts(observation):
        predicted = token_probabilities(_law(observation), context, tokens, strengths)
        drawn += [Curve(values=y, colour=darker(c), kind="predicted") for y, c in zip(predicted, SERIES, strict=False)]
    title = "random direction" if control else _block(observation)
    return Panel(title=title, strengths=strengths, curves=drawn, push=observation.subject.push)


def _target_concept(pairs: Sequence[Pair], name: str) -> Drawn:
    panels = []
    for observation, control in pairs:
        strengths = observation.sweep.data.strength.values
        curves = [Curve(values=_target_probability(observation), colour=VERMILLION)]
        if _predicts(observation):
            curves.append(Curve(values=concept_probability(_law(observation), 0, strengths), kind="predicted"))
        if control:
            own = control.sweep.strengths
            curves.append(Curve(values=_target_probability(control), colour=GREY, kind="control", strengths=own))
        title = f"{observation.subject.concept}, {_block(observation)}"
        panels.append(Panel(title=title, strengths=strengths, curves=curves, push=observation.subject.push))
    subject = pairs[0][0].subject
    return Drawn(
        name=name,
        title=f"{subject.name}: probability of the target concept",
        caption="Mean over contexts of the probability that the next token lies in the target set, which was fixed "
        "before any sweep. Theorem 3.6 has it rise at every strength; a random direction of equal norm shows what "
        "happens with no concept at all. As the top of the paper's Figure 7.",
        figure=target_concept_figure(panels, columns=len({o.subject.layer for o, _ in pairs})),
    )


def _cross_entropy(pairs: Sequence[Pair], name: str) -> Drawn:
    panels = []
    for observation, control in pairs:
        strengths = observation.sweep.data.strength.values
        curves = [Curve(values=_cross_entropy_change(observation))]
        if _predicts(observation):
            exact, quadratic = cross_entropy_laws(_law(observation), strengths)
            curves += [Curve(values=exact, kind="predicted"), Curve(values=quadratic, kind="approximation")]
        if control:
            curves.append(Curve(values=_cross_entropy_change(control), kind="control"))
        panels.append(
            Panel(title=_block(observation), strengths=strengths, curves=curves, push=observation.subject.push)
        )
    subject = pairs[0][0].subject
    return Drawn(
        name=name,
        title=f"{subject.name}, {subject.concept}: change of cross-entropy",
        caption="On text that built no vector. Dashed and dotted: the laws of the tilt, predicted from the unsteered "
        "model. They have no plateau; a model with a final normalisation must reach one (Proposition 4.1). As the "
        "bottom of the paper's Figure 7 and its Figure A.4.",
        figure=cross_entropy_figure(panels),
    )


def _prominent(observations: Sequence[Observation], tokens: Sequence[int], context: int) -> list[int]:
    """Of these tokens, the likeliest at either end and unsteered and the highest bumps, taking the layers in turn."""
    rankings: list[list[np.ndarray]] = []
    for observation in observations:
        curves = _observed(observation, context)
        table = np.array([curves[z] for z in tokens]).reshape(len(tokens), -1)
        start, unsteered, end = table[:, [0, _zero(observation), -1]].T
        merits = (end, start, unsteered, table.max(axis=1) - np.maximum(start, end))
        rankings.append([np.argsort(-merit, kind="stable") for merit in merits])
    ranked = [ranking for merit in zip(*rankings, strict=True) for ranking in merit]
    order = [tokens[ranking[place]] for place in range(len(tokens)) for ranking in ranked]
    return list(dict.fromkeys(order))[:TOKENS]


def _observed(observation: Observation, context: int) -> dict[int, np.ndarray]:
    """Probability curve of each token of the sweep after one context."""
    curves = observation.sweep.data.log_probability.isel(context=context).transpose("token", "strength")
    return dict(zip(curves.token.values.tolist(), np.exp(curves.values), strict=True))


def _target_probability(observation: Observation) -> np.ndarray:
    logits = observation.sweep.data.concept_logit.isel(concept=0).transpose("context", "strength")
    return expit(logits.values).mean(axis=0)


def _cross_entropy_change(observation: Observation) -> np.ndarray:
    data = observation.sweep.data
    values = np.average(data.cross_entropy.transpose("strength", "segment"), axis=1, weights=data.segment_share)
    return values - values[_zero(observation)]


def _zero(observation: Observation) -> int:
    """Index of the strength 0, or of the one nearest to it."""
    return int(np.argmin(np.abs(observation.sweep.data.strength.values)))


def _predicts(observation: Observation) -> bool:
    return observation.baseline is not None and observation.baseline.log_odds is not None


def _law(observation: Observation) -> Baseline:
    return known(observation.baseline, "baseline")


def _block(observation: Observation) -> str:
    return f"block {observation.subject.layer}"


def _text(subject: Subject, token: int) -> str:
    """A token's text, or its id where that is not known."""
    return (subject.token_text(token) if subject.token_text else "") or str(token)


def _prompt(subject: Subject, context: int) -> str:
    """The end of a context in words; its number where the subject does not say what it is."""
    known = subject.contexts[context]
    if isinstance(known, str):
        text = known[-60:]
    elif isinstance(known, Sequence):
        text = "".join(_text(subject, int(z)) for z in known[-12:])
    else:
        return f"context {context}"
    return f"“…{' '.join(text.split())}”"
