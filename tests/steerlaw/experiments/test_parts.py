"""Parts of long work: made once, made anew where damaged, never mixed with those of another plan."""

import contextlib
import itertools
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from numerics.files.alone import alone
from numerics.files.atomic import write_atomically
from numerics.observing.sweep import Sweep
from steerlaw.experiments.parts import (
    DONE,
    PLAN,
    RESULT,
    close_parts,
    digest,
    finish_part,
    open_parts,
    parts_directory,
)

pytestmark = pytest.mark.slow

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
    assert not finish_part(path, "a 0", lambda: sweep(1.0))[1]
    assert finish_part(path, "a 0", never)[1]
    assert value_of(path) == 1
    assert not finish_part(path, "b 0", lambda: sweep(2.0))[1]
    assert value_of(path) == 2


def test_a_damaged_part_is_made_anew(tmp_path):
    path, whole = tmp_path / "part.nc", tmp_path / "whole.nc"
    finish_part(whole, "a 0", lambda: sweep(1.0))
    content = whole.read_bytes()
    lengths = [*range(0, 100, 9), *range(100, len(content), len(content) // 20), len(content) - 1]
    for damaged in (*(content[:length] for length in lengths), b"\x89HDF\r\n\x1a\n" + b"\xff" * 5000, b"{}"):
        path.write_bytes(damaged)
        assert not finish_part(path, "a 0", lambda: sweep(2.0))[1]
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
    assert not finish_part(path, "a 0", lambda: sweep(2.0))[1]
    assert value_of(path) == 2


def made(directory, name="0.nc", value=1.0):
    finish_part(directory / name, f"{name} {value}", lambda: sweep(value))


def left_unfinished(out, plan=PLANNED):
    """A run that was killed after its first part."""
    with contextlib.suppress(Killed), open_parts(out, plan) as directory:
        made(directory)
        raise Killed
    return parts_directory(out)


def content(directory):
    return {path: path.read_bytes() for path in directory.iterdir()}


def test_the_same_plan_goes_on_and_another_is_refused(tmp_path):
    out = tmp_path / "s.nc"
    directory = left_unfinished(out)
    before = content(directory)
    for other, named in (
        (PLANNED | {"strengths": "abd"}, "strengths"),
        (PLANNED | {"vector": {"4": "def"}}, "vector"),
        (PLANNED | {"format": 2, "text": "x"}, "format, text"),
        ({"format": 1, "strengths": "abc"}, "vector"),
    ):
        unfinished = f"unfinished work from another {named}; finish that first, choose ano"
        with pytest.raises(ValueError, match=unfinished), open_parts(out, other):
            never()
    assert content(directory) == before
    with open_parts(out, PLANNED) as same:
        assert same == directory
        close_parts(directory)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["", "[]", '{"format": 1', "\xff", "[" * 100_000])
def test_a_plan_that_cannot_be_read_is_another(tmp_path, text):
    (left_unfinished(tmp_path / "s.nc") / PLAN).write_text(text, encoding="latin-1")
    with (
        pytest.raises(ValueError, match="unfinished work from another format"),
        open_parts(tmp_path / "s.nc", PLANNED),
    ):
        never()


def failing(out, parts, error):
    with open_parts(out, PLANNED) as directory:
        for _ in range(parts):
            made(directory)
        raise error


@pytest.mark.parametrize("error", [ValueError, OSError, RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("parts", [0, 1])
def test_a_run_that_fails_is_not_in_the_way_of_the_right_one(tmp_path, error, parts):
    """Parts are kept where the same run may fare better: after anything but a `ValueError`."""
    out = tmp_path / "s.nc"
    with pytest.raises(error):
        failing(out, parts, error)
    kept = parts == 1 and error is not ValueError
    assert (parts_directory(out) / "0.nc").exists() == kept
    if not kept:
        with open_parts(out, PLANNED | {"strengths": "abd"}) as directory:
            close_parts(directory)
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to(path.parent / "theirs")])
def test_what_is_no_directory_of_parts_is_left_alone(tmp_path, make):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "notes.txt").write_text("mine")
    (theirs / DONE).touch()
    directory = tmp_path / "s.nc.parts"
    make(directory)
    with (
        pytest.raises(ValueError, match=r"s\.nc\.parts: is in the way, and holds no plan\.json"),
        open_parts(tmp_path / "s.nc", PLANNED),
    ):
        never()
    directory.unlink()
    directory.mkdir()
    (directory / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is in the way"), open_parts(tmp_path / "s.nc", PLANNED):
        never()
    assert len(list(theirs.iterdir())) == 2


def run(out, plan=PLANNED):
    """A whole run of two parts."""
    with alone(out), open_parts(out, plan) as directory:
        for n in range(2):
            made(directory, f"{n}.nc", float(n))
        write_atomically(directory / RESULT, plan["strengths"])
        close_parts(directory)


class Mortal:
    """A process that dies at the n-th thing that it does to the file system, before or after it, and does no more."""

    DEEDS = ("open", "mkdir", "replace", "unlink", "rmdir", "fsync")

    def __init__(self, patch, dies_at, after):
        self.left, self.after = dies_at, after
        for name in self.DEEDS:
            patch.setattr(os, name, self.mortal(getattr(os, name)))

    def mortal(self, deed):
        def act(*arguments, **options):
            self.left -= 1
            if self.left < 0 or (self.left == 0 and not self.after):
                raise Killed
            done = deed(*arguments, **options)
            if self.left == 0:
                raise Killed
            return done

        return act


@pytest.mark.parametrize("after", [False, True])
def test_a_kill_at_any_moment_leaves_nothing_in_the_way(tmp_path, monkeypatch, after):
    """The same run ends as if nothing had been; another one is refused if and only if there are parts to take up."""
    deaths = 0
    for dies_at in itertools.count(1):
        same, other = tmp_path / f"{dies_at}" / "s.nc", tmp_path / f"{dies_at} other" / "s.nc"
        same.parent.mkdir()
        with monkeypatch.context() as patch, contextlib.suppress(Killed):
            Mortal(patch, dies_at, after)
            run(same)
            break
        deaths += 1
        shutil.copytree(same.parent, other.parent)
        run(same)
        assert same.read_text() == "abc"
        assert list(same.parent.iterdir()) == [same]
        unfinished = (parts_directory(other) / PLAN).exists() and list(parts_directory(other).glob("[0-9].nc"))
        with pytest.raises(ValueError, match="unfinished work") if unfinished else contextlib.nullcontext():
            run(other, PLANNED | {"strengths": "abd"})
        if not unfinished:
            assert other.read_text() == "abd"
            assert list(other.parent.iterdir()) == [other]
    assert deaths > 20


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
