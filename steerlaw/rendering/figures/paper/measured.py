"""The cells of a figure beside their controls, read from their files when they are drawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from steerlaw.inputs.observation_file import load_observations
from steerlaw.inputs.subjects import Kind, Observation
from steerlaw.plans.cell import Cell, Observed

KINDS: dict[str, Kind] = {
    "next-token": "next token",
    "cross-entropy": "cross-entropy",
    "self-cross-entropy": "cross-entropy",
}
KEPT = 24
"""Sweeps held at a time: as many as the figures of a few models share."""
SHOWN = frozenset({"log_probability", "start", "end", "shape_departure"})
"""Of a next-token sweep what figures show: the curves of tokens, which are likeliest at the ends, and their shapes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """One cell of a figure, and that of the random direction it is shown beside, if there is one."""

    cell: Cell
    control: Cell | None
    results: Path

    @property
    def where(self) -> str:
        """The block in words."""
        return f"{self.cell.block}, block {self.cell.layer}"

    @property
    def path(self) -> Path:
        """The file of the cell."""
        return self.cell.path(self.results)

    @cached_property
    def observation(self) -> Observation:
        """What was observed along the vector."""
        return _read(self.path, KINDS[self.cell.observe])

    @cached_property
    def null(self) -> Observation | None:
        """What was observed along the random direction."""
        return None if self.control is None else _read(self.control.path(self.results), KINDS[self.control.observe])


def measured(cells: Iterable[Cell], figure: str, observe: Observed, results: Path) -> list[Measured]:
    """The cells of a figure in the plan's order, each with the control that differs from it in nothing else."""
    own = [cell for cell in cells if cell.figure == figure and cell.observe == observe]
    controls = {_setting(cell): cell for cell in own if cell.along == "random_direction"}
    return [
        Measured(cell=cell, control=controls.get(_setting(cell)), results=results)
        for cell in own
        if cell.along == "vector"
    ]


def setting(cell: Cell) -> tuple:
    """What cells of two kinds have in common that are shown together."""
    return cell.model, cell.concept, cell.layer, cell.negatives, cell.seed, cell.unit


def _setting(cell: Cell) -> tuple:
    return *setting(cell), cell.positions, cell.strengths


def rows_of(shown: Sequence[Measured]) -> list[list[Measured]]:
    """Panels by row: blocks side by side where a model has several, else the concepts of a model; draws apart."""
    blocks = {(m.cell.model, m.cell.concept) for m in shown}
    several = len({(m.cell.model, m.cell.concept, m.cell.layer) for m in shown}) > len(blocks)
    rows: dict[tuple[str, ...], list[Measured]] = {}
    for one in shown:
        cell = one.cell
        rows.setdefault((cell.model, cell.concept) if several else (cell.model,), []).append(one)
    return [row[n : n + 3] for row in rows.values() for n in range(0, len(row), 3)]


@lru_cache(maxsize=KEPT)
def _read(path: Path, kind: Kind) -> Observation:
    """The observation of a kind in a file, which several figures may show; a `ValueError` if it holds none."""
    for observation in load_observations(path, wanted=SHOWN):
        if observation.kind == kind:
            return observation
    raise ValueError(f"{path}: expected a sweep of kind {kind!r}, got none; run the plan again")
