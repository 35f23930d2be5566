"""Accuracy on tasks of lm-evaluation-harness against the strength, with a band for its change."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from numerics.bands.intervals import bounded_mean_band, check_level
from real_models.steering.inputs import Layers, Strengths, Vector, strength_values
from real_models.steering.model import LanguageModel

METRIC = "acc"
MISSING = "tasks need lm-evaluation-harness; pip install 'steerlaw[eval]'"


@dataclass(frozen=True, kw_only=True, eq=False)
class Ability:
    """What share of each task's questions was answered right at each strength; `outcomes` are 0 or 1 a question."""

    strengths: Float[np.ndarray, " strengths"]
    outcomes: Mapping[str, Float[np.ndarray, "strengths questions"]]
    metric: str = METRIC

    @property
    def task_scores(self) -> dict[str, Float[np.ndarray, " strengths"]]:
        """The mean over each task's questions."""
        return {name: each.mean(axis=1) for name, each in self.outcomes.items()}

    @property
    def overall(self) -> Float[np.ndarray, " strengths"]:
        """The mean over the questions of all tasks."""
        return np.concatenate(list(self.outcomes.values()), axis=1).mean(axis=1)

    def change(self, level: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
        """Bounds for how much more is answered right than at strength 0, at all strengths at once.

        Questions are the replicates, each beside itself unsteered, whatever their distribution (`bounded_mean_band`).
        """
        check_level(level)
        zero = np.flatnonzero(self.strengths == 0)
        if zero.size == 0:
            raise ValueError("the strengths lack 0, from which changes are counted")
        right = np.concatenate(list(self.outcomes.values()), axis=1)
        elsewhere = np.flatnonzero(self.strengths != 0)
        bounds = np.zeros((2, len(self.strengths)))
        if elsewhere.size:
            share = (1 + right.T[:, elsewhere] - right.T[:, zero[:1]]) / 2
            bounds[:, elsewhere] = 2 * np.stack(bounded_mean_band(share, level=level)) - 1
        return bounds[0], bounds[1]


def measure_ability(
    model: LanguageModel,
    tasks: Sequence[str],
    strengths: Strengths,
    *,
    layer: Layers,
    vector: Vector,
    task_files: Path | None = None,
    shots: int | None = None,
    limit: int | None = None,
    metric: str = METRIC,
    progress: Callable[[int, int], None] | None = None,
) -> Ability:
    """The share of right answers on tasks, groups of them or tags, by their names, at every strength.

    Names are lm-evaluation-harness's own or those of the YAML files in `task_files`, from where their relative
    `data_files` are read, too. `shots` examples are shown before each question (None: as the task has it), and at most
    `limit` questions of a task are asked. An unknown task, one whose model has to write, or one without the `metric` is
    a `ValueError` of one line. A task file may name Python functions, and these are run: use only files that you trust.
    """
    values = strength_values(strengths)
    try:
        from lm_eval.evaluator import evaluate  # pyright: ignore[reportMissingImports]

        from real_models.ability.steered_lm import SteeredLM
    except ImportError as error:
        raise ValueError(f"{MISSING} ({error})") from error
    lm, outcomes = SteeredLM(model, values, layer=layer, vector=vector), dict[str, list[list[float]]]()
    with _quiet():
        loaded = _loaded(tasks, task_files, shots)
        for at in range(len(values)):
            if progress is not None:
                progress(at, len(values))
            lm.at = at
            found: Any = evaluate(lm, loaded, limit=limit, bootstrap_iters=0)
            for name, rows in found["samples"].items():
                outcomes.setdefault(name, []).append(_right(name, rows, metric))
    return Ability(
        strengths=values, outcomes={name: np.array(each, np.float64) for name, each in outcomes.items()}, metric=metric
    )


def _loaded(tasks: Sequence[str], task_files: Path | None, shots: int | None) -> Any:
    """The tasks with their questions, as the harness holds them."""
    from lm_eval.tasks import TaskManager  # pyright: ignore[reportMissingImports]

    own = None if task_files is None else str(task_files.absolute())
    known = TaskManager(include_path=own, include_defaults=False)
    if not set(tasks) <= set(known.all_tasks):  # the harness's thousands are looked through where they are needed
        known = TaskManager(include_path=own)
    if unknown := [name for name in tasks if name not in known.all_tasks]:
        where = "" if task_files is None else f" or of {task_files}"
        raise ValueError(f"unknown task {unknown[0]!r}, expected one of lm-evaluation-harness{where}")
    with contextlib.nullcontext() if task_files is None else contextlib.chdir(task_files):
        loaded = known.load(list(tasks))
    for task in loaded["tasks"].values():
        if shots is not None or task.get_config("num_fewshot") is None:
            task.set_config(key="num_fewshot", value=shots or 0)
        task.set_fewshot_seed(seed=0)
    return loaded


def _right(name: str, rows: Sequence[Mapping[str, Any]], metric: str) -> list[float]:
    """The metric of each question, in their order, of the first filter of answers."""
    first = [row for row in rows if row["filter"] == rows[0]["filter"]]
    if missing := [row for row in first if metric not in row]:
        raise ValueError(f"task {name}: has no {metric}, expected one of {', '.join(missing[0]['metrics'])}")
    values = [float(row[metric]) for row in sorted(first, key=lambda row: row["doc_id"])]
    if not all(0 <= value <= 1 for value in values):
        raise ValueError(f"task {name}: its {metric} is no share of right answers, expected numbers from 0 to 1")
    return values


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The harness's own progress bars and notices, of which there would be some a strength, stay away."""
    import datasets.utils as data  # pyright: ignore[reportMissingImports]
    from lm_eval.api import task  # pyright: ignore[reportMissingImports]

    log, shown, bar = logging.getLogger("lm_eval"), not data.are_progress_bars_disabled(), task.tqdm
    level = log.level
    log.setLevel(logging.ERROR)
    data.disable_progress_bars()
    task.tqdm = lambda rows, *_, **__: rows
    try:
        yield
    finally:
        log.setLevel(level)
        task.tqdm = bar
        if shown:
            data.enable_progress_bars()
