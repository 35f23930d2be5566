"""Memory that is of no more use: kept for what is asked for next, and given back to the system where work ends.

What a C library has handed out and got back in pieces it keeps: of a long run's 1.8 GB half was such memory (glibc).
And JAX keeps every program that it ever compiled, which were 1.7 of the 2.9 GB that judging one concept came to.
"""

import ctypes
import gc
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

GROWN = 400e6
"""Bytes by which a process may grow before JAX's programs are let go."""
KEPT = 32 * 2**20
"""Bytes of the largest pieces that are kept for the next ones: every version of glibc allows so many."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt, in glibc's malloc.h


def resident() -> int:
    """Bytes of memory that this process holds; 0 where the system does not tell it in a file, as only Linux does."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def keep_freed() -> None:
    """Have the C library keep what is freed for what is asked for next, whatever the environment says.

    dask starts its workers with MALLOC_TRIM_THRESHOLD_=65536, for which glibc returns every array to the system and
    asks for its pages anew: a quarter of the processors' time went there. `give_back` returns memory where work ends.
    """
    with suppress(OSError, AttributeError):  # elsewhere, or on musl, there is none
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, KEPT)
        mallopt(_TRIM_THRESHOLD, 8 * KEPT)


_held = [resident()]  # when programs were last let go; at first, before there are any


def give_back() -> None:
    """Give back what is free, and programs where the process has grown; to be called between pieces of work.

    That takes milliseconds. Programs that are let go and asked for again are compiled anew, or read from JAX's cache on
    disk: those of whoever else uses JAX in this process, too. Nothing happens but on Linux.
    """
    _trim()(0)
    jax = sys.modules.get("jax")
    if jax is not None and resident() - _held[0] > GROWN:
        jax.clear_caches()
        gc.collect()
        _trim()(0)
        _held[0] = resident()


@cache
def _trim():
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # musl has none
            return ctypes.CDLL(None).malloc_trim
    return lambda _: 0
