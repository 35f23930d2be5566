"""Freed memory goes back to the system, where the C library has a call for it, and programs are let go."""

import os
import platform
import subprocess
import sys

import jax
import pytest

from steerlaw import memory
from steerlaw.memory import give_back, resident

PROGRAM = """
import re
from steerlaw.memory import give_back

def held():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmRSS:\\s+(\\d+)", status.read())[1])

before = held()
pieces = [b"x" * 60_000 for _ in range(4000)]  # 240 MB in pieces that are too small to be mapped one by one
kept = pieces[::200]
del pieces
freed = held()
give_back()
print(before, freed, held())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is known to keep what was freed")
def test_what_was_freed_in_pieces_is_given_back():
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    before, freed, after = map(int, run.stdout.split())
    assert freed - before > 100_000
    assert after - before < 20_000


ARRAYS = """
import resource
import sys
import numpy as np
from steerlaw.memory import keep_freed

def pages():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

if sys.argv[1:]:
    keep_freed()
np.ones(2_000_000)
before = pages()
for _ in range(50):
    np.ones(2_000_000)  # 16 MB
print(pages() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is known to return what was freed at once")
def test_what_is_freed_is_kept_for_the_next_whatever_the_environment_says():
    asked_anew, kept = (
        int(
            subprocess.run(
                [sys.executable, "-c", ARRAYS, *arguments],
                env={**os.environ, "MALLOC_TRIM_THRESHOLD_": "65536", "NUMPY_MADVISE_HUGEPAGE": "0"},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for arguments in ([], ["kept"])
    )
    assert asked_anew > 50 * 3000
    assert kept < 1000


def test_it_may_be_called_at_any_time():
    give_back()
    give_back()


@pytest.mark.parametrize(("grown", "traced"), [(-(2**60), 2), (2**60, 1)])
def test_programs_are_let_go_where_the_process_has_grown(monkeypatch, grown, traced):
    """What JAX still holds it does not trace again."""
    monkeypatch.setattr(memory, "GROWN", grown)
    monkeypatch.setattr(memory, "_held", [resident()])
    traces = []

    def double(x):
        traces.append(x)
        return 2 * x

    doubled = jax.jit(double)
    assert doubled(1.5) == 3
    give_back()
    assert doubled(1.5) == 3
    assert len(traces) == traced


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it in a file")
def test_what_a_process_holds_is_known():
    before = resident()
    more = bytearray(b"x" * 50_000_000)
    assert 0.9 < (resident() - before) / len(more) < 1.5
