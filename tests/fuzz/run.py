"""Damaged files, thousands of them, to every reader: `python tests/fuzz/run.py --files 20000 --seed 0`.

A reader may read a damaged file or refuse it with a `ValueError` or an `OSError`. Anything else is a failure: another
exception, a crash, more than 5 seconds, more than 500 MB more memory, advice to switch a safeguard off. Each case
follows from the seed, the reader and a number, and can be run again alone: `--only vectors/gguf --case 17`.
"""

import argparse
import importlib
import multiprocessing
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]

from fuzz.mutations import MUTATIONS  # noqa: E402
from fuzz.reader import Reader  # noqa: E402

SECONDS, PATIENCE = 5.0, 60.0
"""Of the processor's time that a file may take; and by the clock, which other work on the machine keeps waiting."""
GROWTH = 500 * 2**20
CEILING = 8 * 2**30
"""Bytes that a file may make a reader grow by; and of address space, so that the machine survives."""
REFUSED = (ValueError, OSError)
SAMPLES = 5
"""Valid samples of each kind that are damaged."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One damaged file."""

    reader: str
    number: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of it: `read`, `refused`, or what went wrong."""

    case: Case
    what: str
    detail: str = ""

    @property
    def failed(self) -> bool:
        """Whether it should not have come to this."""
        return self.what not in ("read", "refused")


def readers() -> dict[str, Reader]:
    """Every reader that a file in this folder offers, by `file/name`."""
    files = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("__"))
    offers = {name: getattr(importlib.import_module(f"fuzz.{name}"), "READERS", {}) for name in files if name != "run"}
    return {f"{name}/{kind}": reader for name, offered in offers.items() for kind, reader in offered.items()}


class Samples:
    """The valid samples, each made once and copied from then on."""

    def __init__(self, home: Path) -> None:
        self.home, self.made = home, dict[Path, Path]()

    def copy(self, name: str, reader: Reader, which: int, folder: Path) -> Path:
        """A sample of a reader's in a new folder."""
        place = self.home / name.replace("/", "-") / str(which)
        if place not in self.made:
            place.mkdir(parents=True)
            self.made[place] = reader.make(place, random.Random(which)).relative_to(place)
        shutil.copytree(place, folder)
        return folder / self.made[place]


def damaged(samples: Samples, reader: Reader, case: Case, folder: Path) -> Path:
    """A valid sample, damaged once or twice."""
    rng = random.Random(f"{case.seed} {case.reader} {case.number}")
    sample, other = (
        samples.copy(case.reader, reader, rng.randrange(SAMPLES), folder / name) for name in ("sample", "other")
    )
    files = sorted(path for path in (sample.rglob("*") if sample.is_dir() else [sample]) if path.is_file())
    target = rng.choice(files)
    if len(files) > 1 and rng.random() < 0.1:
        target.unlink()
        return sample
    others = sorted(path for path in (other.rglob("*") if other.is_dir() else [other]) if path.is_file())
    data, else_ = target.read_bytes(), rng.choice(others).read_bytes()
    for _ in range(rng.choice((1, 1, 1, 2))):
        data = rng.choice(MUTATIONS)(data, rng, else_)
    target.write_bytes(data)
    return sample


def work(pipe: Connection, home: Path) -> None:
    """Read what is asked for until nobody asks any more."""
    offered, samples = readers(), Samples(home)
    resource.setrlimit(resource.RLIMIT_AS, (CEILING, CEILING))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, reader in offered.items():  # what is loaded late is loaded now
        with tempfile.TemporaryDirectory() as folder:
            try:
                reader.read(reader.make(Path(folder), random.Random(0)))
            except Exception as error:
                pipe.send(f"{name}: the valid sample was not read: {type(error).__name__}: {error}")
                return
    pipe.send("")
    while True:
        try:
            case, folder = pipe.recv()
        except EOFError:
            return
        path = damaged(samples, offered[case.reader], case, folder)
        pipe.send(None)
        pipe.send(_tried(offered[case.reader], case, path))


def _tried(reader: Reader, case: Case, path: Path) -> Outcome:
    before = _peak(reset=True)
    what, detail = "read", ""
    try:
        reader.read(path)
    except REFUSED as error:
        what, detail = "refused", str(error)
        if not detail.strip():
            what = "refused without a word"
        if "weights_only" in detail:
            what = "advised to switch a safeguard off"
    except Exception as error:
        what, detail = type(error).__name__, str(error)
    if (grown := _peak() - before) > GROWTH:
        return Outcome(case=case, what="growth", detail=f"{grown >> 20} MB more; {what}: {detail[:200]}")
    return Outcome(case=case, what=what, detail=detail)


