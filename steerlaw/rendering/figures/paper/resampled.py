"""The mean and the standard deviation over resampled prompt sets: Figure A.3."""

from collections.abc import Sequence

import numpy as np

from steerlaw.rendering.figures.curves import darker
from steerlaw.rendering.figures.drawn import Drawn
from steerlaw.rendering.figures.paper.changes import CONTEXT, KEY, token_name
from steerlaw.rendering.figures.paper.measured import Measured
from steerlaw.rendering.figures.paper.panels import COLOURS, Framed, Line, grid
from steerlaw.rendering.figures.paper.tokens import SEEN, token_curves, turns_once


def resampled_figure(shown: Sequence[Measured], name: str, title: str) -> Drawn:
    """A panel a model, concept and block: the tokens of the first draw, their mean over draws, shaded by one sd."""
    groups: dict[tuple, list[Measured]] = {}
    for one in shown:
        groups.setdefault((one.cell.model, one.cell.concept, one.cell.layer), []).append(one)
    found = [_panel(draws) for draws in groups.values()]
    draws = sorted({len(draws) for draws in groups.values()})
    once, tokens = (sum(count) for count in zip(*(counts for _, counts in found), strict=True))
    verdict = "holds" if once == tokens else "departs"
    return Drawn(
        name=name,
        title=title,
        caption="Drawn by steerlaw from its own runs, in the style of the paper. Mean and standard deviation over "
        f"{' or '.join(map(str, draws))} draws of the texts that build the vector. That the mean of each token turns "
        f"at most once, within {SEEN:g}, {verdict}: {once} of {tokens} do.",
        figure=grid([[panel] for panel, _ in found], "change of probability", KEY[:2]),
    )


def _panel(draws: Sequence[Measured]) -> tuple[Framed, tuple[int, int]]:
    """All draws at the strengths of the first, for its tokens."""
    first = token_curves(draws[0].observation, CONTEXT)
    others = [token_curves(one.observation, CONTEXT, first.tokens.tolist()) for one in draws[1:]]
    changes, predicted = [first.changes], [first.predicted]
    for other in others:
        changes.append(np.array([np.interp(first.strengths, other.strengths, y) for y in other.changes]))
        tilt = other.predicted
        predicted.append(
            None if tilt is None else np.array([np.interp(first.strengths, other.strengths, y) for y in tilt])
        )
    mean, sd = np.mean(changes, axis=0), np.std(changes, axis=0, ddof=min(1, len(changes) - 1))
    lines = []
    for n, (colour, token) in enumerate(zip(COLOURS, first.tokens.tolist(), strict=False)):
        name = token_name(draws[0].observation, token)
        band = {"lower": mean[n] - sd[n], "upper": mean[n] + sd[n]}
        lines.append(Line(strengths=first.strengths, values=mean[n], colour=colour, name=name, **band))
        known = [tilt[n] for tilt in predicted if tilt is not None]
        if known:
            tilt = np.mean(known, axis=0)
            lines.append(Line(strengths=first.strengths, values=tilt, colour=darker(colour), kind="predicted"))
    once, tokens = int(turns_once(first.strengths, mean).sum()), len(first.tokens)
    title = f"{draws[0].cell.model}, {draws[0].cell.concept}, {draws[0].where}"
    verdict = f"{len(draws)} draws; the means turn at most once: {once} of {tokens}"
    return Framed(title=title, verdict=verdict, lines=lines), (once, tokens)
