"""The terminal says the answer last and in words, and has the controls where they are asked for."""

from pathlib import Path

import pytest

from numerics.judging.verdict import Verdict
from steerlaw.rendering.table import print_summary
from steerlaw.report import Report
from steerlaw.results.lines import summary_lines
from steerlaw.results.provenance import RunRecord
from steerlaw.results.verdict_rows import Place, VerdictRow, counted


def row(law, outcome, control=None) -> VerdictRow:
    verdict = Verdict(
        law=law,
        claim="c",
        verdict=outcome,
        departure=1.0,
        tolerance=0.1,
        unit="nats",
        evidence="deterministic",
        reason="look farther; and more",
    )
    return VerdictRow(verdict=verdict, place=Place(model="m", control=control, quantity="q"), counts=counted([outcome]))


def report(*rows) -> Report:
    run = RunRecord(command="", started="", versions={}, device="", dtype="", seeds={}, inputs={})
    return Report(run=run, derivations=[], verdicts=rows, lines=summary_lines(rows))


@pytest.mark.parametrize("controls", [False, True])
def test_controls_are_printed_where_they_are_asked_for(controls, capsys):
    rows = [row("tilt", "holds"), row("tilt", "departs", control="random_direction")]
    print_summary(report(*rows), Path("out"), controls=controls)
    printed = capsys.readouterr().out
    assert ("random direction" in printed) == controls
    assert ("--controls prints them here" in printed) == (not controls)


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        ([("tilt", "holds"), ("entropy", "departs")], "1 of 2 laws depart nowhere; these do: entropy."),
        ([("tilt", "holds"), ("entropy", "not_applicable")], "1 of 1 laws depart nowhere."),
        ([("tilt", "not_applicable")], "No law applies to what was observed."),
        (
            [("tilt", "undecided"), ("entropy", "holds")],
            "1 of 2 laws depart nowhere.\ntilt is undecided: look farther.",
        ),
        (
            [("tilt", "undecided"), ("entropy", "departs")],
            "0 of 2 laws depart nowhere; these do: entropy.\ntilt is undecided: look farther.",
        ),
        ([("tilt", "undecided"), ("tilt", "departs")], "0 of 1 laws depart nowhere; these do: tilt."),
    ],
)
def test_the_answer_comes_last(rows, answer, capsys):
    """A departure of a control is none of the model's."""
    given = [row(*one) for one in rows] + [row("tilt", "departs", control="random_direction")]
    print_summary(report(*given), Path("out"))
    assert capsys.readouterr().out.endswith(f"/\n{answer}\n")
