"""What a person reads in the terminal: law by model, counts of verdicts, the worst departure; how far laws hold."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from numerics.judging.verdict import Outcome
from steerlaw.rendering.console import Column, console, print_table, styled
from steerlaw.rendering.words import CONTROLS, departure, held
from steerlaw.results.document import Results
from steerlaw.results.reaching.answers import LAWS, answers, middle, sentence, weakest_rows
from steerlaw.results.reaching.rows import HorizonRow
from steerlaw.results.shares import LEVEL, Excess, interval

if TYPE_CHECKING:
    from rich.text import Text

MARKS: dict[Outcome, str] = {"holds": "green", "departs": "red", "undecided": "yellow", "not_applicable": "dim"}


def print_summary(report: Results, directory: Path) -> None:
    """Print the derivations in one line, the table, how far the laws hold, and where the files are."""
    rows = []
    previous = None
    lines = [line for line in report.lines if line.weakest]
    for line in sorted(lines, key=lambda line: line.name):
        name = styled(f"  {CONTROLS[line.control]}", "dim") if line.control else line.model
        counts = (_count(line.counts[verdict], style) for verdict, style in MARKS.items())
        shares = (held(line), _excess(line.excess))
        rows.append([line.name if line.name != previous else "", name, *counts, *shares, departure(line.worst)])
        previous = line.name
    out = console()
    out.print(report.derivation_line)
    print_table(
        "The weakest claim of each law over the whole window; controls have no concept in them. Shares in %, with 95 % "
        "intervals over contexts",
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
    for line in reach_lines(report.horizons):
        out.print(line, soft_wrap=True)
    out.print(f"{directory / 'report.html'}, {directory / 'report.json'}, {directory / 'figures'}/", soft_wrap=True)


def reach_lines(rows: Sequence[HorizonRow]) -> list[str]:
    """Do the laws hold where people steer? At each model's middle block, and a sentence a law of the paper's own."""
    there = middle(rows)
    told = [sentence(row) for row in weakest_rows(there) if row.law in LAWS]
    asked = [answer.say() for answer in answers(there)]
    return ["Do the laws hold where people steer?", *asked, *told] if asked else []


def _excess(excess: Excess | None) -> "str | Text":
    """Bold where it is more than chance among all the laws asked about."""
    if excess is None:
        return ""
    text = interval(excess.share, "+")
    return styled(text, "bold") if excess.adjusted <= LEVEL else text


def _count(n: int, style: str) -> "Text":
    return styled(f"{n:,}", style) if n else styled("·", "dim")
