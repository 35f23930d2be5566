"""Whether a step of a derivation is false: at generic points and at corners, by `tests/step_values.py` alone."""

import itertools
from collections.abc import Iterator
from typing import Any

import mpmath
import sympy as sp

from step_values import SIZES, NoValueError, Point, UndefinedError, Walk
from theory import tilted
from theory.checker.kinds import Identity, Inequality, Limit, Proved, Step, fact

FALSE = mpmath.mpf(10) ** -9
"""Relative difference from which on two values differ; they are worked out to 60 digits, derivatives to about 25."""


def points(step: Step, count: int = 3, tries: int = 120) -> Iterator[Walk]:
    """Points at which what the step supposes holds: generic ones, then corners."""
    where = getattr(step, "where", ())
    for corner in (False, True):
        walks = (Walk(Point(seed=seed, corner=corner), where) for seed in range(tries))
        yield from itertools.islice((walk for walk in walks if _admitted(step, walk)), count)


def _admitted(step: Step, walk: Walk) -> bool:
    try:
        granted = [given for given in getattr(step, "given", ()) if not isinstance(given, Proved)]
        return all(_everywhere(fact(given), walk) for given in granted)
    except (NoValueError, ZeroDivisionError):
        return False


def _everywhere(fact: Any, walk: Walk) -> bool:
    """Whether a fact holds for every value of its bound indices for which it has a meaning."""
    bound = sorted(fact.free_symbols & tilted.BOUND, key=str)
    for at in itertools.product(range(1, max(SIZES.values()) + 1), repeat=len(bound)):
        try:
            if not walk.value(fact, dict(zip(bound, map(mpmath.mpf, at), strict=True))):
                return False
        except NoValueError:
            continue
    return True


def is_false(step: Step) -> bool:
    """Whether some point that the step admits shows that it does not hold.

    There its statement is false, or one side of it undefined, or its certificate is not the gap.
    """
    if isinstance(step, Limit):
        return _limit_is_false(step)
    return any(_false_at(step, walk) for walk in points(step))


def _false_at(step: Step, walk: Walk) -> bool:
    try:
        if isinstance(step, Identity):
            left, right = walk.value(step.lhs, {}), walk.value(step.rhs, {})
            return abs(left - right) > FALSE * (1 + abs(left) + abs(right))
        assert isinstance(step, Inequality)
        low, high = walk.value(step.smaller, {}), walk.value(step.larger, {})
        slack = FALSE * (1 + abs(low) + abs(high))
        return low - high > slack or (step.strict and low == high) or _another_gap(step, walk)
    except (UndefinedError, ZeroDivisionError):
        return True
    except NoValueError:
        return False


def _another_gap(step: Inequality, walk: Walk) -> bool:
    gap = step.larger - step.smaller
    stated: Any = sp.Derivative(gap, step.taylor) if step.taylor else gap
    left, right = walk.value(stated, {}), walk.value(step.certificate, {})
    return abs(left - right) > FALSE * (1 + abs(left) + abs(right))


def _limit_is_false(step: Limit) -> bool:
    far = mpmath.mpf(10) ** 15 * (1 if step.point == sp.oo else -1)
    for seed, corner in itertools.product(range(6), (False, True)):
        try:
            close = Walk(Point(seed=seed, corner=corner, fixed={step.variable: far})).value(step.expr, {})
            value = Walk(Point(seed=seed, corner=corner)).value(step.value, {})
        except (NoValueError, ZeroDivisionError):
            continue
        if abs(close - value) > FALSE * (1 + abs(value)):
            return True
    return False
