"""Work on experiments in the process apart: the same results as here, in the same order, whatever becomes of it."""

import os
import signal
import time
from functools import partial

import numpy as np
import pytest

from steerlaw.beside import begin_of_experiments
from steerlaw.experiments.chains import chain_experiments
from steerlaw.experiments.embedded import embedded_experiments
from steerlaw.experiments.experiment import Experiment, Grid
from steerlaw.experiments.texts.drawn import drawn_texts, middle_experiments
from steerlaw.results.apart import process_apart
from steerlaw.results.directions import ranked
from steerlaw.results.whole_texts import text_rows

MADE = partial(chain_experiments, Grid(count=5))


def told(experiment: Experiment) -> tuple[str, int]:
    """Which experiment it is, and in which process."""
    return experiment.subject.name, os.getpid()


def test_results_are_those_of_the_experiments_of_these_numbers_and_come_from_the_other_process():
    every = list(enumerate(MADE()))
    some = every[::-1]
    with process_apart() as apart:
        found = list(begin_of_experiments(apart, MADE, told, some)())
    assert [name for name, _ in found] == [one.subject.name for _, one in some]
    assert {pid for _, pid in found}.isdisjoint({os.getpid()})
    assert len({pid for _, pid in found}) == 1


def test_what_is_not_to_be_made_twice_or_was_not_come_to_is_worked_on_here():
    some = list(enumerate(MADE()))
    expected = [(one.subject.name, os.getpid()) for _, one in some]
    with process_apart() as apart:
        assert apart is not None
        assert list(begin_of_experiments(apart, None, told, some)()) == expected
        apart.submit(time.sleep, 0.5)
        results = begin_of_experiments(apart, MADE, told, some)
        os.kill(next(iter(apart._processes)), signal.SIGKILL)  # pyright: ignore[reportAttributeAccessIssue]
        assert list(results()) == expected
    assert list(begin_of_experiments(None, MADE, told, some)()) == expected


@pytest.mark.slow
def test_ranks_and_whole_texts_are_the_same_numbers_there():
    made = partial(embedded_experiments, Grid(strengths=np.linspace(-1, 1, 5)))
    every = list(made())
    one = next(middle_experiments(every))
    (number,) = (n for n, other in enumerate(every) if other is one)
    ranks = partial(ranked, laws=["token_bump"], count=2, seed=3)
    texts = partial(drawn_texts, samples=2, seed=3)
    with process_apart() as apart:
        standings = begin_of_experiments(apart, made, ranks, [(number, one)])
        drawn = begin_of_experiments(apart, made, texts, [(number, one)])
        (found,), (swept,) = standings(), drawn()
    assert found
    assert found == ranks(one)
    assert text_rows([swept]) == text_rows([texts(one)])
