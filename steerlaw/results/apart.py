"""Work in a process of its own, beside whatever else is being done: derivations are checked there, and more."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from steerlaw.results.derivations import Derivation, derivation_record
from theory.catalogue import find_law
from theory.law import Law

T = TypeVar("T")


@contextmanager
def process_apart() -> Iterator[Executor | None]:
    """A process that works beside this one, and ends with it, however that ends; None where none can be started.

    Ctrl-C at a terminal goes to all of its processes; this one is started deaf to it. For programs only: a script
    without `if __name__ == "__main__"` would run again in the process that it starts.
    """
    context = multiprocessing.get_context("spawn")
    try:
        ours, theirs = context.Pipe(duplex=False)[::-1]
        pool = ProcessPoolExecutor(1, mp_context=context, initializer=_end_with, initargs=(theirs,))
        with _without_interrupts():
            pool.submit(os.getpid)  # which starts the process
    except (OSError, ImportError, RuntimeError):  # no pipes, no semaphores, or no room for another process
        yield None
        return
    try:
        yield pool
    finally:
        ours.close()  # ends the process, whatever it is doing
        pool.shutdown(cancel_futures=True)
        theirs.close()


def begin(
    apart: Executor | None, work: Callable[..., T], calls: Sequence[tuple[Any, ...]], here: Callable[[int], T]
) -> Callable[[], Iterator[T]]:
    """Begin `work(*call)` of each call apart; called, what is given gives their results, in the same order.

    What a process did not come to, because it could not be started or was killed, is done by `here`, which is given the
    call's number.
    """
    begun: list[Future[T]] = []
    if apart is not None:
        with suppress(BrokenProcessPool):  # it was killed already
            begun = [apart.submit(work, *call) for call in calls]

    def results() -> Iterator[T]:
        for number in range(len(calls)):
            try:
                result = begun[number].result() if begun else here(number)
            except BrokenProcessPool:
                result = here(number)
            yield result

    return results


def derivation_records(laws: Sequence[Law], apart: Executor | None) -> Callable[[], Iterator[Derivation]]:
    """Begin to check the laws' derivations apart; called, what is given gives their records, in the same order."""
    return begin(apart, _record, [(law.id,) for law in laws], lambda number: derivation_record(laws[number]))


def _record(law: str) -> Derivation:
    return derivation_record(find_law(law))


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Have processes that are started in the block never see Ctrl-C; this one sees it when the block ends."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(other: Connection) -> None:
    """In the process apart: end when the other end of the pipe is closed, which it is when its process ends."""

    def wait() -> None:
        with suppress(EOFError, OSError):
            other.recv_bytes()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
