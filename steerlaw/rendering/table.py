"""The table a person reads in the terminal: law by model, counts of verdicts, the worst departure and where."""

from pathlib import Path

from numerics.judging.verdict import Outcome
from steerlaw.rendering.console import Column, console, print_table
from steerlaw.rendering.words import CONTROLS, departure, held
from steerlaw.results.document import Results
from steerlaw.results.shares import LEVEL, Excess, interval

MARKS: dict[Outcome, str] = {"holds": "green", "departs": "red", "undecided": "yellow", "not_applicable": "dim"}


def print_summary(report: Results, directory: Path) -> None:
    """Print the derivations in one line, the table, and where the files are."""
    from rich.markup import escape

    rows = []
    previous = None
    for line in report.lines:
        name = f"[dim]  {CONTROLS[line.control]}[/]" if line.control else escape(line.model)
        counts = (_count(line.counts[verdict], style) for verdict, style in MARKS.items())
        shares = (held(line), _excess(line.excess))
        rows.append([line.law if line.law != previous else "", name, *counts, *shares, escape(departure(line.worst))])
        previous = line.law
    out = console()
    out.print(report.derivation_line)
    print_table(
        "Verdicts, law by model; controls have no concept in them. Shares in %, with 95 % intervals over contexts",
        [
            Column("law"),
            Column("model"),
            Column("holds", right=True),
            Column("departs", right=True),
            Column("undec.", right=True, drop=2),
            Column("n/a", right=True, drop=4),
            Column("% holds", right=True),
            Column("over random", right=True, drop=1),
            Column("worst departure, and where", wrap=True, drop=3),
        ],
        rows,
    )
    out.print(f"{directory / 'report.html'}, {directory / 'report.json'}, {directory / 'figures'}/", soft_wrap=True)


def _excess(excess: Excess | None) -> str:
    """Bold where it is more than chance among all the laws asked about."""
    if excess is None:
        return ""
    text = interval(excess.share, "+")
    return f"[bold]{text}[/]" if excess.adjusted <= LEVEL else text


def _count(n: int, style: str) -> str:
    return f"[{style}]{n:,}[/]" if n else "[dim]·[/]"
