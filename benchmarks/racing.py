"""What every benchmark of times shares: contenders in turns on one core, a line of the table, the machine in words.

Contenders run in turns in one process on one core, so that whatever else the machine does hits them alike; what is
compared is the median over rounds of the ratio within a round.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np

HEADER = """| task | against | ours | theirs | ratio | goal | | reach for | remark |
|---|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: seconds, how many times faster than at least wanted, and by how much the two differ.

    With `cost`, `ratio` is how many times the peer's seconds ours may take at most.
    """

    task: str
    peer: str
    ours: float
    theirs: float
    ratio: float
    goal: float | None = None
    cost: bool = False
    reach: str = ""
    remark: str

    def __str__(self) -> str:
        met = goal = ""
        if self.goal is not None:
            reached = self.ratio <= self.goal if self.cost else self.ratio >= self.goal
            least = f"{self.goal:,.0f}x" if self.goal >= 1000 else f"{self.goal:.3g}x"
            met, goal = "met" if reached else "missed", f"at most {least}" if self.cost else least
        cells = self.task, self.peer, in_words(self.ours), in_words(self.theirs), f"{self.ratio:,.3g}x", goal, met
        return f"| {' | '.join((*cells, self.reach, self.remark))} |"


Times = tuple[float, float, float]
"""Seconds of ours and of theirs, and how many times longer theirs are."""


def race(ours: Callable, theirs: Callable, rounds: int, scale: float = 1.0) -> Times:
    """Median seconds of both, theirs times `scale`, and the median ratio, without the first round, which compiles."""
    return races([ours], theirs, rounds, scale)[0]


def races(contenders: Sequence[Callable], theirs: Callable, rounds: int, scale: float = 1.0) -> list[Times]:
    """The same of several of ours, in turns."""
    times = [[timed(f) for f in (*contenders, theirs)] for _ in range(rounds + 1)][1:]
    return [
        (
            statistics.median(row[number] for row in times),
            scale * statistics.median(row[-1] for row in times),
            statistics.median(scale * row[-1] / row[number] for row in times),
        )
        for number in range(len(contenders))
    ]


def line(task: str, peer: str, times: Times) -> Row:
    """The line of a race, its goal and remark still to be filled in."""
    ours, theirs, ratio = times
    return Row(task=task, peer=peer, ours=ours, theirs=theirs, ratio=ratio, remark="")


def timed(f: Callable) -> float:
    """Seconds of one call, waiting for what JAX still computes."""
    start = time.perf_counter()
    jax.block_until_ready(f())
    return time.perf_counter() - start


def in_words(seconds: float) -> str:
    """Seconds, or milliseconds below one second, to about two digits."""
    return f"{seconds:,.0f} s" if seconds >= 100 else f"{seconds:.2g} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def on_one_core() -> tuple[int | None, float]:
    """Bind this process to one core, before JAX starts its threads; how many there are, and the load average."""
    cores, load = os.cpu_count(), os.getloadavg()[0]
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return cores, load


def machine(cores: int | None, load: float, *, one: bool = True) -> str:
    """The machine in one line, of whose cores `one` is used or all."""
    cpuinfo = Path("/proc/cpuinfo")
    models = [line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
    cpu = models[0] if models else platform.processor()
    software = (
        f"Python {platform.python_version()}, NumPy {np.__version__}, JAX {jax.__version__} on {jax.default_backend()}"
    )
    used = "One of " if one else ""
    return f"{used}{cores} cores of {cpu}, {platform.system()}, {software}; load average {load:.1f} at the start."
