"""Logits of a model steered at its last block: measured, in closed form, and as straight lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from numerics.lowering.expressions import lower
from steerlaw.rendering.figures.curves import Curve, Panel, colour_key, darker, draw_panel, line_key, visible
from steerlaw.rendering.figures.drawn import Drawn
from steerlaw.rendering.figures.predicted import known
from steerlaw.rendering.figures.style import BLACK, SERIES, sheet, styled
from theory.catalogue import find_law
from theory.claims import Close
from theory.quantities import CENTRED_LOGIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from steerlaw.inputs.subjects import Observation

EACH = 2
"""Tokens drawn: so many of those that stand highest at either end of the window and unsteered."""
WINDOW = 3.0
"""Largest push drawn; farther out the curves only level off."""


def closed_logits(observation: Observation) -> Float[np.ndarray, "context token strength"]:
    """The centred logits of the observed tokens by the law `sphere`: the closed form that its proof ends in."""
    claim = next(claim for claim in find_law("sphere").claims if isinstance(claim, Close))
    data = observation.sweep.data
    evaluate = lower(claim.value, claim.quantity.per)
    return np.asarray(evaluate(known(observation.baseline, "baseline"), data.strength.values, data.token.values))


def measured_logits(observation: Observation) -> Float[np.ndarray, "context token strength"]:
    """The centred logits of the observed tokens, as the model computed them."""
    band = observation.sweep.curves(CENTRED_LOGIT)
    return (band.lower + band.upper) / 2


def draw_last_block(observation: Observation, context: int = 0) -> Drawn:
    """Centred logits over the push: measured, in closed form, and along their tangents at strength 0."""
    subject, data = observation.subject, observation.sweep.data
    strengths, tokens = data.strength.values, data.token.values
    shown = np.abs(strengths) * (subject.push or 1.0) <= WINDOW
    zero = int(np.argmin(np.abs(strengths)))
    measured = measured_logits(observation)[context]
    slope = known(known(observation.baseline, "baseline").local_log_odds, "local log-odds")[context]
    tangents = measured[:, [zero]] + np.outer((slope - slope.mean())[tokens], strengths)
    ranks = np.argsort(-measured[:, [0, zero, -1]], axis=0, kind="stable")[:EACH]
    chosen = np.array(list(dict.fromkeys(ranks.T.ravel().tolist())))
    tables = {"observed": measured, "predicted": closed_logits(observation)[context], "approximation": tangents}
    panel = Panel(
        title=f"block {subject.layer}, the last",
        strengths=strengths[shown],
        curves=_curves({kind: table[chosen][:, shown] for kind, table in tables.items()}),
        push=subject.push,
    )
    return Drawn(
        name=f"{subject.name}-last-block",
        title="Logits turn with the strength",
        caption="Each token's logit less the mean over the vocabulary. Dashed, over the measured curves: the closed "
        "form of the law sphere. Dotted: the tangent at strength 0, along which a tilt would go on.",
        figure=last_block_figure(
            panel, [subject.token_text(int(z)) if subject.token_text else str(z) for z in tokens[chosen]]
        ),
    )


@styled
def last_block_figure(panel: Panel, texts: Sequence[str]) -> Figure:
    """One panel of centred logits, framed by the measured ones; `texts` name the tokens in the order of colours."""
    figure, (axes,) = sheet(1, 1, height=3.3)
    draw_panel(axes, panel)
    values = np.concatenate([curve.values for curve in panel.curves if curve.kind == "observed"])
    margin = 0.06 * np.ptp(values)
    axes.set_ylim(values.min() - margin, values.max() + margin)
    axes.set_ylabel("logit less the mean logit")
    colour_key(figure, [visible(text) for text in texts], side="upper")
    kinds = (("observed", "measured"), ("predicted", "closed form"), ("approximation", "tangent at 0"))
    line_key(figure, [(kind, BLACK, text) for kind, text in kinds])
    return figure


def _curves(tables: dict[str, Float[np.ndarray, "token strength"]]) -> list[Curve]:
    return [
        Curve(values=values, colour=darker(colour) if kind == "predicted" else colour, kind=kind)
        for kind, table in tables.items()
        for values, colour in zip(table, SERIES, strict=False)
    ]
