"""Parts of long work: made once, made anew where damaged, never mixed with those of another plan."""

import os
import shutil

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from numerics.observing.sweep import Sweep
from steerlaw.experiments.parts import PLAN, close_parts, digest, finish_part, open_parts

PLANNED = {"format": 1, "strengths": "abc", "vector": {"3": "def"}}


def sweep(value=0.0):
    return Sweep(data=xr.Dataset({"x": ("strength", np.full(3, value))}, coords={"strength": [-1.0, 0.0, 1.0]}))


def value_of(path):
    return float(Sweep.read(path).data.x[0])


class Killed(BaseException):
    """Not an error that anything handles."""


def never():
    raise AssertionError("a part was made twice")


def test_a_part_is_made_once(tmp_path):
    path = tmp_path / "part.nc"
    assert not finish_part(path, "a 0", lambda: sweep(1.0))
    assert finish_part(path, "a 0", never)
    assert value_of(path) == 1
    assert not finish_part(path, "b 0", lambda: sweep(2.0))
    assert value_of(path) == 2


def test_a_damaged_part_is_made_anew(tmp_path):
    path, whole = tmp_path / "part.nc", tmp_path / "whole.nc"
    finish_part(whole, "a 0", lambda: sweep(1.0))
    content = whole.read_bytes()
    lengths = [*range(0, 100, 9), *range(100, len(content), len(content) // 20), len(content) - 1]
    for damaged in (*(content[:length] for length in lengths), b"\x89HDF\r\n\x1a\n" + b"\xff" * 5000, b"{}"):
        path.write_bytes(damaged)
        assert not finish_part(path, "a 0", lambda: sweep(2.0))
        assert value_of(path) == 2


def test_a_part_whose_writing_is_cut_off_is_not_there(tmp_path, monkeypatch):
    """As by a power cut: the temporary file is left behind."""
    path = tmp_path / "part.nc"

    def cut_off(source, _):
        shutil.copy(source, f"{source}.left")
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", cut_off)
        with pytest.raises(Killed):
            finish_part(path, "a 0", sweep)
    assert not path.exists()
    assert not finish_part(path, "a 0", lambda: sweep(2.0))
    assert value_of(path) == 2


def test_the_same_plan_goes_on_and_another_is_refused(tmp_path):
    out = tmp_path / "s.nc"
    directory = open_parts(out, PLANNED)
    finish_part(directory / "0.nc", "a 0", sweep)
    before = {path: path.read_bytes() for path in directory.iterdir()}
    assert open_parts(out, PLANNED) == directory
    for other, named in (
        (PLANNED | {"strengths": "abd"}, "strengths"),
        (PLANNED | {"vector": {"4": "def"}}, "vector"),
        (PLANNED | {"format": 2, "text": "x"}, "format, text"),
        ({"format": 1, "strengths": "abc"}, "vector"),
    ):
        with pytest.raises(ValueError, match=f"unfinished work from another {named}; finish that first, choose ano"):
            open_parts(out, other)
    assert {path: path.read_bytes() for path in directory.iterdir()} == before
    close_parts(directory)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", ["", "[]", '{"format": 1', "\xff"])
def test_a_plan_that_cannot_be_read_is_another(tmp_path, content):
    directory = open_parts(tmp_path / "s.nc", PLANNED)
    (directory / PLAN).write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match="unfinished work from another format"):
        open_parts(tmp_path / "s.nc", PLANNED)


def test_what_is_no_directory_of_parts_is_left_alone(tmp_path):
    directory = tmp_path / "s.nc.parts"
    directory.mkdir()
    (directory / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"s\.nc\.parts: is in the way, and holds no plan\.json"):
        open_parts(tmp_path / "s.nc", PLANNED)
    (tmp_path / "t.nc.parts").write_text("a file")
    with pytest.raises(ValueError, match=r"t\.nc\.parts: is in the way, and holds no plan\.json"):
        open_parts(tmp_path / "t.nc", PLANNED)


def test_a_plan_whose_writing_was_cut_off_is_written_again(tmp_path):
    directory = tmp_path / "s.nc.parts"
    directory.mkdir()
    (directory / f".{PLAN}.x7").write_text("{")
    assert open_parts(tmp_path / "s.nc", PLANNED) == directory
    assert (directory / PLAN).is_file()


values = st.one_of(
    st.none(),
    st.integers(),
    st.text(),
    st.lists(st.integers(0, 5)),
    st.lists(st.floats(allow_nan=False, width=32), max_size=4).map(lambda x: np.array(x, np.float32)),
    st.lists(st.integers(-9, 9), max_size=4).map(lambda x: np.array(x, np.int64)),
)


def same(a, b):
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(a) is type(b) and a == b


@given(st.lists(values, max_size=3), st.lists(values, max_size=3))
def test_equal_digests_mean_equal_values(first, second):
    equal = len(first) == len(second) and all(same(a, b) for a, b in zip(first, second, strict=True))
    assert (digest(*first) == digest(*second)) == equal
    assert digest(*first) == digest(*first)
