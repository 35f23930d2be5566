"""Verdicts on families of claims: right at the ends, closed ranges, and few false finds where nothing is true."""

import numpy as np
import pytest
from scipy.stats import binomtest, false_discovery_control

from numerics.reported.deciding import decide

RANGE = (0.0, 1.0)


def test_levels_are_those_of_the_sign_test_adjusted_for_the_family():
    numbers = [np.r_[np.full(n, 0.5), np.full(16 - n, 2.0)] for n in (16, 14, 8, 1)]
    found = decide(numbers, [RANGE] * 4)
    levels = [float(binomtest(n, 16).pvalue) for n in (16, 14, 8, 1)]
    np.testing.assert_allclose([one.level for one in found], levels)
    adjusted = np.asarray(false_discovery_control(levels, method="by"), float)
    np.testing.assert_allclose([one.adjusted for one in found], adjusted)
    assert [one.answer for one in found] == ["holds", "holds", "undecided", "departs"]
    assert [one.obeying for one in found] == [16, 14, 8, 1]


def test_the_range_is_closed_and_nan_is_no_trial():
    values = np.r_[np.zeros(6), np.ones(6), np.full(9, np.nan)]
    (found,) = decide([values], [RANGE])
    assert (found.obeying, found.judged, found.answer) == (12, 12, "holds")


def test_a_claim_that_was_asked_nowhere_is_undecided_and_no_part_of_the_family():
    full, empty = np.full(12, 0.5), np.full(3, np.nan)
    alone, beside = decide([full], [RANGE])[0], decide([full, empty], [RANGE] * 2)
    assert beside[0] == alone
    assert beside[1].answer == "undecided"
    assert np.isnan(beside[1].adjusted)
    assert decide([], []) == []


@pytest.mark.parametrize("claims", [1, 40])
def test_where_half_of_the_contexts_obey_there_are_few_finds(claims):
    """All hypotheses are true here, so that any find is false: the share of families with one is at most the level."""
    rng = np.random.default_rng(3)
    wrong = 0
    for _ in range(200):
        numbers = list(np.where(rng.random((claims, 16)) < 0.5, 0.5, 2.0))
        wrong += any(one.answer != "undecided" for one in decide(numbers, [RANGE] * claims))
    assert wrong / 200 <= 0.05
