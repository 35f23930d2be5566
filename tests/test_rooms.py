"""Data flows one way: an import never runs up, between the rooms or inside them, and no files form a circle."""

import ast
import importlib
import tomllib
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS: tuple[tuple[str, ...], ...] = (
    ("theory.printing.notation",),
    ("theory.tilted", "theory.facts", "theory.quantities", "theory.claims"),
    ("theory.checker",),
    ("theory.printing",),
    ("theory.steps", "theory.law"),
    ("theory.proofs",),
    ("theory.lemmas", "theory.remainders", "theory.angle", "theory.whole_texts"),
    ("theory.laws", "theory.errata", "theory.reported"),
    ("theory.catalogue",),
    ("theory",),
    ("steerlaw.interrupts", "steerlaw.compiled", "steerlaw.memory"),
    ("numerics.arrays",),
    ("numerics.files", "numerics.baseline", "numerics.checks"),
    ("numerics.bands", "numerics.exponential_sums"),
    ("numerics.closed_forms", "numerics.reweighting"),
    ("numerics.lowering",),
    ("numerics.observing",),
    ("numerics.judging.horizons",),
    ("numerics.judging",),
    ("numerics.reported",),
    ("numerics",),
    ("real_models.texts",),
    ("real_models.decoding",),
    ("real_models.checkpoints",),
    ("real_models.steering",),
    ("real_models.sampling",),
    ("real_models.vectors", "real_models.scores", "real_models.text_curves", "real_models.ability"),
    ("real_models.prompt_sets",),
    ("real_models",),
    ("toy_models",),
    ("steerlaw.inputs",),
    ("steerlaw.exports",),
    ("steerlaw.experiments",),
    ("steerlaw.plans",),
    ("steerlaw.results.reaching", "steerlaw.results.reported"),
    ("steerlaw.results",),
    ("steerlaw.guiding",),
    ("steerlaw.rendering",),
    ("steerlaw.report", "steerlaw.beside"),
    ("steerlaw.verification",),
    ("steerlaw.commands",),
    ("steerlaw", "steerlaw.__main__"),
)
"""From the ground up. A module stands on the floor of its longest prefix, and imports from it and the floors below."""

DOORS = {"theory", "numerics", "real_models", "toy_models", "steerlaw", "toy_models.perl_gpt", "toy_models.stdlib_gpt"}
"""Packages that offer names; importing one is importing what they offer, and their own files may not do it."""

MANY = {"theory.laws", "theory.errata", "steerlaw.commands", "steerlaw.rendering.figures"}
"""Folders of records or of commands, a file each."""
MOST_FILES = 16
MOST_LINES, MOST_OF_A_FUNCTION = 300, 60

ROOMS = ("theory", "numerics", "real_models", "toy_models", "steerlaw")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
BESIDE = sorted(
    path for folder in ("tests", "benchmarks", "docs", "examples") for path in (ROOT / folder).rglob("*.py")
)


def module(path: Path) -> str:
    """The dotted name of a file; a package is named by its folder."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path): path for path in FILES}


def floor(name: str) -> int:
    """The floor of a module."""
    prefixes = [".".join(name.split(".")[:n]) for n in range(name.count(".") + 1, 0, -1)]
    return next(n for prefix in prefixes for n, floor in enumerate(FLOORS) if prefix in floor)


@cache
def imported(path: Path, *, late: bool = True) -> frozenset[str]:
    """Modules that a file imports: at any depth of its code, or without `late` as it is loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if late else iter(tree.body)
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in inner if name in MODULES}
            names |= modules
            if len(modules) < len(inner):
                names.add(node.module)
    return frozenset(names)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path: Path):
    ours = {name for name in imported(path) if name in MODULES}
    own = floor(module(path))
    assert {name: floor(name) for name in ours if floor(name) > own} == {}
    assert not any(name.split(".")[0] == "torch" for name in imported(path))
    if module(path).startswith("theory"):
        assert not {name.split(".")[0] for name in imported(path)} & {"jax", "jaxlib"}


def test_no_circles():
    graph = {name: {other for other in imported(path) if other in MODULES} for name, path in MODULES.items()}
    for name in DOORS:  # a door is loaded before the files behind it
        graph[name] = set()
    assert set(TopologicalSorter(graph).static_order()) >= set(MODULES)


@pytest.mark.parametrize("name", sorted(name for name, path in MODULES.items() if path.name == "__init__.py"))
def test_a_folder_is_small_and_says_what_lives_there(name: str):
    files = [path for path in MODULES[name].parent.glob("*.py") if path.name != "__init__.py"]
    assert name in MANY or len(files) <= MOST_FILES
    assert len((importlib.import_module(name).__doc__ or "").strip().splitlines()) >= 1


@pytest.mark.parametrize("path", [*FILES, *BESIDE], ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_is_read_in_one_sitting_and_a_function_on_one_screen(path: Path):
    text = path.read_text(encoding="utf-8")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = [(node.name, (node.end_lineno or 0) - node.lineno + 1) for node in functions]
    long = [name for name, length in lengths if length > MOST_OF_A_FUNCTION]
    assert text.count("\n") <= MOST_LINES, "split it by idea"
    assert long == [], "take a part out that has a name"


def test_every_room_is_installed():
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    assert listed == {name for name, path in MODULES.items() if path.name == "__init__.py"}
