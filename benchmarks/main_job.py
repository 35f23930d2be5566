"""The main job beside an earlier state of it: `python -m benchmarks.main_job TREE` writes its section of RESULTS.md.

TREE is a checkout of another commit (`git worktree add TREE COMMIT`). Both run `steerlaw verify` on the embedded models
from nothing compiled, in turns, with the Python that runs this: wall time, processor time and the largest memory of
each program with all of its processes. For each `--arguments` this tree's program runs once more, with them: asked
for no more controls than the other knows (`--arguments=--directions=0,--texts=0`), or for one law
(`--arguments=--laws=ID`).
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.racing import machine
from benchmarks.results import write_part

HERE = Path(__file__).parents[1]
EVERY = 0.5
"""Seconds between two looks at the memory."""


@dataclass(frozen=True, kw_only=True)
class Took:
    """What a run took: seconds by the clock and of processors, and bytes at most."""

    wall: float
    processor: float
    memory: float


def ran(tree: Path, arguments: Sequence[str]) -> Took:
    """One run, from nothing compiled."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "PYTHONPATH": str(tree), "JAX_COMPILATION_CACHE_DIR": f"{home}/compiled"}
        command = [sys.executable, "-m", "steerlaw", "verify", "--out", f"{home}/report", *arguments]
        before, began, most = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic(), 0
        with subprocess.Popen(
            command, cwd=tree, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as run:
            while True:
                try:
                    _, said = run.communicate(timeout=EVERY)
                    break
                except subprocess.TimeoutExpired:
                    most = max(most, _memory(run.pid))
        wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode not in (0, 1):
        raise RuntimeError(f"{tree}: steerlaw verify ended with {run.returncode}: {said.decode()[-500:]}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(wall=wall, processor=processor, memory=float(most))


def _memory(program: int) -> int:
    """Bytes that a process and those that it started hold now."""
    parents, held = {}, {}
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(directory.name)] = int((directory / "stat").read_text().rpartition(")")[2].split()[1])
            held[int(directory.name)] = int((directory / "statm").read_text().split()[1]) * resource.getpagesize()
        except OSError:
            continue  # it has ended
    family, grew = {program}, True
    while grew:
        more = {one for one, parent in parents.items() if parent in family} - family
        family, grew = family | more, bool(more)
    return sum(held.get(one, 0) for one in family)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--arguments", action="append", default=[], help="separated by commas")
    asked = parser.parse_args()
    where = machine(os.cpu_count(), os.getloadavg()[0], one=False)
    contenders: dict[str, tuple[Path, list[str]]] = {"the other commit": (asked.tree, []), "this one": (HERE, [])}
    for own in asked.arguments:
        contenders[f"this one, `{own.replace(',', ' ')}`"] = HERE, own.split(",")
    sides: dict[str, list[Took]] = {name: [] for name in contenders}
    for _ in range(asked.rounds):
        for name, (tree, arguments) in contenders.items():
            sides[name].append(ran(tree.resolve(), arguments))
            print(name, sides[name][-1], flush=True)
    commit = subprocess.run(["git", "-C", asked.tree, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    lines = [
        f"`python -m benchmarks.main_job`: `steerlaw verify`, nothing compiled before, in turns with commit "
        f"{commit.stdout.strip()}; the best of {asked.rounds}. {where}",
        "",
        "Each does what it does unless asked otherwise, which has grown (laws, horizons, directions, whole texts): "
        "these are what a user waits for, not two speeds at one task.",
        "",
        "| | wall, s | processors, s | memory at most, GB |",
        "|---|---|---|---|",
    ]
    for name, took in sides.items():
        best = [min(getattr(one, what) for one in took) for what in ("wall", "processor", "memory")]
        lines.append(f"| {name} | {best[0]:.0f} | {best[1]:.0f} | {best[2] / 1e9:.1f} |")
    text = "\n".join(lines)
    print(text)
    write_part("The main job", text)


if __name__ == "__main__":
    main()
