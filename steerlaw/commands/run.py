"""`steerlaw run`: a plan's experiments, each cell once."""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from steerlaw.commands.options import AnyNumber, OutputDirectory
from steerlaw.rendering.console import Column, complain, print_json, print_table, say
from steerlaw.rendering.progress import progress_bar


@dataclass(frozen=True, kw_only=True)
class Run:
    """Run a plan: models x concepts x blocks x negatives x draws x observations, each cell once.

    PLAN is a TOML file, or one that comes with steerlaw: embedded (every experiment of the paper on the shipped models)
    or paper (the paper itself). Cells lie in OUT/cells, named by what they are made from; those that are done are
    skipped, so that a run that was killed goes on, and a plan that was changed measures what is new. `steerlaw figures
    --paper OUT` draws them, `steerlaw verify OUT/cells/ID/next-token.nc` judges one. The exit status is 1 where cells
    failed.
    """

    plan: Annotated[str, tyro.conf.Positional]
    """The plan's file, or embedded, or paper."""
    out: OutputDirectory = Path("steerlaw-report")
    """Directory for cells/, cells.json and plan.toml."""
    on: str | None = None
    """Who runs the cells: local:N (processes), dask:ADDRESS or slurm:N (both with the extra `cluster`)."""
    retries: AnyNumber = 2
    """How often a cell that failed is tried again."""
    dry_run: bool = False
    """Say what it would cost, from the shapes in the plan; nothing is run, read or fetched."""
    gpu: str = "H100"
    """For --dry-run: the GPU on which hours are estimated."""
    like: Literal["reference"] | None = None
    """Write what is done in the layout of the paper's own code, too: OUT/reference/FIGURE/MODEL/CONCEPT/."""
    json: bool = False
    """Print JSON alone."""

    def __call__(self) -> int:
        from steerlaw.plans.plan import read_plan
        from steerlaw.plans.sources import plan_file

        source = plan_file(self.plan)
        plan = read_plan(source)
        if self.dry_run:
            return self._told(plan)
        return self._run(plan, source)

    def _run(self, plan: Any, source: Path) -> int:
        from numerics.files.alone import alone
        from steerlaw.plans.engines import engine_named
        from steerlaw.plans.exporting import export_cells
        from steerlaw.plans.running import run_plan

        with alone(self.out / "cells.json"), engine_named(self.on) as engine, progress_bar() as progress:
            task = progress.add_task("reading the plan", total=None)

            def told(done: int, cells: int, last: str) -> None:
                progress.update(task, completed=done, total=cells, description=last)

            outcome = run_plan(plan, source, self.out, engine=engine, retries=self.retries, progress=told)
            files = None
            if self.like == "reference":
                progress.update(task, description="writing the layout of the paper's code")
                files = len({*export_cells(self.out)})
        if self.json:
            counted = {"measured": outcome.measured, "found": outcome.found, "failures": list(outcome.failures)}
            counted["left_out"] = list(outcome.left_out)
            print_json({"out": str(self.out), **counted, **({} if files is None else {"files": files})})
        else:
            say(f"{self.out}: {outcome.measured} cells measured, {outcome.found} were there already")
            if files is not None:
                say(f"{files} files in the layout of the paper's code in {self.out}/reference")
        for line in (*outcome.left_out, *outcome.failures):
            complain(line)
        return int(bool(outcome.failures))

    def _told(self, plan: Any) -> int:
        from steerlaw.plans.costs import Cost, figure_costs, total
        from steerlaw.plans.gpus import gpu_named, hours
        from steerlaw.plans.planned import planned_cells

        gpu, cells = gpu_named(self.gpu), Counter(cell.figure for cell in planned_cells(plan))
        ways = {"by_hand": figure_costs(plan, by_hand=True), "here": figure_costs(plan, by_hand=False)}

        def numbers(cost: Cost) -> dict[str, float]:
            return {**asdict(cost), "hours": hours(cost, gpu, plan.dtype)}

        rows = [
            {"figure": figure, "cells": cells[figure], **{way: numbers(costs[figure]) for way, costs in ways.items()}}
            for figure in ways["here"]
        ]
        whole = {way: numbers(total(costs.values())) for way, costs in ways.items()}
        rows.append({"figure": "all", "cells": cells.total(), **whole})
        if self.json:
            print_json({"plan": plan.title, "gpu": self.gpu, "dtype": plan.dtype, "figures": rows})
        else:
            _print(plan, self.gpu, rows)
        return 0


def _print(plan: Any, gpu: str, rows: list[dict[str, Any]]) -> None:
    keys = ("hours", "passes", "tokens", "flops", "bytes")
    columns = [Column("figure"), Column("cells", right=True)]
    columns += [Column(f"{key}{way}", right=True, drop=n) for n, key in enumerate(keys) for way in (" by hand", "")]

    def shown(row: dict[str, Any]) -> list[str]:
        return [f"{_all(row[way], name):.2g}" for name in keys for way in ("by_hand", "here")]

    print_table(
        f"{plan.title or 'the plan'}: in {plan.dtype} on one {gpu}",
        columns,
        [[row["figure"], str(row["cells"]), *shown(row)] for row in rows],
    )
    before, after = rows[-1]["by_hand"], rows[-1]["here"]
    say(
        f"{before['hours']:.3g} hours by hand, {after['hours']:.3g} here: curves are read off few strengths, blocks"
        " before the steered one run once, texts are reweighted; cells that figures share are counted once"
    )


def _all(numbers: dict[str, float], name: str) -> float:
    """A number of a cost; operations of all kinds together."""
    return sum(value for key, value in numbers.items() if key.startswith("flops")) if name == "flops" else numbers[name]
