"""The figures of the unconstrained features model, from its observations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from steerlaw.rendering.figures.concepts import concept_behaviours_figure
from steerlaw.rendering.figures.cross_entropy import cross_entropy_figure
from steerlaw.rendering.figures.curves import Curve, Panel
from steerlaw.rendering.figures.data_law import data_law_figure
from steerlaw.rendering.figures.drawn import Drawing, Drawn, draw_all
from steerlaw.rendering.figures.predicted import cross_entropy_laws, known, token_peaks
from steerlaw.rendering.figures.style import SERIES
from steerlaw.rendering.figures.tokens import token_bumps_figure

if TYPE_CHECKING:
    from steerlaw.inputs.subjects import Observation

MODEL = "ufm-exact"
TOKENS_OF = "weighted/random"
NEGATIVES = {"smoothing/contrastive": "contrastive negatives", "smoothing/random": "random negatives"}
"""Instances of the model that are drawn."""
NEAR = 0.3
"""Strengths of the inset in which the quadratic is close."""


def toy_figures(observations: Iterable[Observation]) -> list[Drawn]:
    """Data law, token bumps, concept behaviours, cross-entropy; whichever the observations allow."""
    return draw_all(toy_drawings(observations))


def toy_drawings(observations: Iterable[Observation]) -> list[Drawing]:
    """The same, still to be drawn."""
    known = [o for o in observations if o.subject.control is None and o.baseline is not None]
    own = [o for o in known if o.subject.model == MODEL]
    tokens = [o for o in own if o.kind == "next token" and o.subject.instance == TOKENS_OF]
    texts = [o for o in own if o.kind == "cross-entropy" and o.subject.instance in NEGATIVES]
    figures = {
        "data-law": (_data_law, "log_odds"),
        "token-bumps": (_token_bumps, "log_probability"),
        "concept-behaviours": (_concept_behaviours, "concept_logit"),
    }
    drawings = [
        Drawing(name=name, draw=partial(draw, o))
        for o in tokens
        for name, (draw, shown) in figures.items()
        if shown in o.sweep.data
    ]
    return [*drawings, *([Drawing(name="cross-entropy", draw=partial(_cross_entropy, texts))] if texts else [])]


def _data_law(observation: Observation, name: str) -> Drawn:
    baseline, names = known(observation.baseline, "baseline"), observation.subject.concept_names
    return Drawn(
        name=name,
        title="The data law and its log-odds",
        caption="Above: the probability of each token in a context of each concept; tokens are likelier in contexts of "
        "their own concept. Below: the log-odds that steering towards the target reads off the contexts, positive "
        "on the target and nowhere else (Lemma B.4); a dot is zero. As the paper's Figure 2, with uneven weights.",
        figure=data_law_figure(
            np.exp(known(baseline.data, "data law")),
            known(baseline.log_odds, "log-odds"),
            _concept_of(observation),
            names,
            [f"in {name}" for name in names],
        ),
    )


def _token_bumps(observation: Observation, name: str) -> Drawn:
    data, concept_of = observation.sweep.data, _concept_of(observation)
    tokens = data.token.values.tolist()
    panels = []
    for context, where in _outside_and_inside(observation):
        curves = data.log_probability.isel(context=context).transpose("token", "strength")
        colours = [SERIES[concept_of[z]] for z in tokens]
        reach = float(np.abs(data.strength).max())
        panels.append(
            Panel(
                title=f"context in {where}",
                strengths=data.strength.values,
                curves=[Curve(values=np.exp(y), colour=c) for y, c in zip(curves.values, colours, strict=True)],
                marks=[
                    (strength, height, SERIES[concept_of[z]])
                    for z, strength, height in token_peaks(known(observation.baseline, "baseline"), context)
                    if z in tokens and abs(strength) <= reach
                ],
            )
        )
    return Drawn(
        name=name,
        title="Tokens rise, peak and fall",
        caption="Observed next-token probabilities of every token of the exact model, steered towards the target "
        "(positive strengths) and away from it. Dots are the peaks predicted before steering, the roots of "
        "E[M] = M(z) (Theorem 3.3); tokens of extremal log-odds have none. As the paper's Figures 3 and B.1.",
        figure=token_bumps_figure(panels, observation.subject.concept_names),
    )


def _concept_behaviours(observation: Observation, name: str) -> Drawn:
    data = observation.sweep.data
    panels = []
    for context, where in _outside_and_inside(observation):
        logits = data.concept_logit.isel(context=context).transpose("concept", "strength").values
        curves = [Curve(values=1 / (1 + np.exp(-y)), colour=c) for y, c in zip(logits, SERIES, strict=False)]
        panels.append(Panel(title=f"context in {where}", strengths=data.strength.values, curves=curves))
    return Drawn(
        name=name,
        title="Concepts rise, fall, or fade at both ends",
        caption="Probability that the next token lies in each concept (Theorem 3.6). The target, which holds the "
        "largest log-odds, rises to 1; the concept that holds the smallest falls; a concept between them vanishes at "
        "both ends, and does not return to its unsteered value as v1 of the paper says. As the paper's Figure 4.",
        figure=concept_behaviours_figure(panels, observation.subject.concept_names),
    )


def _cross_entropy(observations: Sequence[Observation], name: str) -> Drawn:
    panels = []
    for observation in sorted(observations, key=lambda o: str(o.subject.instance)):
        data, strengths = observation.sweep.data, observation.sweep.data.strength.values
        observed = np.average(data.cross_entropy.transpose("strength", "segment"), axis=1, weights=data.segment_share)
        exact, quadratic = cross_entropy_laws(known(observation.baseline, "baseline"), strengths)
        panels.append(
            Panel(
                title=NEGATIVES[str(observation.subject.instance)],
                strengths=strengths,
                curves=[
                    Curve(values=observed - observed[np.argmin(np.abs(strengths))]),
                    Curve(values=exact, kind="predicted"),
                    Curve(values=quadratic, kind="approximation"),
                ],
            )
        )
    return Drawn(
        name=name,
        title="Cross-entropy is quadratic only near zero",
        caption="Change of cross-entropy on the model's own data law. The quadratic of Theorem 3.8 is local (inset); "
        "the exact law holds at every strength and grows linearly in the end. As the paper's Figure 5.",
        figure=cross_entropy_figure(panels, near=NEAR),
    )


def _concept_of(observation: Observation) -> np.ndarray:
    return np.argmax(_concepts(observation), axis=0)


def _concepts(observation: Observation) -> np.ndarray:
    return known(known(observation.baseline, "baseline").concepts, "concepts")


def _outside_and_inside(observation: Observation) -> list[tuple[int, str]]:
    """A context outside the target and one inside, by their likeliest concept, with its name."""
    mass = np.exp(known(observation.baseline, "baseline").log_probs) @ _concepts(observation).T
    home, names = mass.argmax(axis=1), observation.subject.concept_names
    outside, inside = np.flatnonzero(home != 0)[-1:], np.flatnonzero(home == 0)[:1]
    return [(int(j), names[home[j]]) for j in (*outside, *inside)]
