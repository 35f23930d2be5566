"""What a person reads in the terminal: law by model, how far laws hold, where the files are; the answer last."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from numerics.judging.verdict import Outcome
from steerlaw.rendering.console import Column, console, print_table, styled
from steerlaw.rendering.words import CONTROLS, departure, held
from steerlaw.results.document import Results
from steerlaw.results.lines import APPLIES
from steerlaw.results.reaching.answers import LAWS, answers, half_reaches, middle, sentence, weakest_rows
from steerlaw.results.reaching.rows import HorizonRow
from steerlaw.results.shares import LEVEL, Excess, interval

if TYPE_CHECKING:
    from rich.text import Text

MARKS: dict[Outcome, str] = {"holds": "green", "departs": "red", "undecided": "yellow", "not_applicable": "dim"}


LONGEST_CONTROL = 2 + max(len(CONTROLS[control]) for control in CONTROLS)


def print_summary(report: Results, directory: Path, *, controls: bool = False) -> None:
    """Print the derivations in one line, the table, how far each law holds, where the files are, and the answer.

    Rows of `controls` are printed where they are asked for.
    """
    rows = []
    previous, reaches = None, half_reaches(report.horizons)
    lines = [line for line in report.lines if line.weakest and (controls or line.control is None)]
    for line in sorted(lines, key=lambda line: line.name):
        name = styled(f"  {CONTROLS[line.control]}", "dim") if line.control else line.model
        counts = (_count(line.counts[verdict], style) for verdict, style in MARKS.items())
        reach = _reach(reaches.get((line.law, line.claim, line.model, line.control)))
        told = (held(line), reach, _excess(line.excess), departure(line.worst))
        rows.append([line.name if line.name != previous else "", name, *counts, *told])
        previous = line.name
    out = console()
    out.print(report.derivation_line)
    print_table(
        "The weakest claim of each law over the whole window. Shares in %, with 95 % intervals over contexts; half to: "
        "how far half of the curves hold, in norms of the residual, over blocks and concepts"
        + ("; controls have no concept in them" if controls else ""),
        [
            Column("law", wrap=True, least=max((len(line.law) for line in lines), default=0)),
            Column("model", wrap=True, least=LONGEST_CONTROL),
            Column("holds", right=True, drop=4),
            Column("departs", right=True, drop=3),
            Column("undec.", right=True, drop=5),
            Column("n/a", right=True, drop=6),
            Column("% holds", right=True),
            Column("half to", right=True),
            Column("over random", right=True, drop=1),
            Column("worst departure, and where", wrap=True, drop=2),
        ],
        rows,
    )
    for line in [*reach_lines(report.horizons), *(row.say() for row in report.texts)]:
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
    """Do the laws hold where people steer? Where no strength has a push: do they hold on the curves that were seen?

    And whether slopes of whole texts are what unsteered ones said.
    """
    return [*_of_laws(report), *_of_texts(report)]


def _of_texts(report: Results) -> list[str]:
    """How many slopes of whole texts agree with their predictions."""
    asked = [row.agree for row in report.texts if row.agree is not None]
    return [f"Whole texts: {sum(asked)} of {len(asked)} slopes predicted without steering agree."] if asked else []


def _of_laws(report: Results) -> list[str]:
    if asked := [answer.say() for answer in answers(middle(report.horizons))]:
        return ["Do the laws hold where people steer?", *asked]
    own = [line for line in report.lines if line.control is None and line.weakest]
    counts = {line.name: 0 for line in own if any(line.counts[outcome] for outcome in APPLIES)}
    for line in own:
        if line.name in counts:
            counts[line.name] += line.counts["departs"]
    if not counts and report.texts:
        return []
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


def _reach(ends: tuple[float, float] | None) -> str:
    """From the least to the most, "end" where that is as far as was steered."""
    if ends is None:
        return ""
    low, high = ("end" if end == float("inf") else f"{end:.2g}" for end in ends)
    return low if low == high else f"{low}..{high}"


def _count(n: int, style: str) -> "Text":
    return styled(f"{n:,}", style) if n else styled("·", "dim")
