"""One cell: measured into its own directory by the writers of sweeps and text curves, and then called done.

A cell is done when `cell.json` is there, which is written last: what was measured, from what, with which software, on
which device, and how long it took. A run that was killed in it goes on where its writer's own parts end.
"""

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

from numerics.files.atomic import write_atomically
from numerics.files.text import read_json
from numerics.observing.grids import parse, with_zero
from real_models.ability.tasks import measure_ability
from real_models.scores.words import has_word
from real_models.texts.segments import read_documents
from steerlaw.experiments.experiment import Grid
from steerlaw.experiments.kept import environment
from steerlaw.experiments.sweeping import SweepRequest, sweep_to_file
from steerlaw.experiments.texts.scoring import judged
from steerlaw.experiments.texts.to_file import TextRequest, texts_to_file
from steerlaw.exports.ability import ability_document, write_ability
from steerlaw.inputs.concept_files import ConceptInputs
from steerlaw.plans.cell import Cell
from steerlaw.plans.identity import origin
from steerlaw.plans.models import LOADED, judge_model
from steerlaw.plans.plan import Plan
from steerlaw.plans.sources import checkpoint, contexts_of, file_of, log_odds_prompts, place, prompts_of
from steerlaw.plans.vectors import vector_of

DONE = "cell.json"
LEVEL = 0.05
"""How often the bounds of a task's cell may miss."""


def is_done(cell: Cell, results: Path) -> bool:
    """Whether the cell's file and the record of its making are there, whole."""
    try:
        known = read_json(cell.path(results).with_name(DONE))
    except (OSError, ValueError):
        return False
    return isinstance(known, dict) and known.get("id") == cell.id and cell.path(results).is_file()


def measure(plan: Plan, cell: Cell, results: Path) -> None:
    """Measure a cell, unless it is done; bad input is a `ValueError` or `OSError` of one line."""
    if is_done(cell, results):
        return
    out, started = cell.path(results), time.monotonic()
    out.parent.mkdir(parents=True, exist_ok=True)
    MEASURES[cell.observe](plan, cell, results)
    record = {
        "id": cell.id,
        "made_from": origin(plan, cell),
        "environment": environment(),
        "seconds": round(time.monotonic() - started, 3),
    }
    write_atomically(out.with_name(DONE), json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def _sweep(plan: Plan, cell: Cell, results: Path) -> None:
    """The next token's curves, or the cross-entropy of text."""
    source = checkpoint(plan, cell.model)
    load = partial(LOADED.load, name=cell.model)
    vector = vector_of(plan, cell, load(source, dtype=plan.dtype), results)
    (positive, negative), contexts = log_odds_prompts(plan, cell), contexts_of(plan, cell)
    request = SweepRequest(
        checkpoint=source,
        inputs=ConceptInputs(
            name=cell.concept,
            vectors={cell.layer: vector},
            contexts=contexts,
            positive=positive,
            negative=negative,
        ),
        grid=Grid(strengths=with_zero(parse(cell.strengths))[0]),
        dtype=plan.dtype,
        positions=cell.positions,
        tables=False,
        limit=False,
        contexts_at_once=len(contexts),
        control=None if cell.along == "vector" else cell.along,
        **_text(plan, cell),
    )
    sweep_to_file(request, cell.path(results), load=load)


def _text(plan: Plan, cell: Cell) -> dict[str, Any]:
    """The text of a cross-entropy sweep, which then is all that is swept."""
    pattern = plan.texts_of(cell.model).text
    if cell.observe not in ("cross-entropy", "self-cross-entropy") or pattern is None:
        return {}
    how = plan.cross_entropy
    documents = read_documents(file_of(plan, cell, pattern))
    return {
        "next_token": False,
        "own": cell.observe == "self-cross-entropy",
        "documents": documents,
        "segments": how.segments,
        "segment_tokens": how.tokens,
        "like": how.like,
    }


def _texts(plan: Plan, cell: Cell, results: Path) -> None:
    """A score of whole texts."""
    source, concept, how = checkpoint(plan, cell.model), plan.concepts[cell.concept], plan.sampling
    model = LOADED.load(source, cell.model, plan.dtype)
    request = TextRequest(
        checkpoint=source,
        layer=cell.layer,
        vector=vector_of(plan, cell, model, results),
        prompts=prompts_of(plan, cell),
        strengths=with_zero(parse(cell.strengths))[0],
        tokens=how.tokens,
        samples=how.samples,
        seed=cell.seed,
        temperature=how.temperature,
        dtype=plan.dtype,
        predicted=True,
    )
    score = has_word(concept.words) if concept.words else concept.score
    out, score_all = cell.path(results), None
    if concept.question is not None and plan.judge is not None:
        named = plan.judge.model
        judge = named if plan.judge.url else str(place(plan, named)) if place(plan, named).is_dir() else named
        keep = results / "answers" / f"{cell.id}.jsonl"
        keep.parent.mkdir(parents=True, exist_ok=True)
        score_all = partial(judged, concept.question, judge, plan.judge.url, load=judge_model, keep=keep)
    texts_to_file(request, model, score, out, score_all=score_all)


def _ability(plan: Plan, cell: Cell, results: Path) -> None:
    """Accuracy on tasks."""
    how, tasks = plan.ability, plan.texts_of(cell.model).tasks
    model = LOADED.load(checkpoint(plan, cell.model), cell.model, plan.dtype)
    ability = measure_ability(
        model,
        how.tasks,
        with_zero(parse(cell.strengths))[0],
        layer=cell.layer,
        vector=vector_of(plan, cell, model, results),
        task_files=None if tasks is None else file_of(plan, cell, tasks),
        shots=how.shots,
        limit=how.limit,
        metric=how.metric,
    )
    known = {"model": cell.model, "concept": cell.concept, "layer": cell.layer, "dtype": plan.dtype}
    write_ability(cell.path(results), ability_document(ability, LEVEL, **known))


MEASURES = {
    "next-token": _sweep,
    "cross-entropy": _sweep,
    "self-cross-entropy": _sweep,
    "concept-probability": _texts,
    "ability": _ability,
}
"""How each kind of observation is made."""
