"""What a person reads in the terminal: law by model, how far laws hold, where the files are; the answer last."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from numerics.judging.verdict import Outcome
from steerlaw.rendering.console import Column, console, print_table, styled
from steerlaw.rendering.words import CONTROLS, departure, held
from steerlaw.results.document import Results
from steerlaw.results.lines import APPLIES
from steerlaw.results.reaching.answers import LAWS, answers, middle, sentence, weakest_rows
from steerlaw.results.reaching.rows import HorizonRow
from steerlaw.results.shares import LEVEL, Excess, interval

if TYPE_CHECKING:
    from rich.text import Text

MARKS: dict[Outcome, str] = {"holds": "green", "departs": "red", "undecided": "yellow", "not_applicable": "dim"}


def print_summary(report: Results, directory: Path, *, controls: bool = False) -> None:
    """Print the derivations in one line, the table, how far each law holds, where the files are, and the answer.

    Rows of `controls` are printed where they are asked for.
    """
    rows = []
    previous = None
    lines = [line for line in report.lines if line.weakest and (controls or line.control is None)]
    for line in sorted(lines, key=lambda line: line.name):
        name = styled(f"  {CONTROLS[line.control]}", "dim") if line.control else line.model
        counts = (_count(line.counts[verdict], style) for verdict, style in MARKS.items())
        shares = (held(line), _excess(line.excess))
        rows.append([line.name if line.name != previous else "", name, *counts, *shares, departure(line.worst)])
        previous = line.name
    out = console()
    out.print(report.derivation_line)
    print_table(
        "The weakest claim of each law over the whole window. Shares in %, with 95 % intervals over contexts"
        + ("; controls have no concept in them" if controls else ""),
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
    if not controls and any(line.control for line in report.lines):
        out.print("The page has the controls beside each row; --controls prints them here.", soft_wrap=True)
    out.print(f"{directory / 'report.html'}, {directory / 'report.json'}, {directory / 'figures'}/", soft_wrap=True)
    for line in answer_lines(report):
        out.print(line, soft_wrap=True)


def reach_lines(rows: Sequence[HorizonRow]) -> list[str]:
    """How far each law of the paper's own holds, at each model's middle block: a sentence a law."""
    return [sentence(row) for row in weakest_rows(middle(rows)) if row.law in LAWS]


def answer_lines(report: Results) -> list[str]:
    """Do the laws hold where people steer? Where no strength has a push: do they hold on the curves that were seen?"""
    if asked := [answer.say() for answer in answers(middle(report.horizons))]:
        return ["Do the laws hold where people steer?", *asked]
    own = [line for line in report.lines if line.control is None and line.weakest]
    counts = {line.name: 0 for line in own if any(line.counts[outcome] for outcome in APPLIES)}
    for line in own:
        if line.name in counts:
            counts[line.name] += line.counts["departs"]
    if not counts:
        return ["No law applies to what was observed."]
    departing = [name for name, count in counts.items() if count]
    holding = {line.name for line in own if line.counts["holds"]}
    undecided = [name for name in counts if name not in holding and name not in departing]
    said = f"{len(counts) - len(departing) - len(undecided)} of {len(counts)} laws depart nowhere"
    parts = [said, *([f"these do: {', '.join(departing)}"] if departing else [])]
    return ["; ".join(parts) + ".", *(f"{name} is undecided: {_why(report, name)}." for name in undecided)]


def _why(report: Results, name: str) -> str:
    """What would decide a law that is decided on no curve of a model, by the first of them."""
    rows = (row for row in report.verdicts if row.place.control is None and row.verdict.law == name.split()[0])
    reasons = (row.verdict.reason.partition(";")[0] for row in rows if row.verdict.verdict == "undecided")
    return next(reasons, "its row on the page says why")


def _excess(excess: Excess | None) -> "str | Text":
    """Bold where it is more than chance among all the laws asked about."""
    if excess is None:
        return ""
    text = interval(excess.share, "+")
    return styled(text, "bold") if excess.adjusted <= LEVEL else text


def _count(n: int, style: str) -> "Text":
    return styled(f"{n:,}", style) if n else styled("·", "dim")
