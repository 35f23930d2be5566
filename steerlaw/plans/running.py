"""Running a plan: cells that are done are skipped, the others are handed to an engine, failures are told and kept."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from numerics.files.atomic import write_atomically
from numerics.files.text import read_text
from real_models.ability.tasks import MISSING
from steerlaw.memory import give_back, keep_freed
from steerlaw.plans.cell import PLAN_FILE, Cell, Planned, write_cells
from steerlaw.plans.identity import identified
from steerlaw.plans.measuring import is_done, measure
from steerlaw.plans.plan import Plan
from steerlaw.plans.planned import planned_cells


@dataclass(frozen=True, kw_only=True)
class Job:
    """A cell to be measured, somewhere."""

    plan: Plan
    cell: Cell
    results: Path

    def run(self) -> str | None:
        """Measure it; what is wrong with what it needs, which no other try would mend, in a line."""
        keep_freed()
        try:
            measure(self.plan, self.cell, self.results)
        except (ValueError, FileNotFoundError, PermissionError) as error:
            return str(error)
        finally:
            give_back()
        return None


Ended = tuple[Job, str | None]
"""A job and what it failed of."""
Engine = Callable[[Sequence[Job], int], Iterable[Ended]]
"""Runs jobs, each again so many times where it fails, and gives each as it ends."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a plan: how many cells were measured now and before, and what each other one failed of.

    `left_out` says of cells that nothing was tried for, since what they need is not installed.
    """

    measured: int
    found: int
    failures: Sequence[str]
    left_out: Sequence[str] = ()


def here(jobs: Sequence[Job], retries: int) -> Iterator[Ended]:
    """The engine that has no workers: one job after another, in this process."""
    for job in jobs:
        yield job, _tried(job, retries)


def _tried(job: Job, retries: int) -> str | None:
    for left in range(retries, -1, -1):
        try:
            return job.run()
        except Exception as error:
            if not left:
                return f"{type(error).__name__}: {error}"
    return None


def run_plan(
    plan: Plan,
    source: Path,
    results: Path,
    *,
    engine: Engine = here,
    retries: int = 2,
    progress: Callable[[int, int, str], None] | None = None,
) -> Outcome:
    """Measure every cell of the plan in the file `source` that is not done yet, and list those that are.

    A cell that cannot be identified or measured is a failure, and the others go on; one that needs an extra that is not
    installed is left out. `progress(done, cells, cell)` is
    called as the first cell begins, and after each. The list of cells (`steerlaw.plans.cell`) is whole at any moment.
    """
    planned = planned_cells(plan)
    cells, failures = _identified(plan, planned)
    results.mkdir(parents=True, exist_ok=True)
    write_atomically(results / PLAN_FILE, read_text(source))
    done = {cell.id for cell in cells if is_done(cell, results)}
    found = len(done)
    _list(results, cells, done)
    waiting = [cell for cell in _in_order(plan, cells) if cell.id not in done]
    ready = [cell for cell in waiting if not _lacks(cell)]
    jobs = [Job(plan=plan, cell=cell, results=results.absolute()) for cell in ready]
    if progress is not None and jobs:
        progress(0, len(jobs), jobs[0].cell.say())
    for number, (job, failure) in enumerate(engine(jobs, retries), start=1):
        if failure is None:
            done.add(job.cell.id)
            _list(results, cells, done)
        else:
            failures.append(f"{job.cell.say()}: {failure}")
        if progress is not None:
            progress(number, len(jobs), job.cell.say())
    counted = Counter(filter(None, map(_lacks, waiting)))
    left_out = [f"{count} cells are left out: {what}" for what, count in counted.items()]
    return Outcome(measured=len(done) - found, found=found, failures=failures, left_out=left_out)


def _identified(plan: Plan, planned: Iterable[Planned]) -> tuple[list[Cell], list[str]]:
    """The cells whose inputs are all there, and of the others what is not, each said once."""
    cells, failures = [], []
    for cell in planned:
        try:
            cells.append(identified(plan, cell))
        except (ValueError, OSError) as error:
            failures.append(f"{cell.say()}: {error}")
    return cells, failures


def _lacks(cell: Cell) -> str | None:
    """What would have to be installed to measure the cell."""
    return MISSING if cell.observe == "ability" and find_spec("lm_eval") is None else None


def _in_order(plan: Plan, cells: Iterable[Cell]) -> list[Cell]:
    """Each cell once, those of a model together, so that a worker loads it once."""
    order = list(plan.models)
    once: dict[str, Cell] = {}
    for cell in cells:
        once.setdefault(cell.id, cell)
    return sorted(once.values(), key=lambda cell: order.index(cell.model))


def _list(results: Path, cells: Iterable[Cell], done: set[str]) -> None:
    write_cells(results, [cell for cell in cells if cell.id in done])
