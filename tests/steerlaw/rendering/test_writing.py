"""Results are on disk before anything is drawn, and a figure that fails costs nothing but itself."""

import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from steerlaw.rendering import figures
from steerlaw.rendering.figures.drawn import Drawing, Drawn, distinct, draw_all, slug
from steerlaw.report import Report
from steerlaw.results.provenance import RunRecord


@pytest.fixture
def report() -> Report:
    run = RunRecord(command="", started="now", versions={}, device="", dtype="", seeds={}, inputs={})
    return Report(run=run, derivations=[], verdicts=[])


def plain(title, name) -> Drawn:
    figure = Figure()
    figure.text(0, 0, title)
    return Drawn(name=name, title=title, caption="Words.", figure=figure)


def failing(error, directory, name):
    assert json.loads((directory / "report.json").read_text())["notes"] == []
    raise error


def badly_spelt(name) -> Drawn:
    """A figure that can be made but not drawn: its text is no mathematics."""
    return plain("$\\no_such$", name)


def test_the_results_survive_every_figure_that_fails(report, tmp_path, monkeypatch):
    drawings = [
        Drawing(name="good", draw=partial(plain, "Good")),
        Drawing(name="bad", draw=partial(failing, RuntimeError("one\ntwo"), tmp_path)),
        Drawing(name="worse", draw=badly_spelt),
        Drawing(name="none", draw=lambda name: None),
        Drawing(name="last", draw=partial(plain, "Last")),
    ]
    monkeypatch.setattr(figures, "report_drawings", lambda results: drawings)
    notes = report.write(tmp_path)
    assert [note.split(" could not")[0] for note in notes] == ["figure bad", "figure worse"]
    assert notes[0] == "figure bad could not be drawn and is left out (RuntimeError: one two)"
    assert json.loads((tmp_path / "report.json").read_text())["notes"] == notes
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 2
    assert all(note.split(" (")[0] in page for note in notes)
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"good.svg", "last.svg"}


def test_a_disk_that_fails_is_no_fault_of_a_figure(report, tmp_path, monkeypatch):
    drawings = [Drawing(name="any", draw=partial(failing, OSError("no space left"), tmp_path))]
    monkeypatch.setattr(figures, "report_drawings", lambda results: drawings)
    with pytest.raises(OSError, match="no space left"):
        report.write(tmp_path)
    assert (tmp_path / "report.json").is_file()


@given(st.lists(st.text(max_size=4), max_size=8))
def test_figures_of_models_of_any_name_lie_side_by_side(names):
    drawings = [Drawing(name=slug(name), draw=lambda name: None) for name in [*names, "a", "a", "a-2"]]
    found = [drawing.name for drawing in distinct(drawings)]
    assert len(set(found)) == len(drawings)
    assert all(name and set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for name in found)
    assert draw_all(drawings) == []
