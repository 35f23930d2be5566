"""A plan's run: cells are measured once, whatever kills it; failures are told, tried again where that may help."""

import json
from dataclasses import asdict, replace

import pytest

from steerlaw.plans import measuring, running
from steerlaw.plans.cell import read_cells
from steerlaw.plans.identity import identified
from steerlaw.plans.plan import read_plan
from steerlaw.plans.planned import planned_cells
from steerlaw.plans.running import run_plan

DIFFERENT = 3
"""Cells of the plan; a fourth row is one of them again."""


class Killed(BaseException):
    """Not an error that anything handles."""


@pytest.fixture
def plan(home):
    return read_plan(home / "plan.toml")


@pytest.fixture
def measured(monkeypatch):
    """The cells that were measured, by a measurement that writes their name."""
    made = []

    def write(_plan, cell, results):
        cell.path(results).write_text(cell.id)
        made.append(cell.id)

    monkeypatch.setattr(measuring, "MEASURES", dict.fromkeys(measuring.MEASURES, write))
    return made


def everything(results):
    """All that the results hold, the time that a cell took apart."""
    files = {str(path.relative_to(results)): path.read_text() for path in results.rglob("*") if path.is_file()}
    return {
        name: json.loads(text) | {"seconds": 0} if name.endswith("cell.json") else text for name, text in files.items()
    }


def test_each_cell_is_measured_once_and_stands_in_every_figure_that_shows_it(plan, home, measured, tmp_path):
    told = []
    outcome = run_plan(plan, home / "plan.toml", tmp_path, progress=lambda *given: told.append(given))
    assert (outcome.measured, outcome.found, list(outcome.failures)) == (DIFFERENT, 0, [])
    assert len(measured) == len(set(measured)) == DIFFERENT
    cells = read_cells(tmp_path)
    assert [cell.figure for cell in cells] == ["1", "1", "2", "table"]
    assert cells[0].id == cells[3].id
    assert all(cell.path(tmp_path).read_text() == cell.id for cell in cells)
    assert [(done, all_of_them) for done, all_of_them, _ in told] == [(n, DIFFERENT) for n in range(DIFFERENT + 1)]
    assert (tmp_path / "plan.toml").read_text() == (home / "plan.toml").read_text()
    again = run_plan(plan, home / "plan.toml", tmp_path)
    assert (again.measured, again.found) == (0, DIFFERENT)
    assert len(measured) == DIFFERENT


@pytest.mark.parametrize("there", [True, False])
def test_cells_that_need_what_is_not_installed_are_left_out_in_words(
    plan, home, measured, tmp_path, monkeypatch, there
):
    one, *others = planned_cells(plan)
    monkeypatch.setattr(running, "planned_cells", lambda _plan: [replace(one, observe="ability"), *others])
    monkeypatch.setattr(running, "identified", lambda plan, cell: replace(identified(plan, one), **asdict(cell)))
    monkeypatch.setattr(running, "find_spec", lambda name: object() if there and name == "lm_eval" else None)
    outcome = run_plan(plan, home / "plan.toml", tmp_path)
    assert list(outcome.failures) == []
    said = [] if there else ["1 cells are left out: tasks need lm-evaluation-harness; pip install 'steerlaw[eval]'"]
    assert list(outcome.left_out) == said
    assert len(measured) == outcome.measured


@pytest.mark.parametrize("moment", ["before", "after", "recorded"])
def test_a_run_killed_anywhere_goes_on_and_ends_alike(plan, home, measured, tmp_path, monkeypatch, moment):
    """It dies in every cell in turn: before its file is there, after, and when the cell is done but not listed."""
    run_plan(plan, home / "plan.toml", tmp_path / "calm")
    write, record = measuring.MEASURES["next-token"], measuring.write_atomically
    alive = []

    def dying_write(*given):
        if moment == "before" and not alive:
            raise Killed
        write(*given)
        if moment == "after" and not alive:
            raise Killed
        alive.clear()

    def dying_record(path, content):
        record(path, content)
        if moment == "recorded":
            raise Killed

    deaths = 0
    with monkeypatch.context() as patch:
        patch.setattr(measuring, "MEASURES", dict.fromkeys(measuring.MEASURES, dying_write))
        patch.setattr(measuring, "write_atomically", dying_record)
        while True:
            try:
                run_plan(plan, home / "plan.toml", tmp_path / "killed")
                break
            except Killed:
                deaths += 1
                alive.append(True)
                assert len(read_cells(tmp_path / "killed")) <= 4
    assert deaths >= DIFFERENT - 1
    assert everything(tmp_path / "killed") == everything(tmp_path / "calm")


