"""Help that helps: examples that parse, in 80 columns; the version; completion; tables that fit."""

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steerlaw
from steerlaw.__main__ import main
from steerlaw.commands import COMMANDS
from steerlaw.commands.command_line import parse
from steerlaw.rendering.console import WRAPPED, Column, print_table
from steerlaw.rendering.examples import EXAMPLES

every_command = pytest.mark.parametrize("name", COMMANDS)


@every_command
def test_every_command_has_examples_that_parse(name: str) -> None:
    assert EXAMPLES[name]
    for example in EXAMPLES[name]:
        program, *arguments = shlex.split(example.replace("\\\n", ""))
        assert program == "steerlaw"
        assert isinstance(parse(arguments), tuple(COMMANDS.values()))
    assert any(example.startswith(f"steerlaw {name}") for example in EXAMPLES[name])


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)], ids=lambda a: a[0] if a else "steerlaw")
def test_help_keeps_80_columns_and_shows_the_examples(arguments, monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as leaving:
        parse([*arguments, "--help"])
    assert not leaving.value.code
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if not line.startswith("usage:")]  # which the parser never breaks
    assert max(map(len, lines)) <= 80
    for example in EXAMPLES[arguments[0]] if arguments else ():
        assert all(line.strip() in printed for line in example.splitlines())


def test_the_version_and_completion(capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.split() == ["steerlaw", steerlaw.__version__]
    with pytest.raises(SystemExit) as leaving:
        parse(["--tyro-print-completion", "bash"])
    assert not leaving.value.code
    script = capsys.readouterr().out
    assert all(name in script for name in COMMANDS)


@settings(max_examples=40, deadline=None)
@given(
    columns=st.lists(st.tuples(st.integers(1, 30), st.booleans(), st.integers(0, 3)), min_size=1, max_size=9),
    width=st.integers(60, 200),
)
def test_tables_fit_by_dropping_whole_columns_in_order(columns, width) -> None:
    """What can be dropped is dropped before anything is cropped, the highest number first, and named."""
    made = [Column(f"c{n}" + "x" * (size - 2), wrap=wrap, drop=drop) for n, (size, wrap, drop) in enumerate(columns)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        text = _printed(made, [["y" * size for size, *_ in columns]])
    table, _, said = text.partition("No room for")
    shown = [column for column in made if column.title in table]
    left = [column for column in made if column.title in said and column not in shown]
    needed = sum(max(len(c.title), WRAPPED if c.wrap else 0) + 2 for c in made if c.drop == 0)
    if needed + 2 <= width:
        assert max(map(len, text.splitlines())) <= width
        assert set(shown) | set(left) == set(made)
    assert all(column.drop for column in left)
    assert not left or min(c.drop for c in left) >= max((c.drop for c in shown), default=0)


def _printed(columns, rows) -> str:
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as out:
        print_table("t", columns, rows)
    return out.getvalue()
