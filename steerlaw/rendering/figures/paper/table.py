"""Which figure of the paper is of which kind, and the figures that a plan's results allow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from steerlaw.plans.cell import Cell, Observed, read_cells
from steerlaw.rendering.figures.drawn import Drawing, Drawn, slug
from steerlaw.rendering.figures.paper.ability import ability_figure
from steerlaw.rendering.figures.paper.changes import changes_figure
from steerlaw.rendering.figures.paper.concepts import concepts_figure
from steerlaw.rendering.figures.paper.losses import losses_figure
from steerlaw.rendering.figures.paper.measured import Measured, measured, setting
from steerlaw.rendering.figures.paper.resampled import resampled_figure
from steerlaw.rendering.figures.paper.top_tokens import top_tokens_figure

Draw = Callable[[Sequence[Measured], str, str], Drawn]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A figure, or a part of one: its name in the plan, what it shows, how that is observed, and drawn."""

    figure: str
    shows: str
    observe: Observed
    draw: Draw | None = None


def _changes(figure: str, shows: str) -> Row:
    return Row(figure=figure, shows=shows, observe="next-token", draw=changes_figure)


def _texts(figure: str, shows: str) -> Row:
    return Row(figure=figure, shows=shows, observe="concept-probability", draw=concepts_figure)


def _losses(figure: str, shows: str) -> Row:
    return Row(figure=figure, shows=shows, observe="cross-entropy")


ROWS: tuple[Row, ...] = (
    _changes("6", "changes of the next token's probability"),
    _texts("7 top", "probability of the concept"),
    _losses("7 bottom", "change of cross-entropy"),
    _changes("A.1", "as Figure 6, with a vector of norm 1"),
    _changes("A.2", "as Figure 6, the last position steered alone"),
    Row(figure="A.3", shows="as Figure 6, over resampled texts", observe="next-token", draw=resampled_figure),
    _changes("A.4", "as Figure 6, a small GPT and capitals"),
    _changes("A.5", "as Figure 6, contrastive negatives"),
    Row(figure="A.6", shows="accuracy on tasks", observe="ability", draw=ability_figure),
    *(_changes(f"A.{n}", "as Figure 6, early, middle and last block") for n in (7, 8, 9)),
    _changes("A.10", "as Figure A.7, negative strengths"),
    *(_texts(f"A.{n}", "probability of the concept at three blocks") for n in (11, 12)),
    _losses("A.13", "change of cross-entropy at three blocks"),
    Row(
        figure="Table A.2",
        shows="likeliest words at the largest strength",
        observe="next-token",
        draw=top_tokens_figure,
    ),
)
"""In the paper's order. What has no `draw` is drawn with cells of another kind beside it."""


def paper_drawings(results: Path) -> list[Drawing]:
    """A figure for each row that the results have cells for; a `ValueError` or `OSError` where they have none."""
    cells = read_cells(results)
    drawings = [_drawing(row, shown, cells, results) for row in ROWS if (shown := _measured(row, cells, results))]
    if not drawings:
        raise ValueError(f"{results}: expected cells of {ROWS[0].figure}, {ROWS[1].figure} or others, got none of any")
    return drawings


def _measured(row: Row, cells: Sequence[Cell], results: Path) -> list[Measured]:
    return measured(cells, row.figure, row.observe, results)


def _drawing(row: Row, shown: Sequence[Measured], cells: Sequence[Cell], results: Path) -> Drawing:
    what = row.figure if row.figure.startswith("Table") else f"Figure {row.figure}"
    title = f"{what}: {row.shows}"
    draw = row.draw or _with_others(cells, results)
    name = slug(what)
    return Drawing(name=name, draw=lambda unique: draw(shown, unique, title))


def _with_others(cells: Sequence[Cell], results: Path) -> Draw:
    """How a figure is drawn that shows cells of another kind beside its own."""
    return partial(losses_figure, own=_others("self-cross-entropy", cells, results))


def _others(observe: Observed, cells: Sequence[Cell], results: Path) -> dict[tuple, Measured]:
    """Cells of a kind, of any figure, by what those of another kind share with them."""
    own = (cell for cell in cells if cell.observe == observe and cell.along == "vector")
    return {setting(cell): Measured(cell=cell, control=None, results=results) for cell in own}
