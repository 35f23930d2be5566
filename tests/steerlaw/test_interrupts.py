"""Ctrl-C ends the program with 130 whatever becomes of `KeyboardInterrupt`, and soon."""

import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from steerlaw.interrupts import GRACE

pytestmark = pytest.mark.slow

STUBBORN = {
    "waiting": "time.sleep(60)",
    "caught": "while True:\n  try: time.sleep(60)\n  except BaseException: pass",
    "made an error of": "try: time.sleep(60)\n except KeyboardInterrupt: raise ValueError('x')",
    "in compiled code": "import hashlib; hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)",
    "in a destructor": "C = type('C', (), {'__del__': lambda _: time.sleep(5)}); C(); time.sleep(60)",
    "in a callback": "import sys; sys.settrace(None); import weakref; o = type('O', (), {})()\n"
    " r = weakref.ref(o, lambda _: time.sleep(5)); del o; time.sleep(60)",
    "leaving": "import sys; sys.exit(time.sleep(60))",
    "in another's finally": "try: time.sleep(60)\n finally: time.sleep(60)",
}


def start(body: str, **streams) -> subprocess.Popen:
    code = "import time\nfrom steerlaw.interrupts import stopping_at_interrupts\nwith stopping_at_interrupts():\n"
    return subprocess.Popen([sys.executable, "-c", f"{code} print('ready', flush=True)\n {body}"], **streams)


def interrupt(process: subprocess.Popen, times: int = 1) -> tuple[float, bytes | None]:
    """The seconds that it took to end it, and what it said."""
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"ready"
        time.sleep(0.1)
        began = time.monotonic()
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        said = process.communicate(timeout=30)[1]
        return time.monotonic() - began, said


@pytest.mark.parametrize("where", STUBBORN)
def test_it_stops(where):
    process = start(STUBBORN[where], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    took, said = interrupt(process)
    assert process.returncode == 130
    assert took < GRACE + 5
    assert said is not None
    assert said.splitlines()[-1] == b"steerlaw: interrupted"


def test_the_second_time_at_once():
    process = start("import hashlib; hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)", stdout=subprocess.PIPE)
    took, _ = interrupt(process, times=2)
    assert process.returncode == 130
    assert took < GRACE


def test_a_terminal_gets_its_cursor_back():
    ours, theirs = pty.openpty()
    process = start("time.sleep(60)", stdout=subprocess.PIPE, stderr=theirs)
    interrupt(process)
    assert process.returncode == 130
    os.close(theirs)
    assert b"\x1b[?25h" in os.read(ours, 1000)
    os.close(ours)


def test_nothing_is_changed_for_those_who_are_not_interrupted():
    process = start("pass", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.communicate() == (b"ready\n", b"")
    assert process.returncode == 0
