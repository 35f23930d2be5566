"""Axes of one column a model, in as many rows as it takes for names and numbers not to run into each other."""

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from steerlaw.rendering.figures.style import WIDTH

MOST = 4
"""Columns side by side in a figure of text width."""

LABELS = 1.7
"""Inches that the names on the left take."""

LETTER = 0.08
"""Inches of a letter of a title, about."""


def model_columns(labels: Sequence[str], models: Sequence[str]) -> tuple[Figure, list[Axes]]:
    """A figure with axes for each model, over a common list of labels from top to bottom, and room for a key below.

    >>> figure, axes = model_columns(["tilt"], ["gpt2"])
    """
    across = min(len(models), MOST)
    rows = -(-len(models) // across)
    letters = max(8, int((WIDTH - LABELS) / across / LETTER))
    titles = [textwrap.fill(model, letters, break_on_hyphens=True) for model in models]
    lines = max(title.count("\n") for title in titles)
    figure = Figure(figsize=(WIDTH, 0.55 + rows * (0.45 + 0.13 * lines + 0.33 * len(labels))))
    figure.set_layout_engine("constrained", rect=(0.01, 0, 0.98, 1))  # long names of laws reach the very edge
    grid = figure.subplots(rows, across, sharey=True, squeeze=False)
    axes = list(grid.ravel())
    for unused in axes[len(models) :]:
        unused.remove()
    for ax, title in zip(axes, titles, strict=False):
        ax.set_title(title, parse_math=False)
        ax.set_xlim(0, 100)
        ax.set_xticks([0, 50, 100], ["0", "50", "100 %"])
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
    axes[0].set_yticks(range(len(labels)), labels, fontsize=7.5)
    axes[0].set_ylim(len(labels) - 0.35, -0.5)
    return figure, axes[: len(models)]
