"""Printing for people (tables, a progress bar on stderr) and for programs (JSON alone on stdout)."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """A table column: its heading, whether its text may wrap, and whether it is set to the right."""

    title: str
    wrap: bool = False
    right: bool = False


def print_json(value: Any) -> None:
    """One JSON document on stdout; NaN and infinities are a mistake of ours, not output."""
    json.dump(value, sys.stdout, ensure_ascii=False, allow_nan=False, indent=1)
    sys.stdout.write("\n")


def console(*, stderr: bool = False):
    """A rich console that keeps tables whole (160 columns) when the output is no terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 160, highlight=False)


def print_table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows of text (or rich renderables) under a title."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for column in columns:
        table.add_column(
            column.title, no_wrap=not column.wrap, justify="right" if column.right else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*row)
    console().print(table)


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
