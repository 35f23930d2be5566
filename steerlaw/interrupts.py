"""Ctrl-C stops the program, always, with exit status 130: wherever it is, and whatever swallows `KeyboardInterrupt`.

Python runs a handler only between two steps of its own in the main thread, not while compiled code works there; and
what the handler raises may end in a callback, an import or a destructor that goes on as if nothing had happened. So a
thread waits for the signal as well. It leaves the main thread `GRACE` seconds to tidy up, and then ends the process:
nothing is lost by that, since every file is replaced whole or not at all.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GRACE = 1.0
"""Seconds from the first Ctrl-C to the end of the process; a second one ends it at once."""
INTERRUPTED = 130
"""Exit status: 128 and the number of the signal, as shells have it."""
SHOW_CURSOR = "\x1b[?25h"
"""What a progress bar may have hidden."""


@contextmanager
def stopping_at_interrupts() -> Iterator[None]:
    """While the block runs, the first Ctrl-C raises `KeyboardInterrupt` and makes sure that the program ends with 130.

    For a program alone: it ends the process.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.signal(signal.SIGINT, _interrupt)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading,), name="interrupts", daemon=True).start()
    try:
        yield
    finally:
        end_if_interrupted()
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # there is nothing more to tidy up


def end_if_interrupted() -> None:
    """End the program if Ctrl-C was pressed: what looks like an error may be what became of a `KeyboardInterrupt`."""
    if _pressed.is_set():
        _end()


_pressed = threading.Event()


def _interrupt(number: int, frame: FrameType | None) -> None:
    _pressed.set()
    raise KeyboardInterrupt


def _watch(reading: int) -> None:
    """Wait for one Ctrl-C, and then for another or for the time of grace to pass."""
    _wait_for_interrupt(reading)
    again = threading.Thread(target=lambda: (_wait_for_interrupt(reading), _end()), daemon=True)
    again.start()
    again.join(GRACE)
    _end()


def _wait_for_interrupt(reading: int) -> None:
    """Other signals that Python handles are written to the same pipe."""
    while os.read(reading, 1) != bytes([signal.SIGINT]):
        pass


def _end() -> None:
    """End the process here and now, without anything that could wait, raise or swallow."""
    try:
        showing = SHOW_CURSOR if os.isatty(2) else ""
        os.write(2, f"{showing}steerlaw: interrupted\n".encode())
    except OSError:
        pass
    os._exit(INTERRUPTED)
