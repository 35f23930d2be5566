"""One process at a time, whatever happens to the one before, and nothing is left."""

import os
import subprocess
import sys

import pytest

from numerics.files.alone import alone

HOLD = """
import sys
from numerics.files.alone import alone
with alone(sys.argv[1]):
    print("held", flush=True)
    input()
"""
TAKE_TURNS = """
import os, sys, time
from numerics.files.alone import alone
out, inside, end = sys.argv[1], sys.argv[2], time.monotonic() + 1.5
turns = 0
while time.monotonic() < end:
    try:
        with alone(out):
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
            time.sleep(0.0002)
            os.unlink(inside)
            turns += 1
    except ValueError:
        pass
print(turns)
"""


def start(code: str, *arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("ends", ["killed", "leaves"])
def test_another_process_is_refused_until_the_first_ends(tmp_path, ends):
    out = tmp_path / "new" / "out"
    with start(HOLD, out) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        told = r"out: another process is writing it; wait for it, or choose another --out"
        with pytest.raises(ValueError, match=told), alone(out):
            raise AssertionError("two at a time")
        if ends == "killed":
            first.kill()
        first.communicate("leave\n")
    with alone(out):
        assert [path.name for path in out.parent.iterdir()] == [".out.lock"]
    assert list(tmp_path.rglob("*.lock")) == []


def test_they_take_turns(tmp_path):
    """Each removes the lock file when it leaves; no two are ever inside."""
    processes = [start(TAKE_TURNS, tmp_path / "out", tmp_path / "inside") for _ in range(3)]
    turns = [int(process.communicate()[0]) for process in processes]
    assert all(process.returncode == 0 for process in processes)
    assert sum(turns) > 10
    assert list(tmp_path.iterdir()) == []


def test_folders_that_were_made_go_when_nothing_is_in_them(tmp_path):
    with alone(tmp_path / "a" / "b" / "out"):
        pass
    assert list(tmp_path.iterdir()) == []
    with alone(tmp_path / "a" / "b" / "out"):
        (tmp_path / "a" / "kept").touch()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["kept"]


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / ".out.lock").symlink_to(tmp_path / "theirs")
    with pytest.raises(OSError, match=r"\.out\.lock"), alone(tmp_path / "out"):
        raise AssertionError("it was followed")
    assert not (tmp_path / "theirs").exists()


def test_what_killed_runs_left_half_written_goes(tmp_path):
    (tmp_path / f".out.{'0' * 12}.partial").touch()
    with alone(tmp_path / "out"):
        pass
    assert os.listdir(tmp_path) == []
