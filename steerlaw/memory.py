"""Memory that was freed, given back to the system.

What a C library has handed out and got back in pieces it keeps: of a long run's 1.8 GB half was such memory (glibc).
"""

import ctypes
import sys
from contextlib import suppress
from functools import cache


def give_back() -> None:
    """Give back what is free; to be called between pieces of work, since it takes milliseconds.

    Nothing happens where the C library has no such call, as on macOS and Windows.
    """
    _trim()(0)


@cache
def _trim():
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # musl has none
            return ctypes.CDLL(None).malloc_trim
    return lambda _: 0
