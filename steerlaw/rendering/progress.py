"""What long work is doing, on stderr: bars at a terminal, otherwise a line now and then about each phase."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from steerlaw.rendering.console import complain, console
from steerlaw.rendering.plain_text import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

QUIET = 2.0
"""Seconds that a phase may take without a line about it."""
EVERY = 30.0
"""Seconds between two lines about a phase."""


def progress_bar() -> "Progress":
    """A display of what is being done with an estimate of the time left.

    Where stderr is no terminal, a phase that takes more than `QUIET` seconds is named in a line, and again with how far
    it has come every `EVERY` seconds.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    class Phases(Progress):
        """Rich's progress, told as lines where rich is silent."""

        def add_task(self, description: str, *arguments: Any, **options: Any) -> "TaskID":
            return super().add_task(printable(description), *arguments, **options)

        def start(self) -> None:
            super().start()
            if self.disable:
                self._told_enough = threading.Event()
                threading.Thread(target=_tell, args=(self, self._told_enough), daemon=True).start()

        def stop(self) -> None:
            super().stop()
            if self.disable:
                self._told_enough.set()

    return Phases(
        TextColumn("{task.description:<44}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
        disable=not sys.stderr.isatty(),
        auto_refresh=sys.stderr.isatty(),  # otherwise rich does not count either
        transient=True,
    )


@contextmanager
def phase(description: str) -> Iterator[None]:
    """Show one phase of unknown length while the block runs."""
    with progress_bar() as progress:
        progress.add_task(description, total=None)
        yield


def _tell(progress: "Progress", stopped: threading.Event) -> None:
    """Name each phase that has been going on for a while, until the display is stopped."""
    told: dict[int, float] = {}
    while not stopped.wait(QUIET / 8):
        for task in (task for task in progress.tasks if not task.finished):
            elapsed = task.elapsed or 0.0
            if elapsed >= told.get(task.id, QUIET - EVERY) + EVERY:
                told[task.id] = elapsed
                done = "" if task.total is None else f": {task.completed:g} of {task.total:g}"
                complain(f"{task.description}{done}, after {elapsed:.0f} s")
