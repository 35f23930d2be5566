"""Would a slip in what judges be noticed? A mutation run over bands, judging and shares, a file at a time.

`python tests/mutate_numerics.py numerics/judging/shares.py` changes one comparison, sign, number, extremum or
quantifier of the file at a time, in a process of its own in which the file is imported changed, and runs the tests of
`TESTS` that belong to it (seconds a mutant). Survivors are listed; status 1 if there are any that `HARMLESS` does not
explain. Without a file all of `TESTS` are gone through, which takes hours. `--every N` takes each N-th mutant alone.
"""

import argparse
import ast
import importlib.abc
import importlib.util
import multiprocessing
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import hypothesis  # noqa: F401 (this and the next ones: so that processes need not)
import jax  # noqa: F401
import pytest
import scipy.stats  # noqa: F401
import xarray  # noqa: F401

ROOT = Path(__file__).parents[1]
FORK = multiprocessing.get_context("fork")
"""Each mutant is tested in a process that starts with everything of others imported: two seconds less a mutant."""
SECONDS = 600
UNCHANGED = -1

TESTS: dict[str, tuple[str, ...]] = {
    "numerics/judging/shares.py": ("tests/numerics/judging/test_shares.py",),
    "numerics/judging/p_values.py": ("tests/numerics/judging/test_p_values.py",),
    "numerics/bands/band.py": ("tests/numerics/bands", "tests/numerics/judging/test_one_curve.py"),
    "numerics/bands/exceeding.py": ("tests/numerics/bands/test_outward.py",),
    "numerics/bands/falls.py": ("tests/numerics/bands/test_shapes.py",),
    "numerics/bands/hulls.py": ("tests/numerics/bands/test_shapes.py",),
    "numerics/bands/intervals.py": ("tests/numerics/bands/test_intervals.py",),
    "numerics/bands/measured.py": ("tests/numerics/judging/test_one_curve.py", "tests/numerics/bands"),
    "numerics/bands/outward.py": ("tests/numerics/bands/test_outward.py", "tests/numerics/judging/horizons"),
    "numerics/bands/peak_intervals.py": ("tests/numerics/bands/test_peak_intervals.py",),
    "numerics/bands/shapes.py": ("tests/numerics/bands/test_shapes.py",),
    "numerics/bands/zigzags.py": ("tests/numerics/bands/test_shapes.py",),
    "numerics/judging/prediction.py": ("tests/numerics/judging",),
    "numerics/judging/assessment.py": ("tests/numerics/judging",),
    "numerics/judging/sweeps.py": ("tests/numerics/judging",),
    "steerlaw/results/shares.py": ("tests/steerlaw/results/test_shares.py",),
    "steerlaw/results/directions.py": ("tests/steerlaw/results/test_directions.py",),
    "steerlaw/experiments/directions.py": ("tests/steerlaw/experiments/test_directions.py",),
    "steerlaw/inputs/printed.py": ("tests/steerlaw/inputs/test_printed.py",),
}
HARMLESS: dict[str, str] = {}
"""Beginnings of survivors, and why these do no harm."""

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


def changes(tree: ast.AST) -> Iterator[tuple[ast.AST, str, object, str]]:
    """Every node that can be changed: which of its fields, to what, and the change in words."""
    typed = {id(part) for node in ast.walk(tree) for part in _annotations(node)}
    for node in ast.walk(tree):
        if id(node) in typed:
            continue
        match node:
            case ast.Compare(ops=[op]) if type(op) in COMPARED:
                yield node, "ops", [COMPARED[type(op)]()], f"{type(op).__name__} in {ast.unparse(node)}"
            case ast.BinOp(op=op) if type(op) in COMPUTED:
                yield node, "op", COMPUTED[type(op)](), f"{type(op).__name__} in {ast.unparse(node)}"
            case ast.UnaryOp(op=ast.Invert() | ast.Not() | ast.USub()):
                yield node, "op", ast.UAdd(), f"drop the sign of {ast.unparse(node)}"
            case ast.Attribute(attr=name) if name in NAMED:
                yield node, "attr", NAMED[name], f"{ast.unparse(node)} -> {NAMED[name]}"
            case ast.Name(id=name) if name in NAMED and isinstance(node.ctx, ast.Load):
                yield node, "id", NAMED[name], f"{name} -> {NAMED[name]}"
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                yield node, "value", value + 1, f"{value} -> {value + 1}"


def _annotations(node: ast.AST) -> Iterator[ast.AST]:
    """Everything within what annotates: no slip there is one of computing."""
    for name in ("annotation", "returns"):
        if (found := getattr(node, name, None)) is not None:
            yield from ast.walk(found)


def mutated(path: Path, number: int) -> tuple[str, str]:
    """The file's text with one change, and that change; the file as it is for `UNCHANGED`."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    if number == UNCHANGED:
        return text, "nothing"
    node, field, value, what = list(changes(tree))[number]
    line = getattr(node, "lineno", 0)
    setattr(node, field, value)
    return ast.unparse(ast.fix_missing_locations(tree)), f"{path.relative_to(ROOT)}: {what} (line {line})"


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


def tests_pass(path: Path, text: str, tests: Sequence[str]) -> bool:
    """Whether some tests pass where a file has another text; tests that do not end have noticed."""
    with tempfile.TemporaryDirectory() as home:
        changed = Path(home) / "changed.py"
        changed.write_text(text, encoding="utf-8")
        run = FORK.Process(target=_test, args=(path, changed, tests))
        run.start()
        run.join(SECONDS)
        if run.is_alive():
            run.kill()
            run.join()
    return run.exitcode == 0


def _test(path: Path, changed: Path, tests: Sequence[str]) -> None:
    """Run tests in this process, which knows nothing of ours yet, and end it."""
    os.chdir(ROOT)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    sys.meta_path.insert(0, Changed(path, changed))
    os._exit(pytest.main(["-n", "0", "-x", "-q", "-p", "no:cacheprovider", "--assert=plain", "-m", "", *tests]))


def survives(path: Path, number: int) -> bool:
    """Whether the file's tests pass on the changed file."""
    return tests_pass(path, mutated(path, number)[0], TESTS[str(path.relative_to(ROOT))])


def main() -> int:
    """Go through the files asked for; 1 if a survivor is not explained."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("files", nargs="*", choices=[[], *TESTS])
    options.add_argument("--every", type=int, default=1)
    asked, unexplained = options.parse_args(), 0
    warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)  # JAX is imported, and has not been used
    for name in asked.files or TESTS:
        path, alive = ROOT / name, list[str]()
        if not survives(path, UNCHANGED):
            raise SystemExit(f"{name}: its tests fail on the file as it is")
        numbers = range(0, len(list(changes(ast.parse(path.read_text(encoding="utf-8"))))), asked.every)
        for number in numbers:
            if survives(path, number):
                alive.append(mutated(path, number)[1])
                print(f"survives: {alive[-1]}", file=sys.stderr, flush=True)
        print(f"| `{name}` | {len(numbers)} | {len(numbers) - len(alive)} | {len(alive)} |", flush=True)
        for what in alive:
            why = next((why for start, why in HARMLESS.items() if what.startswith(start)), "NOT EXPLAINED")
            unexplained += why == "NOT EXPLAINED"
            print(f"- {what}: {why}", flush=True)
    return int(unexplained > 0)


if __name__ == "__main__":
    raise SystemExit(main())
