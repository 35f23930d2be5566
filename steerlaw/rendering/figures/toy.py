"""The figures of the unconstrained features model, from its observations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from steerlaw.rendering.figures import Drawn
from steerlaw.rendering.figures.concepts import concept_behaviours_figure
from steerlaw.rendering.figures.cross_entropy import cross_entropy_figure
from steerlaw.rendering.figures.curves import Curve, Panel
from steerlaw.rendering.figures.data_law import data_law_figure
from steerlaw.rendering.figures.predicted import cross_entropy_laws, known, token_peaks
from steerlaw.rendering.figures.style import SERIES
from steerlaw.rendering.figures.tokens import token_bumps_figure

if TYPE_CHECKING:
    from steerlaw.inputs.subjects import Observation

TOKENS_OF = "ufm-exact/weighted/random"
CROSS_ENTROPY_OF = ("ufm-exact/smoothing/contrastive", "ufm-exact/smoothing/random")
NEAR = 0.3
"""Strengths of the inset in which the quadratic is close."""


def toy_figures(observations: Iterable[Observation]) -> list[Drawn]:
    """Data law, token bumps, concept behaviours, cross-entropy; whichever the observations allow."""
    own = [o for o in observations if o.subject.control is None and o.baseline is not None]
    tokens = [o for o in own if o.kind == "next token" and o.subject.name == TOKENS_OF]
    texts = [o for o in own if o.kind == "cross-entropy" and o.subject.name in CROSS_ENTROPY_OF]
    drawn = [draw(o) for o in tokens for draw in (_data_law, _token_bumps, _concept_behaviours)]
    return [*drawn, *([_cross_entropy(texts)] if texts else [])]


def _data_law(observation: Observation) -> Drawn:
    baseline, names = known(observation.baseline, "law"), observation.subject.concept_names
    return Drawn(
        name="data-law",
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


def _token_bumps(observation: Observation) -> Drawn:
    data, concept_of = observation.sweep.data, _concept_of(observation)
    tokens = data.token.values.tolist()
    panels = []
    for context, name in _outside_and_inside(observation):
        curves = data.log_probability.isel(context=context).transpose("token", "strength")
        colours = [SERIES[concept_of[z]] for z in tokens]
        reach = float(np.abs(data.strength).max())
        panels.append(
            Panel(
                title=f"context in {name}",
                strengths=data.strength.values,
                curves=[Curve(values=np.exp(y), colour=c) for y, c in zip(curves.values, colours, strict=True)],
                marks=[
                    (strength, height, SERIES[concept_of[z]])
                    for z, strength, height in token_peaks(known(observation.baseline, "law"), context)
                    if z in tokens and abs(strength) <= reach
                ],
            )
        )
    return Drawn(
        name="token-bumps",
        title="Tokens rise, peak and fall",
        caption="Observed next-token probabilities of every token of the exact model, steered towards the target "
        "(positive strengths) and away from it. Dots are the peaks predicted before steering, the roots of "
        "E[M] = M(z) (Theorem 3.3); tokens of extremal log-odds have none. As the paper's Figures 3 and B.1.",
        figure=token_bumps_figure(panels, observation.subject.concept_names),
    )


def _concept_behaviours(observation: Observation) -> Drawn:
    data = observation.sweep.data
    panels = []
    for context, name in _outside_and_inside(observation):
        logits = data.concept_logit.isel(context=context).transpose("concept", "strength").values
        curves = [Curve(values=1 / (1 + np.exp(-y)), colour=c) for y, c in zip(logits, SERIES, strict=False)]
        panels.append(Panel(title=f"context in {name}", strengths=data.strength.values, curves=curves))
    return Drawn(
        name="concept-behaviours",
        title="Concepts rise, fall, or fade at both ends",
        caption="Probability that the next token lies in each concept (Theorem 3.6). The target, which holds the "
        "largest log-odds, rises to 1; the concept that holds the smallest falls; a concept between them vanishes at "
        "both ends, and does not return to its unsteered value as v1 of the paper says. As the paper's Figure 4.",
        figure=concept_behaviours_figure(panels, observation.subject.concept_names),
    )


def _cross_entropy(observations: Sequence[Observation]) -> Drawn:
    panels = []
    for observation in sorted(observations, key=lambda o: o.subject.name):
        data, strengths = observation.sweep.data, observation.sweep.data.strength.values
        observed = np.average(data.cross_entropy.transpose("strength", "segment"), axis=1, weights=data.segment_share)
        exact, quadratic = cross_entropy_laws(known(observation.baseline, "law"), strengths)
        panels.append(
            Panel(
                title=f"{observation.subject.name.split('/')[-1]} negatives",
                strengths=strengths,
                curves=[
                    Curve(values=observed - observed[np.argmin(np.abs(strengths))]),
                    Curve(values=exact, kind="predicted"),
                    Curve(values=quadratic, kind="approximation"),
                ],
            )
        )
    return Drawn(
        name="cross-entropy",
        title="Cross-entropy is quadratic only near zero",
        caption="Change of cross-entropy on the model's own data law. The quadratic of Theorem 3.8 is local (inset); "
        "the exact law holds at every strength and grows linearly in the end. As the paper's Figure 5.",
        figure=cross_entropy_figure(panels, near=NEAR),
    )


def _concept_of(observation: Observation) -> np.ndarray:
    return np.argmax(_concepts(observation), axis=0)


def _concepts(observation: Observation) -> np.ndarray:
    return known(known(observation.baseline, "law").concepts, "concepts")


def _outside_and_inside(observation: Observation) -> list[tuple[int, str]]:
    """A context outside the target and one inside, by their likeliest concept, with its name."""
    mass = np.exp(known(observation.baseline, "law").log_probs) @ _concepts(observation).T
    home, names = mass.argmax(axis=1), observation.subject.concept_names
    outside, inside = np.flatnonzero(home != 0)[-1:], np.flatnonzero(home == 0)[:1]
    return [(int(j), names[home[j]]) for j in (*outside, *inside)]
