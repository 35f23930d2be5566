"""Columns of a figure, a model each: however many there are and however long their names, nothing overlaps."""

from itertools import combinations

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from steerlaw.rendering.figures.columns import model_columns
from steerlaw.rendering.figures.style import styled

NAME = "mistralai/Mistral-7B-Instruct-v0.{} (runs/first_{}/joy)"


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 24])
def test_titles_ticks_and_panels_do_not_overlap(count):
    figure, axes = styled(model_columns)([f"a_law_{n}" for n in range(5)], [NAME.format(n, n) for n in range(count)])
    assert len(axes) == len(figure.axes) == count
    assert [ax.get_title(loc="left").replace("\n", "").replace(" ", "") for ax in axes] == [
        NAME.format(n, n).replace(" ", "") for n in range(count)
    ]
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = canvas.get_renderer()
    panels = [ax.get_window_extent(drawn) for ax in axes]
    texts = [text for ax in axes for text in ax.get_children() if isinstance(text, Text) and text.get_text()]
    titles = [text.get_window_extent(drawn) for text in texts]
    assert len(titles) == count
    ticks = [label.get_window_extent(drawn) for ax in axes for label in ax.get_xticklabels()]
    for boxes in (panels, titles, ticks):
        assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    assert not any(a.overlaps(b) for a in titles for b in (*panels, *ticks))
    whole = figure.bbox
    assert all(whole.x0 <= box.x0 and box.x1 <= whole.x1 for box in (*panels, *titles, *ticks))
