"""A plan's results in the layout of the paper's own code: `RESULTS/reference/FIGURE.../MODEL/CONCEPT/`."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from real_models.text_curves.saving import read_text_curve
from real_models.texts.prompts import slug
from steerlaw.exports.reference import write_observation, write_texts
from steerlaw.inputs.observation_file import load_observations
from steerlaw.plans.cell import Cell, read_cells

REFERENCE = "reference"


def export_cells(results: Path) -> list[Path]:
    """Write every cell that is done, of each figure that shows it; the files, each once."""
    return [path for cell in read_cells(results) for path in _export(cell, results, place_of(cell, results))]


def place_of(cell: Cell, results: Path) -> Path:
    """Where a cell's files go: what the layout has no name for (draws, controls, other negatives) names the folder.

    A folder of a figure is what `steerlaw verify` reads as such results.
    """
    words = [cell.figure, *([cell.negatives] if cell.negatives != "random" else [])]
    words += [f"draw {cell.seed}"] if cell.seed else []
    words += [cell.along] if cell.along != "vector" else []
    words += [cell.observe] if cell.observe == "self-cross-entropy" else []
    return results / REFERENCE / slug(" ".join(words)) / slug(cell.model) / slug(cell.concept)


def _export(cell: Cell, results: Path, directory: Path) -> Iterable[Path]:
    path = cell.path(results)
    if cell.observe == "ability":
        copy = directory / f"layer_{cell.layer}_mmlu.json"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        return [copy]
    if cell.observe == "concept-probability":
        curve, _ = read_text_curve(path)
        return [write_texts(curve, directory, model=cell.model, concept=cell.concept, layer=cell.layer)]
    return [
        written
        for observation in load_observations(path)
        for written in write_observation(observation, directory, positions=cell.positions)
    ]
