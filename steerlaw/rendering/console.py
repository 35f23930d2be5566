"""Printing for people (tables, a progress bar on stderr) and for programs (JSON alone on stdout)."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WRAPPED = 16
"""Least width of a column whose text wraps."""


@dataclass(frozen=True)
class Column:
    """A table column: its heading, whether its text may wrap, and whether it is set to the right.

    Where a table is too wide its columns are dropped, those of the highest `drop` first; of 0, never.
    """

    title: str
    wrap: bool = False
    right: bool = False
    drop: int = 0


def print_json(value: Any) -> None:
    """One JSON document on stdout; NaN and infinities are a mistake of ours, not output."""
    json.dump(value, sys.stdout, ensure_ascii=False, allow_nan=False, indent=1)
    sys.stdout.write("\n")


def console(*, stderr: bool = False):
    """A rich console as wide as the terminal, or as COLUMNS says; 160 columns where neither does."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    known = stream.isatty() or os.environ.get("COLUMNS", "").isdigit()
    return Console(stderr=stderr, width=None if known else 160, highlight=False)


def print_table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
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


def _table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]]):
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for column in columns:
        table.add_column(
            column.title,
            no_wrap=not column.wrap,
            justify="right" if column.right else "left",
            overflow="fold",
            min_width=WRAPPED if column.wrap else None,
        )
    for row in rows:
        table.add_row(*row)
    return table


def progress_bar():
    """A progress display on stderr with an estimate of the time left; silent when stderr is no terminal."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description:<44}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
