"""Intervals over few contexts hold the truth as often as they say, where t intervals and pooling do not."""

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.coverage import CONTEXTS, EXCESSES, SHARES, covered, covered_by_pooling, covered_by_t, drawn
from numerics.bands.intervals import bounded_mean_band
from numerics.judging.shares import excess_over, share_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("contexts", CONTEXTS)
@pytest.mark.parametrize("name", [*SHARES, *EXCESSES])
def test_intervals_of_shares_and_excesses_cover(name, contexts):
    rounds = 2000
    # proved to be at least 95%; three standard errors of 2,000 rounds are 1.5%
    assert covered(name, contexts, rounds) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / rounds)


@pytest.mark.parametrize("name", [*SHARES, *EXCESSES])
def test_it_is_the_intervals_of_the_report_that_cover(name):
    rows, differences, _ = drawn(name, 8, 40)
    lower, upper = bounded_mean_band(((rows + 1) / 2 if differences else rows).T[:, None, :])
    found = [excess_over(row, np.zeros(8)) if differences else share_of(row) for row in rows]
    scale, offset = (2, -1) if differences else (1, 0)
    assert [one.lower for one in found] == pytest.approx(scale * lower[0] + offset)
    assert [one.upper for one in found] == pytest.approx(scale * upper[0] + offset)


def test_t_intervals_and_pooled_tokens_do_not():
    """By t all contexts that agree have no width: rare shares are missed whenever no context has one."""
    for contexts in (2, 8):
        missed = binom.pmf(0, contexts, 0.05)
        assert covered_by_t("rare", contexts) == pytest.approx(1 - missed, abs=0.04)
    assert covered_by_t("skewed against mirrored", 4) < 0.9
    assert covered_by_pooling(16) < 0.5
