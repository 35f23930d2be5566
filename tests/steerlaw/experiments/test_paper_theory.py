"""The observations behind the paper's figures of its theory are those that the figures draw."""

import pytest

from steerlaw.experiments.paper_theory import theory_observations
from steerlaw.rendering.figures import THEORY, theory_drawings


@pytest.mark.slow
def test_every_figure_of_the_theory_is_drawn_under_its_number():
    drawings = theory_drawings(theory_observations())
    assert [drawing.name for drawing in drawings] == [f"figure-{number}" for number in THEORY.values()]
    figures = [drawing.draw(drawing.name) for drawing in drawings]
    assert all(figure is not None and "<svg" in figure.svg for figure in figures)
