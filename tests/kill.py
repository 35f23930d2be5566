"""Kills at random moments: `python tests/kill.py --kills 100 --seed 0`.

`steerlaw sweep` and a short `steerlaw verify` (with `--only minute`, one of about a minute; with `--only run`, a plan
of three cells) are killed (SIGKILL, or SIGINT with `--signal INT`) again and again and started again, until they have
been killed so many times and are done. Each time that one ends, its files must be those of a run that nothing
disturbed, byte for byte but for the time at which the run was started or that a cell took, and nothing else may lie
beside them.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
TIME = b"TIME"
"""Stands in the files compared where they tell when the run was started, or how long it took."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A command and what it writes, in the folder where it runs."""

    name: str
    arguments: Sequence[str]
    times: Callable[[Path], list[bytes]] = lambda folder: []
    sample: bool = True

    def files(self, folder: Path) -> dict[str, bytes]:
        """Everything in the folder."""
        content = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for told in self.times(folder):
            content = {name: data.replace(told, TIME) for name, data in content.items()}
        return content


def inputs(folder: Path) -> list[Job]:
    """The jobs on the small language model that ships with the project, with the files that they read."""
    import numpy as np

    from real_models import save_vector
    from toy_models import stdlib_gpt

    negative, positive = stdlib_gpt.contexts(stdlib_gpt.CONCEPTS[0])
    width = json.loads((stdlib_gpt.CHECKPOINT / "config.json").read_text())["hidden_size"]
    save_vector(folder / "v.safetensors", {2: np.random.default_rng(0).standard_normal(width)})
    rows = ({"negative": list(negative[:2])}, {"concept": list(positive[:1])})
    (folder / "contexts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "text.txt").write_text("\n".join(negative[:12]))
    model, vector, contexts = str(stdlib_gpt.CHECKPOINT), str(folder / "v.safetensors"), str(folder / "contexts.jsonl")
    given = ("--vector", vector, "--contexts", contexts, "--strengths=-4:4:9")
    text = (
        "--observe",
        "next-token,cross-entropy",
        "--text",
        str(folder / "text.txt"),
        "--block-tokens",
        "16",
        "--derivatives",
        "0",
    )
    laws = ("--laws", "token_bump,tilt,local_tilt", "--directions", "1")
    return [
        Job(name="sweep", arguments=["sweep", "--model", model, *given, *text, "--out", "s.nc"]),
        Job(name="verify", arguments=["verify", model, *given, *laws, "--out", "report"], times=_started),
        Job(
            name="minute",
            arguments=["verify", model, *given, "--directions", "5", "--out", "report"],
            times=_started,
            sample=False,
        ),
        Job(name="run", arguments=["run", str(plan(folder)), "--out", "results"], times=_seconds, sample=False),
    ]


def plan(folder: Path) -> Path:
    """A plan of a sweep, of cross-entropy and of texts."""
    shipped = "shipped:stdlib_gpt"
    texts = {
        "positive": f"{shipped}/data/{{concept}}.vector.{{negatives}}.jsonl",
        "negative": f"{shipped}/data/{{concept}}.vector.{{negatives}}.jsonl",
        "contexts": f"{shipped}/data/{{concept}}.contexts.jsonl",
        "text": f"{shipped}/data/segments.jsonl",
    }
    lines = ["[texts]", *(f'{name} = "{pattern}"' for name, pattern in texts.items())]
    lines += ["[models.stdlib-gpt]", f'checkpoint = "{shipped}/checkpoint"', "blocks = { middle = 2 }"]
    lines += ["[concepts.uppercase]", 'score = "capitals"']
    lines += ["[cross_entropy]", "segments = 4", "tokens = 16", "[sampling]", "tokens = 4", "samples = 12"]
    for figure, observe in enumerate(("next-token", "cross-entropy", "concept-probability")):
        lines += ["[[figures]]", f'figure = "{figure}"', 'models = ["stdlib-gpt"]', 'concepts = ["uppercase"]']
        lines += [f'observe = "{observe}"', 'strengths = "-2:2:5"']
    path = folder / "plan.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def _started(folder: Path) -> list[bytes]:
    report = folder / "report" / "report.json"
    return [json.loads(report.read_text())["run"]["started"].encode()] if report.is_file() else []


def _seconds(folder: Path) -> list[bytes]:
    cells = sorted(folder.glob("results/cells/*/cell.json"))
    return [f'"seconds": {json.loads(cell.read_text())["seconds"]}'.encode() for cell in cells]


def run(job: Job, folder: Path, after: float | None = None, with_: signal.Signals = signal.SIGKILL) -> bool:
    """Run the job, sending the signal after so many seconds; whether it came to its end."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (folder.parent / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "steerlaw", *job.arguments],
            cwd=folder,
            env=environment,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            status = process.wait(after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, with_)
            status = process.wait(60)
    expected = {0, -with_, 130} if with_ is signal.SIGINT else {0, -with_}  # shells know -SIGINT, too, as 130
    if status not in expected:
        raise SystemExit(f"{job.name}: ended with {status}: {(folder.parent / 'said.txt').read_text()[-2000:]}")
    return status == 0


def disturb(job: Job, home: Path, kills: int, rng: random.Random, with_: signal.Signals) -> None:
    """Kill the job so many times; a result that differs ends the program."""
    runs = 0

    def new_folder() -> Path:
        folder = home / f"{job.name}-{runs}"
        folder.mkdir()
        return folder

    calm = new_folder()
    run(job, calm)
    began = time.monotonic()
    runs += 1
    run(job, folder := new_folder())
    duration = time.monotonic() - began
    expected = job.files(calm)
    _same(job, expected, folder)
    killed, runs = 0, 2
    folder = new_folder()
    while killed < kills or not run(job, folder):
        if run(job, folder, rng.uniform(0, duration), with_):
            _same(job, expected, folder)
            runs += 1
            folder = new_folder()
        else:
            killed += 1
    _same(job, expected, folder)
    print(f"{job.name}: {killed} kills, {runs - 1} results, all the same {len(expected)} files; {duration:.0f} s a run")


def _same(job: Job, expected: dict[str, bytes], folder: Path) -> None:
    found = job.files(folder)
    differing = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
    if differing:
        raise SystemExit(f"{job.name}: {folder}: differs from an undisturbed run in {', '.join(sorted(differing))}")


def main() -> int:
    """Disturb the jobs asked for; 1 if one did not come to the same end."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=100, help="of each job")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--only", choices=("sweep", "verify", "minute", "run"), help="default: the first two")
    options.add_argument("--signal", choices=("KILL", "INT"), default="KILL")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", f"{home}/compiled")
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        for job in inputs(Path(home)):
            if job.name == asked.only or (asked.only is None and job.sample):
                rng = random.Random(f"{asked.seed} {job.name}")
                disturb(job, Path(home), asked.kills, rng, signal.Signals[f"SIG{asked.signal}"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
