"""Two reports side by side: every verdict is in one place and no other, and the words are of the numbers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.judging.verdict import OUTCOMES
from steerlaw.__main__ import main
from steerlaw.inputs.report_file import Curves, Judged, ReadReport, read_report
from steerlaw.results.comparison import MOVED, compared

CURVES = st.builds(
    Curves,
    law=st.sampled_from(["tilt", "token_bump"]),
    claim=st.sampled_from(["a", "b"]),
    model=st.sampled_from(["m", "n"]),
    control=st.sampled_from(["", "random_direction"]),
    layer=st.integers(-1, 1),
    concept=st.just("c"),
    quantity=st.just("q"),
)
JUDGED = st.builds(Judged, verdict=st.sampled_from(OUTCOMES), holds=st.none() | st.floats(0, 1))
REPORTS = st.builds(
    ReadReport,
    path=st.just(Path()),
    rows=st.dictionaries(CURVES, JUDGED, max_size=12),
    run=st.dictionaries(st.sampled_from(["dtype", "versions jax"]), st.sampled_from(["1", "2"])),
)


@given(REPORTS, REPORTS)
def test_every_row_is_counted_once(first, second):
    found = compared(first, second)
    both = found.same + len(found.changes)
    assert both + found.gone == len(first.rows)
    assert both + found.new == len(second.rows)
    for change in found.changes:
        assert first.rows[change.curves] == change.before
        assert change.turned or abs((change.after.holds or 0) - (change.before.holds or 0)) > MOVED
    order = [(not change.turned, bool(change.curves.control)) for change in found.changes]
    assert order == sorted(order)
    assert all(
        first.run.get(name, "") == a and second.run.get(name, "") == b != a
        for name, (a, b) in found.runs.items()
        if name != "model"
    )
    json.dumps(found.to_json(), allow_nan=False)


@given(REPORTS)
def test_a_report_is_the_same_as_itself(report):
    found = compared(report, report)
    assert not found.changes
    assert (found.same, found.gone, found.new, found.runs) == (len(report.rows), 0, 0, {})


@given(REPORTS, REPORTS)
def test_turned_about_what_was_gained_is_lost(first, second):
    one, other = compared(first, second), compared(second, first)
    assert (one.same, one.gone, one.new) == (other.same, other.new, other.gone)
    if first.models == second.models:
        assert {c.curves: c.moved for c in one.changes} == {c.curves: -c.moved for c in other.changes}


def test_two_single_models_are_taken_for_each_other():
    row = {"law": "tilt", "claim": "a", "control": "", "layer": 1, "concept": "", "quantity": "q"}
    rows = [
        {Curves(model=name, **row): Judged(verdict=v, holds=h)}
        for name, v, h in (("m", "holds", 1.0), ("n", "departs", 0.2))
    ]
    found = compared(*(ReadReport(path=Path(), rows=each, run={}) for each in rows))
    assert found.lines[0] == "1 of 1 verdicts that both reports have are different: 1 from holds to departs."
    assert found.runs == {"model": ("m", "n")}
    assert found.changes[0].say() == "tilt (a) on m, block 1: departs, was holds, on 20% of curves, was 100%"


def report(path, **changes):
    subject = {"model": "m", "control": None, "layer": 2, "concept": "c", "quantity": "q"} | changes.pop("subject", {})
    counts = dict(zip(OUTCOMES, (3, 1, 0, 9), strict=True))
    row = {"law": "tilt", "claim": "a", "subject": subject, "verdict": "departs", "counts": counts} | changes.pop(
        "row", {}
    )
    whole = {"schema": 1, "run": {"dtype": "float32", "started": "now", "versions": {"jax": "1"}}, "verdicts": [row]}
    path.write_text(json.dumps(whole | changes))
    return path


def test_what_is_read(tmp_path):
    found = read_report(report(tmp_path / "report.json"))
    assert read_report(tmp_path) == found
    ((curves, judged),) = found.rows.items()
    assert (curves.model, curves.control, curves.layer, judged.verdict, judged.holds) == ("m", "", 2, "departs", 0.75)
    assert found.run == {"dtype": "float32", "versions jax": "1"}
    assert replace(curves, layer=3) != curves


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schema": 7}, "schema 1 or 2"),
        ({"verdicts": 3}, "lacks 'verdicts' or 'run'"),
        ({"verdicts": [3]}, "verdict 0: expected an object with a subject"),
        ({"row": {"law": 3}}, "verdict 0: law is '3', expected a text"),
        ({"row": {"verdict": "maybe"}}, "verdict 0: verdict is 'maybe'"),
        ({"subject": {"layer": -3}}, "verdict 0: layer is -3"),
        ({"subject": {"model": None}}, "verdict 0: model is 'None'"),
    ],
)
def test_what_is_no_report_is_one_line(tmp_path, capsys, changes, says):
    good, bad = report(tmp_path / "good.json"), report(tmp_path / "bad.json", **changes)
    assert main(["compare", str(good), str(bad)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
    assert str(bad) in line


def test_the_command_says_what_changed(tmp_path, capsys):
    first = report(tmp_path / "a.json")
    second = report(tmp_path / "b.json", row={"verdict": "holds", "counts": None}, run={"dtype": "bfloat16"})
    assert main(["compare", str(first), str(second)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "tilt (a) on m, block 2, c: holds, was departs"
    assert out[1] == "1 of 1 verdicts that both reports have are different: 1 from departs to holds."
    assert "dtype: float32, then bfloat16" in " ".join(out[2:])
    assert main(["compare", str(first), str(second), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["same"] == 0
