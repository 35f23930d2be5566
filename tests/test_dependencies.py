"""What the code imports is what `pyproject.toml` declares, and `dev` installs all of it."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
COMES_WITH = {
    "pandas": "xarray",
    "ipython": "ipykernel",
    "markdown-it-py": "rich",
    **dict.fromkeys(("griffe", "griffelib"), "mkdocstrings-python"),
}
"""Distributions that a declared one cannot do without, so that they need no bound of ours."""


def canonical(name: str) -> str:
    return re.split(r"[<>=!~\[ ;]", name, maxsplit=1)[0].lower().replace("_", "-")


DECLARED = {canonical(one) for many in (PROJECT["dependencies"], *EXTRAS.values()) for one in many}


def imported(path: Path) -> set[str]:
    """The top-level modules that a file imports, wherever in it, relative imports apart."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    return {name.split(".")[0] for name in plain | named}


def test_dev_installs_every_other_extra():
    (everything,) = EXTRAS["dev"]
    assert set(re.findall(r"[a-z]+", everything.partition("[")[2])) == set(EXTRAS) - {"dev"}


@pytest.mark.parametrize(
    "folder", ["theory", "numerics", "real_models", "toy_models", "steerlaw", "tests", "benchmarks", "docs", "examples"]
)
def test_every_import_is_declared(folder: str):
    files = list((ROOT / folder).rglob("*.py"))
    ours = {path.name for path in ROOT.iterdir()} | {path.stem for path in (ROOT / "tests").rglob("*.py")} | {"fuzz"}
    provided = packages_distributions()
    undeclared = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imported(path) - set(sys.stdlib_module_names) - ours
        if not {COMES_WITH.get(one, one) for one in map(canonical, provided.get(name, [name]))} & DECLARED
    }
    assert files
    assert undeclared == set()