def _peak(*, reset: bool = False) -> int:
    """The most memory this process has held, in bytes; since now, after a reset."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


class Worker:
    """A process that reads files, watched, and replaced when it does not come back."""

    def __init__(self) -> None:
        self.pipe, theirs = multiprocessing.Pipe()
        self.home = tempfile.TemporaryDirectory()
        given = (theirs, Path(self.home.name))
        self.process = multiprocessing.get_context("spawn").Process(target=work, args=given)
        self.process.start()
        theirs.close()
        try:
            problem = self.pipe.recv()
        except EOFError:
            problem = "a worker ended before it had read the valid samples"
        if problem:
            self.stop()
            raise SystemExit(problem)

    def run(self, case: Case, folder: Path) -> Outcome:
        """The outcome of one case."""
        try:
            self.pipe.send((case, folder))
            self.pipe.recv()
            began, used = time.monotonic(), self._used()
            while not self.pipe.poll(0.2):
                if self._used() - used > SECONDS or time.monotonic() - began > PATIENCE:
                    return Outcome(case=case, what="hang")
            return self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            return Outcome(case=case, what="crash", detail=f"status {self.process.exitcode}")

    def _used(self) -> float:
        """Seconds of the processor's time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.join()
        self.pipe.close()
        self.home.cleanup()


def run(cases: Sequence[Case], jobs: int, keep: Path | None) -> Iterator[Outcome]:
    """The outcomes of all cases, as they come."""
    waiting, done = SimpleQueue[Case](), SimpleQueue[Outcome | BaseException | None]()
    for case in cases:
        waiting.put(case)

    def serve() -> None:
        worker = None
        try:
            worker = Worker()
            while True:
                with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                    outcome = worker.run(waiting.get_nowait(), Path(folder))
                    if outcome.failed and keep:
                        name = f"{outcome.case.reader.replace('/', '-')}-{outcome.case.number}"
                        shutil.copytree(folder, keep / name, dirs_exist_ok=True)
                if outcome.what in ("hang", "crash"):
                    worker.stop()
                    worker = Worker()
                done.put(outcome)
        except Empty:
            done.put(None)
        except BaseException as error:
            done.put(error)
        finally:
            if worker is not None:
                worker.stop()

    with ThreadPoolExecutor(jobs) as pool:
        for _ in range(jobs):
            pool.submit(serve)
        ended = 0
        while ended < jobs:
            outcome = done.get()
            if isinstance(outcome, BaseException):
                raise outcome
            if outcome is None:
                ended += 1
            else:
                yield outcome


def main() -> int:
    """Run the cases asked for and print what came of them, reader by reader; 1 if any failed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=int, default=20_000, help="how many damaged files, over all readers")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--only", help="the readers whose names begin so")
    options.add_argument("--case", type=int, help="one case alone, by its number")
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options.add_argument("--keep", type=Path, help="folder for the files that failed")
    asked = options.parse_args()
    names = [name for name in readers() if name.startswith(asked.only or "")]
    if not names:
        options.error(f"--only {asked.only}: no reader's name begins so; there are {', '.join(readers())}")
    numbers = range(-(-asked.files // len(names))) if asked.case is None else [asked.case]
    cases = [Case(reader=name, number=number, seed=asked.seed) for number in numbers for name in names]
    began, counts, failures = time.monotonic(), {name: Counter() for name in names}, []
    for outcome in run(cases, min(asked.jobs, len(cases)), asked.keep):
        counts[outcome.case.reader][outcome.what] += 1
        if outcome.failed or asked.case is not None:
            failures += [outcome] if outcome.failed else []
            print(
                f"{outcome.case.reader} --case {outcome.case.number}: {outcome.what}: {outcome.detail[:300]!r}",
                flush=True,
            )
    for name, count in counts.items():
        print(f"{name:<32}" + ", ".join(f"{n} {what}" for what, n in sorted(count.items())))
    total = sum(sum(count.values()) for count in counts.values())
    print(f"{total} files, {len(failures)} failures, {time.monotonic() - began:.0f} s")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
