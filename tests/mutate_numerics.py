"""Would a slip in what judges be noticed? A mutation run over bands, judging and shares, a file at a time.

`python tests/mutate_numerics.py numerics/judging/shares.py` changes one comparison, sign, number, extremum or
quantifier of the file at a time, in a process of its own in which the file is imported changed, and runs the tests of
`TESTS` that belong to it (seconds a mutant). The file's row in tests/MUTANTS_NUMERICS.md is written anew, with its
survivors; status 1 if there is one that `harmless_mutants.HARMLESS` does not explain, or if what this explains does not
survive. Without a file all of `TESTS` are gone through, which takes hours. `--every N` takes each N-th mutant alone.
`--again` tries only those that the page lists as surviving: after tests were added, the file being as it was.
"""

import argparse
import ast
import gc
import hashlib
import importlib.abc
import importlib.metadata
import importlib.util
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax  # noqa: F401 (this and others: so that processes need not)
import pytest
import scipy.stats  # noqa: F401
import xarray  # noqa: F401
from hypothesis import Phase, settings

from harmless_mutants import HARMLESS, Harmless
from mutants_page import NOT_EXPLAINED, Row, read_rows, write_rows

ROOT = Path(__file__).parents[1]
FORK = multiprocessing.get_context("fork")
"""Each mutant is tested in a process that starts with everything of others imported: two seconds less a mutant."""
TIMES, SECONDS = 3, 3
"""Of processor time that a mutant has: so many times what the tests took on the file as it is, and so many more."""
PROCESSOR = "processor time"
NO_SHRINKING = "no shrinking"
"""Hypothesis's examples are those of the tests; nobody asks for a smaller one of a mutant that is noticed."""

TESTS: dict[str, tuple[str, ...]] = {
    "numerics/judging/shares.py": ("tests/numerics/judging/test_shares.py",),
    "numerics/judging/p_values.py": ("tests/numerics/judging/test_p_values.py",),
    "numerics/bands/band.py": ("tests/numerics/bands/test_band.py",),
    "numerics/bands/exceeding.py": ("tests/numerics/bands/test_exceeding.py",),
    "numerics/bands/falls.py": ("tests/numerics/bands/test_falls.py",),
    "numerics/bands/hulls.py": ("tests/numerics/bands/test_hulls.py",),
    "numerics/bands/intervals.py": ("tests/numerics/bands/test_intervals.py",),
    "numerics/bands/measured.py": ("tests/numerics/bands/test_measured.py",),
    "numerics/bands/outward.py": ("tests/numerics/bands/test_outward.py",),
    "numerics/bands/peak_intervals.py": ("tests/numerics/bands/test_peak_intervals.py",),
    "numerics/bands/shapes.py": ("tests/numerics/bands/test_shapes.py", "tests/numerics/bands/test_witnesses.py"),
    "numerics/bands/zigzags.py": ("tests/numerics/bands/test_zigzags.py",),
    "numerics/judging/prediction.py": ("tests/numerics/judging/test_prediction.py",),
    "numerics/judging/assessment.py": ("tests/numerics/judging/test_assessment.py",),
    "numerics/judging/sweeps.py": ("tests/numerics/judging/test_findings_of_sweeps.py",),
    "steerlaw/results/shares.py": ("tests/steerlaw/results/test_shares.py",),
    "steerlaw/results/directions.py": ("tests/steerlaw/results/test_directions.py",),
    "steerlaw/experiments/directions.py": ("tests/steerlaw/experiments/test_directions.py",),
    "steerlaw/inputs/printed.py": ("tests/steerlaw/inputs/test_printed.py",),
}

COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
COMPUTED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
PAIRS = (
    "any all",
    "min max",
    "minimum maximum",
    "argmin argmax",
    "nanmin nanmax",
    "lower upper",
    "least most",
    "floor ceil",
)
NAMED = {one: other for pair in PAIRS for one, other in (pair.split(), pair.split()[::-1])}


