"""All verdicts at a glance: law by model, each model above its controls."""

from collections.abc import Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from steerlaw.rendering.figures.columns import model_columns
from steerlaw.rendering.figures.drawn import Drawing, Drawn
from steerlaw.rendering.figures.style import BLACK, GREY, VERDICTS, styled
from steerlaw.rendering.words import CONTROLS
from steerlaw.results.lines import APPLIES, Line

BAR, CONTROL_BAR, FIRST, PITCH = 0.38, 0.11, 0.29, 0.15
"""Heights of the bars and places of the controls under the model, where laws are 1 apart."""


def overview_drawings(lines: Sequence[Line]) -> list[Drawing]:
    """The overview of a report's lines, of each law's weakest claim; nothing if nothing was judged."""
    speaking = [line for line in lines if line.weakest and line.log_odds != "local"]
    return [Drawing(name="overview", draw=partial(_overview, speaking))] if lines else []


def _overview(lines: Sequence[Line], name: str) -> Drawn:
    return Drawn(
        name=name,
        title="Where the laws hold",
        caption="Of the curves to which each law applies, the share on which its weakest claim holds over the whole "
        "window, departs or stays undecided: the mean over contexts, as in the table. Thick bars are the models, with "
        "the share that departs beside them; thin bars are their controls, in which there is no concept to steer "
        "towards: what a law scores there it scores by chance.",
        figure=overview_figure(lines),
    )


@styled
def overview_figure(lines: Sequence[Line]) -> Figure:
    """Shares of the curves on which each law applies: a column a model, thick bars the model, thin ones its controls.

    The number beside a thick bar is the share that departs. Raises `ValueError` if there is nothing to show.
    """
    if not lines:
        raise ValueError("overview: expected verdicts on at least one law and model, got none; verify something first")
    models = list(dict.fromkeys(line.model for line in lines))
    laws = list(dict.fromkeys(line.law for line in lines))
    controls = [control for control in CONTROLS if any(line.control == control for line in lines)]
    figure, axes = model_columns(laws, models)
    for ax, model in zip(axes, models, strict=True):
        own = [line for line in lines if line.model == model]
        beside = [control for control in controls if any(line.control == control for line in own)]
        for line in own:
            _bar(ax, line, laws.index(line.law), None if line.control is None else beside.index(line.control))
    thin = f"; thin bars: {', '.join(CONTROLS[control] for control in controls)}" if controls else ""
    handles = [Patch(color=VERDICTS[outcome], label=outcome) for outcome in APPLIES]
    title = f"share of the curves to which a law applies{thin}"
    figure.legend(
        handles=handles, loc="outside lower center", ncols=3, handlelength=1.2, title=title, title_fontsize=7.5
    )
    return figure


def _bar(axes: Axes, line: Line, law: int, control: int | None) -> None:
    """The shares of one line end to end; with control = n that of the model's n-th control."""
    y = law if control is None else law + FIRST + PITCH * control
    height, start = BAR if control is None else CONTROL_BAR, 0.0
    for outcome, share in (line.shares or {}).items():
        width = 100 * share
        axes.barh(y, width, left=start, height=height, color=VERDICTS[outcome], linewidth=0)
        start += width
    if control is None:
        _note(axes, line, law)


def _note(axes: Axes, line: Line, y: int) -> None:
    if line.shares is None:
        axes.text(1, y, "does not apply", color=GREY, fontsize=6.5, va="center")
    elif (share := 100 * line.shares["departs"]) > 0:
        text = f"{share:.0f} %" if share >= 1 else "<1 %"
        axes.text(101.5, y, text, color=BLACK, fontsize=6.5, va="center", clip_on=False)
