"""Derivations checked in a process apart: the same records, whatever becomes of it, and no process left behind."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from steerlaw.results.apart import derivation_records, process_apart
from steerlaw.results.derivations import derivation_record
from theory.catalogue import find_law

LAWS = [find_law(name) for name in ("tilt", "logit_shift")]


def test_the_same_records_in_the_same_order_without_jax():
    with process_apart() as apart:
        assert apart is not None
        assert list(derivation_records(LAWS, apart)()) == [derivation_record(law) for law in LAWS]
        assert apart.submit(eval, "'jax' in __import__('sys').modules").result() is False
        assert apart.submit(os.getpid).result() != os.getpid()
        assert signal.SIGINT in apart.submit(signal.pthread_sigmask, signal.SIG_BLOCK, ()).result()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_without_a_process_and_where_it_dies_the_work_is_done_here():
    expected = [derivation_record(law) for law in LAWS]
    assert list(derivation_records(LAWS, None)()) == expected
    with process_apart() as apart:
        assert apart is not None
        apart.submit(time.sleep, 0.5)
        records = derivation_records(LAWS, apart)
        os.kill(next(iter(apart._processes)), signal.SIGKILL)  # pyright: ignore[reportAttributeAccessIssue]
        assert list(records()) == expected
        assert list(derivation_records(LAWS, apart)()) == expected


def test_what_a_derivation_raises_is_raised_here():
    with process_apart() as apart, pytest.raises(ValueError, match="no_such_law"):
        list(derivation_records([replace(LAWS[0], id="no_such_law")], apart)())


def test_leaving_does_not_wait_for_what_is_being_done():
    with process_apart() as apart:
        assert apart is not None
        pid = apart.submit(os.getpid).result()
        busy = apart.submit(time.sleep, 60)
        began = time.monotonic()
    assert time.monotonic() - began < 30
    assert busy.done()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


PROGRAM = """
import os, sys, time
from steerlaw.results.apart import process_apart
if __name__ == "__main__":
    with process_apart() as apart:
        print(apart.submit(os.getpid).result(), flush=True)
        apart.submit(time.sleep, 60)
        time.sleep(60)
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_its_program(ending, tmp_path):
    """Ctrl-C reaches both, as it does at a terminal, and only the program speaks of it."""
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, str(tmp_path / "program.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        apart = int(program.stdout.readline())
        group = ending == signal.SIGINT
        os.killpg(program.pid, ending) if group else os.kill(program.pid, ending)
        program.wait(30)
        assert program.stderr.read().count(b"KeyboardInterrupt") == group
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and _runs(apart):
        time.sleep(0.05)
    assert not _runs(apart)


def _runs(pid: int) -> bool:
    """Whether a process is there, and is more than the remains of one that nobody has waited for."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return state not in ("", "Z")