def changes(tree: ast.AST) -> Iterator[tuple[ast.expr, str, object, str]]:
    """Every node that can be changed: which of its fields, to what, and the change in words."""
    typed = {id(part) for node in ast.walk(tree) for part in _annotations(node)}
    for node in ast.walk(tree):
        if id(node) in typed:
            continue
        match node:
            case ast.Compare(ops=[op]) if type(op) in COMPARED:
                yield node, "ops", [COMPARED[type(op)]()], f"{type(op).__name__} -> {COMPARED[type(op)].__name__}"
            case ast.BinOp(op=op) if type(op) in COMPUTED:
                yield node, "op", COMPUTED[type(op)](), f"{type(op).__name__} -> {COMPUTED[type(op)].__name__}"
            case ast.UnaryOp(op=ast.Invert() | ast.Not() | ast.USub()):
                yield node, "op", ast.UAdd(), "drop the sign"
            case ast.Attribute(attr=name) if name in NAMED:
                yield node, "attr", NAMED[name], f"{name} -> {NAMED[name]}"
            case ast.Name(id=name) if name in NAMED and isinstance(node.ctx, ast.Load):
                yield node, "id", NAMED[name], f"{name} -> {NAMED[name]}"
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                yield node, "value", value + 1, f"{value} -> {value + 1}"


def _annotations(node: ast.AST) -> Iterator[ast.AST]:
    """Everything within what annotates: no slip there is one of computing."""
    for name in ("annotation", "returns"):
        if (found := getattr(node, name, None)) is not None:
            yield from ast.walk(found)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change of a file: its number, what it is, and the line it is in with what is changed in guillemets."""

    number: int
    change: str
    line: str

    def __str__(self) -> str:
        """The change, and what stands about it."""
        start, end = max(self.line.index("«") - 35, 0), max(self.line.index("«") + 35, self.line.index("»") + 12)
        return f"{self.change} in `{'…' * (start > 0)}{self.line[start:end]}{'…' * (end < len(self.line))}`"


def mutants(path: Path) -> list[Mutant]:
    """Every change of a file."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    return [
        Mutant(number=number, change=change, line=_marked(lines[node.lineno - 1], node))
        for number, (node, _, _, change) in enumerate(changes(ast.parse(text)))
    ]


def mutated(path: Path, mutant: Mutant) -> str:
    """The text of a file with one change."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    node, field, value, _ = list(changes(tree))[mutant.number]
    setattr(node, field, value)
    return ast.unparse(ast.fix_missing_locations(tree))


def _marked(line: str, node: ast.expr) -> str:
    """The line on which a node begins, with the node, or its part on this line, in guillemets."""
    whole = line.encode()  # the parser counts bytes
    end = node.end_col_offset if node.end_lineno == node.lineno else None
    parts = whole[: node.col_offset], whole[node.col_offset : end], whole[len(whole) if end is None else end :]
    before, marked, after = (part.decode() for part in parts)
    return f"{before}«{marked}»{after}".strip()


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one file with another text."""

    def __init__(self, path: Path, text: Path) -> None:
        self.path, self.text = path, text

    def find_spec(self, name: str, path: object = None, target: object = None):
        if name == ".".join(self.path.relative_to(ROOT).with_suffix("").parts):
            return importlib.util.spec_from_loader(name, self)
        return None

    def exec_module(self, module) -> None:
        exec(compile(self.text.read_text(encoding="utf-8"), str(self.path), "exec"), module.__dict__)


class QuickestFirst:
    """Runs tests in the order of the seconds that each took once, and keeps those that they take now."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.before, self.seconds = seconds, dict[str, float]()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """As pytest calls it."""
        items.sort(key=lambda item: self.before.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """As pytest calls it."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration


def tests_pass(path: Path, text: str, tests: Sequence[str], seconds: dict[str, float]) -> bool:
    """Whether some tests pass where a file has another text; tests that do not end have noticed.

    They go in the order of `seconds`, which tests that pass write anew.
    """
    with tempfile.TemporaryDirectory() as home:
        changed, took = Path(home) / "changed.py", Path(home) / "seconds.json"
        changed.write_text(text, encoding="utf-8")
        run = FORK.Process(target=_test, args=(path, changed, tests, seconds, took))
        run.start()
        run.join()
        if run.exitcode == 0:
            seconds.update(json.loads(took.read_text()))
    return run.exitcode == 0


