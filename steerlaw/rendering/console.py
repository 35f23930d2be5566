"""Printing for people (lines and tables) and for programs (JSON alone on stdout).

All that reaches a terminal passes through here. No text is markup, and none is printed with characters that a terminal
might obey: texts are names, tokens and messages, which anybody may have written. Style is said with `styled`.
"""

import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from steerlaw.rendering.plain_text import one_line, printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

WRAPPED = 16
"""Least width of a column whose text wraps."""


@dataclass(frozen=True)
class Column:
    """A table column: its heading, whether its text may wrap and how narrow it may get, and whether it is set right.

    Where a table is too wide its columns are dropped, those of the highest `drop` first; of 0, never.
    """

    title: str
    wrap: bool = False
    right: bool = False
    drop: int = 0
    least: int = WRAPPED


def say(*lines: str) -> None:
    """Print lines on stdout, each of them as one."""
    for line in lines:
        print(printable(line))


def complain(message: str) -> None:
    """One line on stderr, from the program."""
    try:
        sys.stderr.write(f"steerlaw: {one_line(message)}\n")
        sys.stderr.flush()
    except OSError:  # nobody is there to be told
        pass


def print_json(value: Any) -> None:
    """One JSON document on stdout; NaN and infinities are a mistake of ours, not output."""
    text = json.dumps(value, ensure_ascii=not _is_utf8(sys.stdout.encoding), allow_nan=False, indent=1)
    sys.stdout.write(re.sub(r"[^\n -~]+", lambda found: _escaped(found[0]), text) + "\n")


def _escaped(text: str) -> str:
    """Characters inside a JSON string; those that a terminal might obey as JSON's own escapes."""
    return "".join(
        c if printable(c) == c else f"\\u{ord(c):04x}" if c < "\U00010000" else json.dumps(c)[1:-1] for c in text
    )


def console(*, stderr: bool = False) -> "Console":
    """A rich console as wide as the terminal, or COLUMNS (else 160 columns); it reads no markup."""
    stream = sys.stderr if stderr else sys.stdout
    known = stream.isatty() or os.environ.get("COLUMNS", "").isdigit()
    return _plain_console()(stderr=stderr, width=None if known else 160, highlight=False, markup=False, emoji=False)


@cache
def _plain_console() -> "type[Console]":
    """Rich's console, made when it is first needed, with every text that it is given made printable."""
    from rich.console import Console

    class PlainConsole(Console):
        def render_str(self, text: str, **options: Any) -> "Text":
            return super().render_str("\n".join(map(printable, text.split("\n"))), **options)

    return PlainConsole


def styled(text: str, style: str) -> "Text":
    """A text in a style of rich's, such as `bold` or `green`."""
    from rich.text import Text

    return Text(printable(text), style=style)


def print_table(title: str, columns: Sequence[Column], rows: Sequence[Sequence["RenderableType"]]) -> None:
    """Print rows of text (or rich renderables) under a title; columns that find no room are left out, and named."""
    from rich.measure import Measurement

    out, kept = console(), list(range(len(columns)))
    while True:
        table = _table(title, [columns[n] for n in kept], [[row[n] for n in kept] for row in rows])
        first = max(kept, key=lambda n: columns[n].drop)
        if (
            Measurement.get(out, out.options.update(width=10_000), table).minimum <= out.width
            or not columns[first].drop
        ):
            break
        kept.remove(first)
    out.print(table)
    if left := [column.title for n, column in enumerate(columns) if n not in kept]:
        out.print(f"No room for {', '.join(left)}: a wider terminal, COLUMNS=160 or --json shows them.")


def _table(title: str, columns: Sequence[Column], rows: Sequence[Sequence["RenderableType"]]) -> "Table":
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table

    table = Table(title=printable(title), box=box.SIMPLE_HEAD, title_justify="left")
    for n, column in enumerate(columns):
        longest = max(cell_len(str(text)) for text in (column.title, *(row[n] for row in rows)))
        table.add_column(
            column.title,
            no_wrap=not column.wrap,
            justify="right" if column.right else "left",
            overflow="fold",
            min_width=min(column.least, longest) if column.wrap else longest,
        )
    for row in rows:
        table.add_row(*(printable(cell) if isinstance(cell, str) else cell for cell in row))
    return table


def prepare_streams() -> None:
    """Make sure that there are a stdout and a stderr, and that no text is one that they cannot write."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed before the program began
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def silence_stdout() -> None:
    """Let what is still to be written to a stdout that takes nothing any more go nowhere, without a word."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # not a file of the system
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _is_utf8(encoding: str | None) -> bool:
    return (encoding or "").lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig")
