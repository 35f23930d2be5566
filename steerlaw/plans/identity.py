"""What a cell is made from, and its name after that: the same cell of another plan, or of another run, is the same."""

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from real_models.checkpoints.hub import find_checkpoint
from steerlaw.experiments.checkpoint_hashes import checkpoint_hashes
from steerlaw.experiments.parts import digest
from steerlaw.inputs.names import sha256_once
from steerlaw.plans.cell import CELLS, Cell, Planned
from steerlaw.plans.plan import Plan
from steerlaw.plans.sources import (
    checkpoint,
    contexts_of,
    file_of,
    log_odds_prompts,
    prompts_of,
    redrawn,
    vector_files,
)

FORMAT = 2
"""Of cells: another number makes all cells new ones."""
FILES = {
    "next-token": "next-token.nc",
    "cross-entropy": "cross-entropy.nc",
    "self-cross-entropy": "self-cross-entropy.nc",
    "concept-probability": "concept-probability.nc",
    "ability": "ability.json",
}
SETTINGS = [field.name for field in fields(Planned) if field.name not in ("figure", "block")]
"""What determines a cell; what it is called does not."""


def vector_origin(plan: Plan, cell: Planned) -> dict[str, Any]:
    """Everything that determines a cell's vectors, those of all blocks: the model and the texts."""
    positive, negative = (sha256_once(path) for path in vector_files(plan, cell))
    return {
        "format": FORMAT,
        "dtype": plan.dtype,
        "checkpoint": checkpoint_hashes(find_checkpoint(checkpoint(plan, cell.model))),
        "positive": positive,
        "negative": negative,
        "redrawn": cell.seed if redrawn(plan, cell) else 0,
    }


def origin(plan: Plan, cell: Planned) -> dict[str, Any]:
    """Everything that determines a cell: its settings, and hashes of the model and the texts that it is made from.

    A missing or broken file is a `ValueError` or an `OSError`.
    """
    own = {name: getattr(cell, name) for name in SETTINGS}
    return {"settings": own, "vector": vector_origin(plan, cell), cell.observe: _observed(plan, cell)}


def _observed(plan: Plan, cell: Planned) -> dict[str, Any]:
    texts = plan.texts_of(cell.model)
    if cell.observe == "concept-probability":
        concept, judge = plan.concepts[cell.concept], plan.judge
        asked = None if concept.question is None or judge is None else asdict(judge)
        return {
            "prompts": digest(prompts_of(plan, cell)),
            "score": asdict(concept),
            "judge": asked,
            **asdict(plan.sampling),
        }
    if cell.observe == "ability":
        tasks = None if texts.tasks is None else sha256_once(file_of(plan, cell, texts.tasks))
        return {"task_files": tasks, **asdict(plan.ability)}
    known = {"contexts": digest(contexts_of(plan, cell)), "log_odds": digest(*log_odds_prompts(plan, cell))}
    if cell.observe == "next-token":
        return known
    assert texts.text is not None
    return {**known, "text": sha256_once(file_of(plan, cell, texts.text)), **asdict(plan.cross_entropy)}


def identified(plan: Plan, cell: Planned) -> Cell:
    """The cell by the hash of what it is made from, with its place among the results."""
    name = digest(origin(plan, cell))[:20]
    return Cell(id=name, file=str(Path(CELLS, name, FILES[cell.observe])), **asdict(cell))
