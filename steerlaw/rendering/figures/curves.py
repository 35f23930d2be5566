"""Curves of the strength on axes: what was observed, what was predicted, the control, and labels beside their ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from steerlaw.rendering.figures.style import BLACK, GREY, SERIES

STRENGTH = r"strength $\alpha$"
PUSH = r"push $\alpha\,|v|\,/\,|h|$"
LINES = {
    "observed": {"linestyle": "-", "linewidth": 1.5, "zorder": 3},
    "predicted": {"linestyle": (0, (4, 2)), "linewidth": 1.0, "zorder": 4},
    "approximation": {"linestyle": (0, (1, 1.5)), "linewidth": 1.3, "zorder": 3.5},
    "beside": {"linestyle": (0, (5, 1, 1, 1)), "linewidth": 1.1, "zorder": 2.5},
    "control": {"linestyle": "-", "linewidth": 0.9, "alpha": 0.45, "zorder": 2},
}
TILT_KEY = (
    ("observed", BLACK, "observed"),
    ("predicted", BLACK, "predicted before steering (tilt)"),
    ("control", GREY, "control: random direction of equal norm"),
)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One curve of the strength; `kind` is a key of LINES, `strengths` are those of its panel unless it has its own."""

    values: Float[np.ndarray, " strengths"]
    kind: str = "observed"
    colour: str = BLACK
    strengths: Float[np.ndarray, " strengths"] | None = None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One set of axes: curves over common strengths.

    `push` is alpha |v|/|h| at strength 1, where a residual stream gives it a meaning: the axis then shows the push,
    which compares across layers and models, and the strength stands above. `marks` are (strength, value, colour) of
    predicted turning points.
    """

    title: str
    strengths: Float[np.ndarray, " strengths"]
    curves: Sequence[Curve]
    push: float | None = None
    marks: Sequence[tuple[float, float, str]] = ()


def draw_panel(axes: Axes, panel: Panel, *, width: float | None = None, above: bool = True) -> None:
    """Draw the panel, and `above` it the strength where the axis shows the push.

    `width`, given, is the half-width of the linear middle of an asinh axis.
    """
    scale = panel.push or 1.0
    x = panel.strengths * scale
    for curve in panel.curves:
        own = x if curve.strengths is None else curve.strengths * scale
        axes.plot(own, curve.values, color=curve.colour, **LINES[curve.kind])
    for strength, value, colour in panel.marks:
        axes.plot(strength * scale, value, "o", color=colour, markersize=4, markeredgecolor="white", zorder=5)
    axes.axvline(0, color=GREY, linewidth=0.6, zorder=1)
    axes.set_title(panel.title, parse_math=False)
    axes.set_xlabel(PUSH if panel.push else STRENGTH)
    if width is not None:
        axes.set_xlabel(f"{PUSH if panel.push else STRENGTH} (asinh scale)")
        axes.set_xscale("asinh", linear_width=width)
        ticks = _asinh_ticks(np.abs(x).max(), width)
        axes.set_xticks(ticks, [f"{tick:.3g}".replace("-", "−") for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(x.min(), x.max())
    if panel.push and above:
        _strength_axis(axes, panel.push)


def line_key(
    figure: Figure,
    entries: Sequence[tuple[str, str, str]],
    *,
    side: Literal["lower", "upper"] = "lower",
    ncols: int | None = None,
) -> None:
    """Line styles, in a row or so many columns, under or, with side "upper", over the panels: (kind, colour, text)."""
    handles = [Line2D([], [], color=colour, **LINES[kind]) for kind, colour, _ in entries]
    where = "outside upper center" if side == "upper" else "outside lower center"
    key = figure.legend(
        handles, [text for *_, text in entries], loc=where, ncols=ncols or len(entries), handlelength=2.6
    )
    for text in key.get_texts():
        text.set_parse_math(False)


def colour_key(figure: Figure, names: Sequence[str], *, side: Literal["lower", "upper"] = "lower") -> None:
    """One row of names, each beside its colour of SERIES."""
    entries = [("observed", colour, name) for colour, name in zip(SERIES, names, strict=False)]
    line_key(figure, entries, side=side)


def darker(colour: str) -> str:
    """The colour of a prediction drawn over an observation of this colour."""
    red, green, blue = to_rgb(colour)
    return to_hex((red / 2, green / 2, blue / 2))


def visible(text: str) -> str:
    """A token's text with its white space made visible, and with codes for what the font cannot draw."""
    for unseen, seen in ((" ", "␣"), ("\n", "⏎"), ("\t", "⇥")):
        text = text.replace(unseen, seen)
    glyphs = FT2Font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap()
    return "".join(c if ord(c) in glyphs and c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _strength_axis(axes: Axes, push: float) -> None:
    above = axes.secondary_xaxis("top", functions=(lambda x: np.asarray(x) / push, lambda a: np.asarray(a) * push))
    above.set_xlabel(STRENGTH, fontsize=7, labelpad=2)
    above.tick_params(labelsize=6.5, pad=1)
    above.spines["top"].set_visible(True)


def _asinh_ticks(reach: float, width: float) -> Float[np.ndarray, " ticks"]:
    steps = [width * 10.0**k * m for k in range(6) for m in (1, 3) if width * 10.0**k * m <= reach]
    if not steps or reach > 2.5 * steps[-1]:
        steps.append(reach)
    return np.array([*(-x for x in reversed(steps)), 0.0, *steps])
