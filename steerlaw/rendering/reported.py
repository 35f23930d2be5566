"""The matrix of reported claims in the terminal: claim by model by block, what obeys beside what controls score."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from numerics.reported.deciding import Answer
from steerlaw.rendering.console import Column, console, print_table, styled
from steerlaw.rendering.words import CONTROLS
from steerlaw.results.reported.matrix import LEVEL, Cell
from theory.reported import reported

if TYPE_CHECKING:
    from rich.text import Text

MARKS: dict[Answer, str] = {"holds": "green", "departs": "red", "undecided": "yellow"}


def print_reported(cells: Sequence[Cell]) -> None:
    """Print each claim's answers on each model and concept, block after block, its controls in lines beneath.

    Models of different depths share the columns; `all` is over all blocks.
    """
    if not cells:
        console().print("No reported claim can be asked of what was observed: they are about residual streams.")
        return
    layers = sorted({cell.layer for cell in cells if cell.layer is not None})
    groups: dict[tuple, dict[int | None, Cell]] = {}
    for cell in sorted(cells, key=_order):
        groups.setdefault((cell.claim, cell.model, cell.concept, cell.control), {})[cell.layer] = cell
    rows, previous = [], None
    for (claim, model, concept, control), own in groups.items():
        who = styled(f"  {CONTROLS[control]}", "dim") if control else ", ".join(filter(None, (model, concept)))
        found = (_said(own.get(layer)) for layer in (None, *layers))
        rows.append([reported()[claim].title if claim != previous else "", who, *found])
        previous = claim
    print_table(
        f"What others reported, in contexts that obey of those asked; at most {LEVEL:.0%} of the finds are false ones",
        [
            Column("claim", wrap=True),
            Column("model, concept"),
            Column("all"),
            *(Column(f"block {layer}", drop=number) for number, layer in enumerate(layers, start=1)),
        ],
        rows,
    )


def _order(cell: Cell) -> tuple:
    return cell.claim, cell.model, str(cell.concept), cell.control or ""


def _said(cell: Cell | None) -> "str | Text":
    if cell is None:
        return ""
    found = cell.decided
    return styled(f"{found.answer} {found.obeying}/{found.judged}", "dim" if cell.control else MARKS[found.answer])