def test_what_another_try_may_mend_is_tried_again(plan, home, measured, tmp_path, monkeypatch):
    write, tries = measuring.MEASURES["next-token"], []

    def flaky(plan, cell, results):
        tries.append(cell.id)
        if tries.count(cell.id) < 3:
            raise RuntimeError("the device is busy")
        write(plan, cell, results)

    monkeypatch.setattr(measuring, "MEASURES", measuring.MEASURES | {"next-token": flaky})
    once = run_plan(plan, home / "plan.toml", tmp_path / "once", retries=1)
    assert [failure.split(": ", 2)[2] for failure in once.failures] == ["RuntimeError: the device is busy"] * 2
    assert once.measured == 1
    assert [cell.observe for cell in read_cells(tmp_path / "once")] == ["cross-entropy"]
    tries.clear()
    assert run_plan(plan, home / "plan.toml", tmp_path / "twice", retries=2).measured == DIFFERENT


def test_what_is_wrong_is_told_once_and_the_others_go_on(plan, home, measured, tmp_path, monkeypatch):
    tries = []

    def refuse(*_):
        tries.append(1)
        raise ValueError("the text is empty")

    monkeypatch.setattr(measuring, "MEASURES", measuring.MEASURES | {"cross-entropy": refuse})
    missing = replace(plan, texts=replace(plan.texts, contexts="nowhere.jsonl"))
    assert len(run_plan(missing, home / "plan.toml", tmp_path / "a").failures) == 4
    outcome = run_plan(plan, home / "plan.toml", tmp_path / "b")
    assert list(outcome.failures) == ["2: cross-entropy of tiny, cats, block 0, random negatives: the text is empty"]
    assert (outcome.measured, len(tries)) == (2, 1)


def test_freed_memory_is_kept_within_a_cell_and_given_back_after_it_however_it_ends(plan, home, tmp_path, monkeypatch):
    """Wherever the cell is measured: dask's workers would otherwise return every array to the system."""
    done = []

    def measure(_plan, cell, _results):
        done.append("measured")
        if cell.observe == "cross-entropy":
            raise ValueError("the text is empty")

    monkeypatch.setattr(measuring, "MEASURES", dict.fromkeys(measuring.MEASURES, measure))
    monkeypatch.setattr(running, "keep_freed", lambda: done.append("kept"))
    monkeypatch.setattr(running, "give_back", lambda: done.append("given back"))
    outcome = run_plan(plan, home / "plan.toml", tmp_path)
    assert (outcome.measured, len(outcome.failures)) == (2, 1)
    assert done == ["kept", "measured", "given back"] * DIFFERENT


def test_a_cell_is_named_by_all_that_it_is_made_from_and_by_nothing_else(plan, home):
    cell = planned_cells(plan)[0]
    name = identified(plan, cell).id
    assert identified(plan, replace(cell, figure="9", block="early")).id == name
    moved = replace(plan, texts=replace(plan.texts, positive=str(home / "prompts.jsonl")))
    assert identified(moved, cell).id == name
    others = [
        replace(cell, layer=1),
        replace(cell, seed=1),
        replace(cell, unit=True),
        replace(cell, positions="last"),
        replace(cell, along="random_direction"),
        replace(cell, strengths="0:4:65"),
        replace(cell, observe="cross-entropy"),
    ]
    names = [identified(plan, other).id for other in others]
    names += [
        identified(replace(plan, dtype="float64"), cell).id,
        identified(replace(plan, texts=replace(plan.texts, negative="words.jsonl")), cell).id,
        identified(replace(plan, texts=replace(plan.texts, log_odds="prompts.jsonl")), cell).id,
    ]
    assert len({name, *names}) == 1 + len(names)


def test_half_a_record_is_none(plan, home, measured, tmp_path):
    run_plan(plan, home / "plan.toml", tmp_path)
    cell = read_cells(tmp_path)[0]
    record = cell.path(tmp_path).with_name(measuring.DONE)
    for damaged in (record.read_text()[:-9], '{"id": "another"}', "[]"):
        record.write_text(damaged)
        assert run_plan(plan, home / "plan.toml", tmp_path).measured == 1
    cell.path(tmp_path).unlink()
    assert run_plan(plan, home / "plan.toml", tmp_path).measured == 1
