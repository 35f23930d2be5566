"""Every option of every command holds nonsense off, by itself and before anything is loaded."""

import math
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steerlaw.__main__ import main
from steerlaw.commands import COMMANDS
from steerlaw.commands.options import InputFile, OutputFile, OutputPath, Within, is_positional, rules

NONSENSE = ("nan", "inf", "-inf", "1e308", "-1e308", str(10**11), str(-(10**11)), "-1", "x", "", "1" + "0" * 5000)
GRIDS = (
    *("0:1:100000000000", "0:1:-1", "0:1:0", "0:1:2", "0:1:2.5", "nan:1:5", "0:nan:5", "-inf:1:5", "0:inf:5", "1:0:5"),
    *("-1e308:1e308:5", "0:1e300:5", "1:1:5", "1:1.0000000000000002:9", "0:1", "0:1:5:6", "::", "", "0:1:1e3", "[/x]"),
)


def parts_of(kind: Any) -> set[Any]:
    """A type and all that it is made of."""
    return {kind}.union(*(parts_of(part) for part in get_args(kind)))


OPTIONS = [
    (command, field.name, get_type_hints(kind, include_extras=True)[field.name])
    for command, kind in COMMANDS.items()
    for field in fields(kind)
]
NUMBERS = [option for option in OPTIONS if {int, float} & {p for p in parts_of(option[2]) if isinstance(p, type)}]
PATHS = [option for option in OPTIONS if Path in parts_of(option[2])]


def named(command: str, name: str) -> str:
    return f"{command} {name}"


def arguments(command: str, tmp_path: Path, **changed: str) -> list[str]:
    """A whole command line, in which every option that is needed is there and harmless."""
    (tmp_path / "input").touch()
    line, hints = [command], get_type_hints(COMMANDS[command], include_extras=True)
    for field in fields(COMMANDS[command]):
        if field.name in changed or field.default is MISSING:
            harmless = {InputFile: tmp_path / "input", OutputFile: tmp_path / "output", OutputPath: tmp_path / "output"}
            found = [value for kind, value in harmless.items() if set(rules(kind)) & set(rules(hints[field.name]))]
            value = changed.get(field.name, str(found[0]) if found else "tilt")
            line.append(value if is_positional(hints[field.name]) else f"--{field.name.replace('_', '-')}={value}")
    return line


@pytest.fixture
def never_run(monkeypatch):
    def run(_):
        raise AssertionError("the command was run")

    for kind in COMMANDS.values():
        monkeypatch.setattr(kind, "__call__", run)


def refused(line: list[str], capsys, naming: str) -> str:
    assert main(line) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "was run" not in printed.err
    assert naming in printed.err
    return printed.err


def test_there_are_such_options():
    assert {named(c, n) for c, n, _ in NUMBERS} >= {"choose budget", "verify seed", "sweep blocks", "convert row"}
    assert {named(c, n) for c, n, _ in PATHS} >= {"choose vector", "verify out", "sweep text", "convert target"}


@pytest.mark.parametrize(("command", "name", "kind"), NUMBERS, ids=[named(c, n) for c, n, _ in NUMBERS])
def test_numbers_that_make_no_sense(command, name, kind, tmp_path, never_run, capsys):
    (bounds,) = (rule for rule in rules(kind) if isinstance(rule, Within))
    assert 0 <= bounds.low < bounds.high < 10**11
    for nonsense in NONSENSE:
        refused(arguments(command, tmp_path, **{name: nonsense}), capsys, f"--{name.replace('_', '-')}")


@pytest.mark.parametrize("command", [c for c, n, _ in OPTIONS if n == "strengths"])
@pytest.mark.parametrize("grid", GRIDS)
def test_grids_that_make_no_sense(command, grid, tmp_path, never_run, capsys):
    refused(arguments(command, tmp_path, strengths=grid), capsys, "--strengths: ")


@pytest.mark.parametrize(("command", "name", "kind"), PATHS, ids=[named(c, n) for c, n, _ in PATHS])
def test_paths_that_cannot_be_read_or_written(command, name, kind, tmp_path, never_run, capsys):
    assert list(rules(kind)), "say what the path is for: InputFile, OutputFile or OutputDirectory"
    there = tmp_path / "file"
    there.touch()
    refused(arguments(command, tmp_path, **{name: str(there / "below")}), capsys, str(there))


@pytest.mark.parametrize("command", [c for c, n, _ in OPTIONS if n in ("laws", "layers", "dtype")])
def test_words_that_make_no_sense(command, tmp_path, never_run, capsys):
    for name in {n for c, n, _ in OPTIONS if c == command} & {"laws", "layers", "dtype"}:
        for word in ("no_such", "1,,2", "9999999999", "-1", "[/]", ""):
            refused(arguments(command, tmp_path, **{name: word}), capsys, f"--{name}")


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(min_value=0, exclude_min=True, allow_infinity=False),
    st.floats(),
    st.booleans(),
)
def test_bounds(low, width, value, is_open):
    high = low + width
    inside = not math.isnan(value) and (low < value < high or (not is_open and value in (low, high)))
    try:
        Within(low, high, open=is_open)(value)
    except ValueError:
        assert not inside
    else:
        assert inside