def _test(path: Path, changed: Path, tests: Sequence[str], seconds: dict[str, float], took: Path) -> None:
    """Run tests in this process, which knows nothing of ours yet, and end it."""
    if seconds:
        limit = int(TIMES * seconds[PROCESSOR]) + SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    os.chdir(ROOT)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    sys.meta_path.insert(0, Changed(path, changed))
    order = QuickestFirst(seconds)
    options = ("-n", "0", "-x", "-q", "-p", "no:cacheprovider", "--assert=plain", "-m", "")
    status = pytest.main([*options, *tests], plugins=[order])
    took.write_text(json.dumps(order.seconds | {PROCESSOR: time.process_time()}))
    os._exit(status)


def prepare() -> None:
    """Import what every process needs, and let none of them look for what this one may forget."""
    warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)  # JAX is imported, and has not been used
    for plugin in importlib.metadata.entry_points(group="pytest11"):
        plugin.load()
    settings.register_profile(NO_SHRINKING, derandomize=True, deadline=None, phases=(Phase.explicit, Phase.generate))
    os.environ["HYPOTHESIS_PROFILE"] = NO_SHRINKING
    gc.collect()
    gc.freeze()


def gone_through(name: str, *, every: int = 1, again: bool = False) -> tuple[Row, list[Mutant]]:
    """Try each N-th mutant of a file, or again those of its row that survive: the row, and those that do."""
    path = ROOT / name
    text = path.read_text(encoding="utf-8")
    seconds = dict[str, float]()
    if not tests_pass(path, text, TESTS[name], seconds):
        raise SystemExit(f"{name}: its tests fail on the file as it is")
    digest, everyone, before = hashlib.sha256(text.encode()).hexdigest()[:8], mutants(path), read_rows().get(name)
    tried = everyone[::every]
    count = len(tried)
    if again:
        if before is None or before.digest != digest:
            raise SystemExit(f"{name}: was not gone through as it is: leave out --again")
        listed = {what for what, _ in before.survivors}
        tried, count = [mutant for mutant in everyone if str(mutant) in listed], before.tried
    alive = []
    for mutant in tried:
        if tests_pass(path, mutated(path, mutant), TESTS[name], seconds):
            alive.append(mutant)
            print(f"{name}: survives: {mutant}: {reason(name, mutant)}", file=sys.stderr, flush=True)
    survivors = tuple((str(mutant), reason(name, mutant)) for mutant in alive)
    return Row(name=name, digest=digest, mutants=len(everyone), tried=count, survivors=survivors), alive


def reason(name: str, mutant: Mutant) -> str:
    """Why a mutant of a file does no harm, if that is known."""
    return next((one.why for one in HARMLESS if explains(one, name, mutant)), NOT_EXPLAINED)


def explains(harmless: Harmless, name: str, mutant: Mutant) -> bool:
    """Whether a mutant of a file is what is said to do no harm."""
    return harmless.file == name and harmless.change == mutant.change and harmless.piece in mutant.line


def main() -> int:
    """Go through the files asked for; 1 if a survivor is not explained, or an explanation is of none."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("files", nargs="*", choices=[[], *TESTS])
    options.add_argument("--every", type=int, default=1)
    options.add_argument("--again", action="store_true")
    asked, wrong = options.parse_args(), 0
    prepare()
    for name in asked.files or TESTS:
        row, alive = gone_through(name, every=asked.every, again=asked.again)
        write_rows([row], TESTS)
        print(row, flush=True)
        wrong += row.unexplained
        for one in HARMLESS if row.tried == row.mutants else ():
            if one.file == name and not any(explains(one, name, mutant) for mutant in alive):
                print(f"{name}: HARMLESS, but does not survive: {one.change} in `{one.piece}`", flush=True)
                wrong += 1
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
