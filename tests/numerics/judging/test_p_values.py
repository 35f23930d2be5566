"""The level from which a sampled curve is ruled out, against a scan over levels and as a p-value."""

import numpy as np
import pytest
from scipy.stats import binom

from numerics.bands.band import Band
from numerics.bands.intervals import clopper_pearson
from numerics.bands.shapes import bump, rising
from numerics.judging.p_values import SMALLEST, ruled_out_from

STRENGTHS = np.arange(5.0)
TRIALS = 40


def level_of(shape, successes):
    def bounds(levels):
        assert ((levels > 0) & (levels < 1)).all()
        return clopper_pearson(successes, TRIALS, levels / 5)

    return ruled_out_from(shape, STRENGTHS, bounds, successes.shape[1])


def departs(shape, successes, level):
    lower, upper = clopper_pearson(successes, TRIALS, level / 5)
    return shape(Band(strengths=STRENGTHS, lower=lower, upper=upper)).least > 0


@pytest.mark.parametrize("shape", [rising, bump])
def test_just_above_the_level_the_shape_is_ruled_out_and_just_below_it_is_not(shape):
    rng = np.random.default_rng(0)
    successes = rng.binomial(TRIALS, rng.uniform(0, 1, size=(5, 30)))
    levels = level_of(shape, successes)
    assert (levels < 0.05).any()
    assert (levels == 1).any()
    for curve, level in enumerate(levels):
        one = successes[:, [curve]]
        assert level == SMALLEST or not departs(shape, one, level * (1 - 1e-6))[0]
        assert level == 1 or departs(shape, one, min(level * (1 + 1e-6), 1.0))[0]


def test_two_points_give_the_level_at_which_their_intervals_part():
    successes = np.array([[0], [30], [5], [40], [40]])
    level = level_of(rising, successes)[0]
    # 30 of 40 and then 5 of 40: the intervals touch at some proportion; there both tails are level / 10
    p = np.linspace(0.2, 0.7, 200_001)
    tails = np.minimum(binom.sf(29, TRIALS, p), binom.cdf(5, TRIALS, p))
    assert level == pytest.approx(10 * tails.max(), rel=1e-3)


def test_as_a_p_value_it_is_seldom_small_when_the_shape_is_true():
    rng = np.random.default_rng(1)
    truth = np.array([0.1, 0.3, 0.5, 0.5, 0.9])
    levels = level_of(rising, rng.binomial(TRIALS, truth[:, None], size=(5, 1000)))
    for level in (0.05, 0.2):
        assert (levels <= level).mean() <= level
