"""What a plan's results are to whoever draws or judges them: a directory of cells, and a list of what each one is.

    RESULTS/plan.toml       the plan as it was run
    RESULTS/cells.json      a row for each cell of each figure, in the plan's order: the fields of `Cell`
    RESULTS/cells/ID/       a cell's own files, written once

Cells that several figures share have a row in each of them, and one directory.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

from numerics.files.atomic import write_atomically
from numerics.files.text import read_json

Observed = Literal["next-token", "cross-entropy", "self-cross-entropy", "concept-probability", "ability"]
Positions = Literal["all", "last"]
Along = Literal["vector", "random_direction"]
PLAN_FILE, CELLS_FILE, CELLS = "plan.toml", "cells.json", "cells"
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One measurement that a figure shows, as it is planned.

    `layer` is the block whose output is steered, 0-based, and `block` what the plan calls it (early, middle, last, or
    its number); `negatives` the kind of negative texts; `seed` the draw of the texts that build the vector; `along`
    says whether that vector was steered along or, as a control, a random direction of its norm; `unit` whether it was
    scaled to norm 1. `strengths` is the grid START:STOP:COUNT.
    """

    figure: str
    model: str
    concept: str
    layer: int
    block: str
    negatives: str
    seed: int
    along: Along
    positions: Positions
    unit: bool
    observe: Observed
    strengths: str

    def say(self) -> str:
        """The cell in words."""
        rest = [f"{self.negatives} negatives", *([f"draw {self.seed}"] if self.seed else [])]
        rest += ["unit vector"] if self.unit else []
        rest += ["last position"] if self.positions == "last" else []
        rest += ["random direction"] if self.along == "random_direction" else []
        return f"{self.figure}: {self.observe} of {self.model}, {self.concept}, block {self.layer}, {', '.join(rest)}"


@dataclass(frozen=True, kw_only=True)
class Cell(Planned):
    """One measurement among the results: `id` is the hash of everything that determines it.

    `file`, relative to the results, is a sweep for next-token and for either cross-entropy
    (`steerlaw.inputs.observation_file`), a text curve for concept-probability
    (`real_models.text_curves.saving`), and JSON (`alphas`, `overall_scores`, `task_scores`) for ability.
    """

    id: str
    file: str

    def path(self, results: Path) -> Path:
        """Where the file is."""
        return results / self.file


CHOICES: dict[str, tuple[str, ...]] = {
    "along": get_args(Along),
    "positions": get_args(Positions),
    "observe": get_args(Observed),
}


def write_cells(results: Path, cells: Iterable[Cell]) -> None:
    """Write the list of the cells that are done, whole or not at all."""
    document = {"format": FORMAT, "cells": [asdict(cell) for cell in cells]}
    write_atomically(results / CELLS_FILE, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def read_cells(results: str | Path) -> list[Cell]:
    """The cells of a directory of results; a `ValueError` or `OSError` of one line names what is wrong in it.

    Their files are inside of the directory; whether they are there is for whoever opens them.
    """
    path = Path(results) / CELLS_FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; `steerlaw run PLAN --out {results}` writes it")
    document = read_json(path)
    known = document if isinstance(document, dict) and document.get("format") == FORMAT else {}
    if not isinstance(rows := known.get("cells"), list):
        raise ValueError(f"{path}: expected a list of cells of format {FORMAT}, as `steerlaw run` writes it")
    return [_cell(row, f"{path}: cell {number}") for number, row in enumerate(rows)]


def _cell(row: Any, where: str) -> Cell:
    names = [field.name for field in fields(Cell)]
    if not isinstance(row, dict) or sorted(row) != sorted(names):
        raise ValueError(f"{where}: expected {', '.join(names)}, got {str(row)[:80]}")
    for field in fields(Cell):
        value, kind = row[field.name], field.type if isinstance(field.type, type) else str
        if type(value) is not kind:
            raise ValueError(f"{where}: {field.name} is {value!r:.60}, expected {kind.__name__}")
        if value not in (choices := CHOICES.get(field.name, (value,))):
            raise ValueError(f"{where}: {field.name} is {value!r:.60}, expected one of {', '.join(choices)}")
    file = PurePosixPath(row["file"])
    if file.is_absolute() or ".." in file.parts:
        raise ValueError(f"{where}: file is {row['file']!r:.60}, expected a path inside of the results")
    return Cell(**row)
