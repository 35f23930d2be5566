"""All verdicts at a glance: law by model, each model above its controls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from steerlaw.rendering.figures import Drawn
from steerlaw.rendering.figures.columns import model_columns
from steerlaw.rendering.figures.style import BLACK, GREY, VERDICTS, styled

BAR, CONTROL_BAR, FIRST, PITCH = 0.38, 0.11, 0.29, 0.15
"""Heights of the bars and places of the controls under the model, where laws are 1 apart."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Verdicts of one model, or of one of its controls, law by law: holds, departs, undecided, not applicable."""

    model: str
    control: str | None = None
    counts: Int[np.ndarray, "laws 4"]


def draw_overview(summary: Mapping[str, Mapping[str, Mapping[str, int]]]) -> list[Drawn]:
    """The overview of `Report.summary()`: the toy models' instances summed by kind; nothing if nothing was judged."""
    laws = [law for law, models in summary.items() if models]
    names = {name: None for law in laws for name in summary[law]}
    tallies: dict[tuple[str, str | None], np.ndarray] = {}
    for name in names:
        path, _, control = name.partition("+")
        counts = [[summary[law].get(name, {}).get(verdict, 0) for verdict in VERDICTS] for law in laws]
        key = path.split("/")[0] if path.startswith("ufm-") else path, control or None
        tallies[key] = tallies.get(key, 0) + np.array(counts, dtype=np.int64)
    if not tallies:
        return []
    return [
        Drawn(
            name="overview",
            title="Where the laws hold",
            caption="Of the curves to which each law applies, the share on which it holds, departs or stays undecided. "
            "Thick bars are the models, with the share that departs beside them; thin bars are their controls, in "
            "which there is no concept to steer towards: what a law scores there it scores by chance.",
            figure=overview_figure(
                laws, [Tally(model=m, control=c, counts=counts) for (m, c), counts in tallies.items()]
            ),
        )
    ]


@styled
def overview_figure(laws: Sequence[str], tallies: Sequence[Tally]) -> Figure:
    """Shares of the curves on which each law applies: a column a model, thick bars the model, thin ones its controls.

    The number beside a thick bar is the share that departs. Raises `ValueError` if there is nothing to show.
    """
    models = list(dict.fromkeys(tally.model for tally in tallies))
    if not models or not laws:
        raise ValueError("overview: expected verdicts on at least one law and model, got none; verify something first")
    figure, axes = model_columns(laws, models)
    for ax, model in zip(axes, models, strict=True):
        _column(ax, [tally for tally in tallies if tally.model == model])
    controls = sorted({str(tally.control).replace("_", " ") for tally in tallies if tally.control})
    thin = f"; thin bars: {', '.join(controls)}" if controls else ""
    handles = [Patch(color=colour, label=verdict.replace("_", " ")) for verdict, colour in list(VERDICTS.items())[:3]]
    title = f"share of the curves to which a law applies{thin}"
    figure.legend(
        handles=handles, loc="outside lower center", ncols=3, handlelength=1.2, title=title, title_fontsize=7.5
    )
    return figure


def _column(axes: Axes, tallies: Sequence[Tally]) -> None:
    controls = sorted((tally for tally in tallies if tally.control), key=lambda tally: str(tally.control))
    for tally in tallies:
        judged = tally.counts[:, :3]
        totals = judged.sum(axis=1)
        shares = 100 * judged / np.maximum(totals, 1)[:, None]
        offset = 0.0 if tally.control is None else FIRST + PITCH * controls.index(tally)
        heights = BAR if tally.control is None else CONTROL_BAR
        starts = np.cumsum(shares, axis=1) - shares
        for k, colour in enumerate(list(VERDICTS.values())[:3]):
            y = np.arange(len(totals)) + offset
            axes.barh(y, shares[:, k], left=starts[:, k], height=heights, color=colour, linewidth=0)
        if tally.control is None:
            _notes(axes, totals, shares[:, 1])


def _notes(axes: Axes, totals: Int[np.ndarray, " laws"], departing: Float[np.ndarray, " laws"]) -> None:
    for y, (total, share) in enumerate(zip(totals, departing, strict=True)):
        if total == 0:
            axes.text(1, y, "does not apply", color=GREY, fontsize=6.5, va="center")
        elif share > 0:
            text = f"{share:.0f} %" if share >= 1 else "<1 %"
            axes.text(101.5, y, text, color=BLACK, fontsize=6.5, va="center", clip_on=False)
