"""The list of a plan's cells: it is read as it was written, and whatever is wrong in it is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steerlaw.plans.cell import CELLS_FILE, Cell, read_cells, write_cells

CELL = Cell(
    id="ab12",
    figure="A.7",
    model="stdlib-gpt",
    concept="uppercase",
    layer=2,
    block="middle",
    negatives="random",
    seed=0,
    along="vector",
    positions="all",
    unit=False,
    observe="next-token",
    strengths="0:200:65",
    file="cells/ab12/next-token.nc",
)
cells = st.builds(
    Cell,
    id=st.text(),
    figure=st.text(),
    model=st.text(),
    concept=st.text(),
    layer=st.integers(0, 99),
    block=st.text(),
    negatives=st.text(),
    seed=st.integers(0, 2**32 - 1),
    along=st.sampled_from(["vector", "random_direction"]),
    positions=st.sampled_from(["all", "last"]),
    unit=st.booleans(),
    observe=st.sampled_from(["next-token", "cross-entropy", "concept-probability", "ability"]),
    strengths=st.text(),
    file=st.from_regex(r"cells/[0-9a-f]{1,64}/[a-z-]{1,20}\.(nc|json)", fullmatch=True),
)


@given(st.lists(cells))
def test_cells_are_read_as_they_were_written(tmp_path_factory, written):
    results = tmp_path_factory.getbasetemp()
    write_cells(results, written)
    assert read_cells(results) == written


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"file": "../elsewhere.nc"}, "file is '../elsewhere.nc', expected a path inside of the results"),
        ({"file": "/etc/passwd"}, "expected a path inside of the results"),
        ({"layer": True}, "layer is True, expected int"),
        ({"layer": "2"}, "layer is '2', expected int"),
        ({"observe": "logits"}, "observe is 'logits', expected one of next-token, cross-entropy"),
        ({"positions": 1}, "positions is 1, expected str"),
        ({"colour": "red"}, "expected figure, model"),
    ],
)
def test_what_is_wrong_in_a_cell_is_named(tmp_path, change, told):
    write_cells(tmp_path, [CELL, CELL])
    document = json.loads((tmp_path / CELLS_FILE).read_text())
    document["cells"][1] |= change
    (tmp_path / CELLS_FILE).write_text(json.dumps(document))
    with pytest.raises(ValueError, match=r"cells\.json: cell 1: ") as raised:
        read_cells(tmp_path)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["[]", '{"format": 2, "cells": []}', '{"format": 1}', "nonsense"])
def test_another_document_is_refused(tmp_path, text):
    (tmp_path / CELLS_FILE).write_text(text)
    with pytest.raises(ValueError, match=r"cells\.json"):
        read_cells(tmp_path)


def test_no_results_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="steerlaw run PLAN"):
        read_cells(tmp_path)
