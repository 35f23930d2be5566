"""No text that reaches a terminal is obeyed by it, read as markup, or takes more than its line."""

import contextlib
import io
import json
import re
import unicodedata
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steerlaw.__main__ import main
from steerlaw.commands import COMMANDS
from steerlaw.rendering.console import Column, complain, console, print_json, print_table, say, styled
from steerlaw.rendering.plain_text import LONGEST, one_line, printable

MARKUP = ("[/INST]", "[bold]", "[/]", "[link=file:///etc/passwd]", ":smile:", "%s", "\\", "│")
OBEYED = ("\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\r", "\n", "\0", "\x7f", "\u2028", "\u202e", "\u2066", "\u200f")
NOTHING = ("\udc80", "\ue000", "\U000e0041")
NASTY = st.sampled_from((*MARKUP, *OBEYED, *NOTHING))
TEXTS = st.lists(st.one_of(NASTY, st.text(max_size=5)), max_size=6).map("".join)


def dangerous(text: str) -> set[str]:
    """What a terminal might obey, by Unicode's own categories."""
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")} - {"\n"}


@contextlib.contextmanager
def printed():
    """What is printed to a terminal that takes any text, and is wide enough for all of it."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        patch.setenv("COLUMNS", "4000")
        yield out


@given(TEXTS)
def test_what_is_printable_is_as_it_was_and_all_else_written_out(text):
    shown = printable(text)
    assert not dangerous(shown)
    assert "\n" not in shown
    kept = "".join(c if c not in dangerous(text) | {"\n"} else c.encode("unicode_escape").decode() for c in text)
    assert shown == kept


@given(TEXTS)
def test_lines(text):
    with printed() as out:
        say(text, text)
        complain(text)
    assert not dangerous(out.getvalue())
    assert out.getvalue().count("\n") == 3
    assert out.getvalue().splitlines()[0] == printable(text)


@given(TEXTS)
def test_tables_and_the_console_read_no_markup(text):
    with printed() as out:
        print_table(text, [Column("a"), Column("b", wrap=True)], [[text, styled(text, "bold")]])
        console().print(text)
    assert not dangerous(out.getvalue())
    bare = re.sub(r"\s", "", printable(text))
    assert re.sub(r"[\s─]", "", out.getvalue()).count(bare.replace("─", "")) >= (3 if bare else 0)


@given(st.dictionaries(TEXTS, TEXTS))
def test_json_is_the_same_value_and_obeyed_by_no_terminal(value):
    with printed() as out:
        print_json(value)
    assert json.loads(out.getvalue()) == value
    assert not dangerous(out.getvalue())


def test_json_in_a_narrow_encoding(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii", errors="backslashreplace"))
    print_json({"é": "\U0001f600"})
    print(end="", flush=True)
    assert json.loads(raw.getvalue()) == {"é": "\U0001f600"}


@given(st.text(min_size=1, max_size=50), st.integers(1, 3))
def test_a_long_message_keeps_its_ends(text, times):
    message = "b" + text * (times * LONGEST) + "e"
    assert len(one_line(message)) < LONGEST + 10
    assert one_line(message)[0] + one_line(message)[-1] == "be"


@dataclass(frozen=True, kw_only=True)
class Failing:
    """A command that raises."""

    error: Exception

    def __call__(self) -> int:
        raise self.error


KINDS = [ValueError, OSError, KeyError, TypeError, RuntimeError, NotImplementedError, RecursionError, MemoryError]


@given(TEXTS, st.sampled_from(KINDS))
def test_whatever_a_command_raises_is_one_line(text, kind):
    with pytest.MonkeyPatch.context() as patch, printed() as out:
        patch.setattr("steerlaw.commands.command_line.parse", lambda _: Failing(error=kind(text)))
        assert main(["verify", text]) == 2
    shown = out.getvalue()
    assert shown.count("\n") == 1
    assert not dangerous(shown)
    assert "Traceback" not in shown
    blamed = not issubclass(kind, ValueError | OSError | MemoryError)
    assert ("this is a fault of steerlaw" in shown) == blamed
    assert ("steerlaw verify" in shown) == (blamed or kind is MemoryError)


@settings(max_examples=10)  # a parser is built for each
@given(TEXTS, st.sampled_from(sorted(COMMANDS)))
def test_whatever_is_on_the_command_line_is_one_line(text, command):
    with printed() as out:
        assert main([command, f"--no-such{text}", text]) == 2
    assert out.getvalue().count("\n") == 1
    assert not dangerous(out.getvalue())


@pytest.mark.parametrize("place", [0, 1])
def test_debug_shows_the_traceback(place, monkeypatch, capsys):
    monkeypatch.setattr("steerlaw.commands.command_line.parse", lambda given: Failing(error=KeyError(*given)))
    line = ["verify"]
    line.insert(place, "--debug")
    assert main(line) == 2
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert told.splitlines()[-1].startswith(
        "steerlaw: steerlaw verify: KeyError: 'verify'; this is a fault of steerlaw"
    )
