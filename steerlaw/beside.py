"""What needs no sweep and which no sweep needs, in the process that checks the derivations: directions, whole texts.

Models are not sent to that process. It makes the experiments anew, in the same way, and so reaches the same numbers;
that takes the models' memory a second time, which the embedded ones can afford.
"""

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from functools import lru_cache
from typing import TypeVar

from steerlaw.experiments.experiment import Experiment
from steerlaw.memory import give_back
from steerlaw.results.apart import begin

T = TypeVar("T")
Made = Callable[[], Iterable[Experiment]]


def begin_of_experiments(
    apart: Executor | None, made: Made | None, work: Callable[[Experiment], T], some: Sequence[tuple[int, Experiment]]
) -> Callable[[], Iterator[T]]:
    """Begin `work` of some experiments, each with its number among those that `made` makes; called, the results.

    Without `made` (experiments that are not to be made twice), or without a process apart, it is done when called.
    `made` and `work` have to be such as can be pickled.
    """
    calls = [(pickle.dumps(made), number, work) for number, _ in some] if made else [()] * len(some)
    return begin(apart if made else None, _there, calls, lambda number: work(some[number][1]))


def _there(made: bytes, number: int, work: Callable[[Experiment], T]) -> T:
    try:
        return work(_experiments(made)[number])
    finally:
        give_back()


@lru_cache(maxsize=1)
def _experiments(made: bytes) -> list[Experiment]:
    return list(pickle.loads(made)())
