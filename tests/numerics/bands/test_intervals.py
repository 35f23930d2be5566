"""Simultaneous intervals: coverage computed exactly or simulated, and scipy's own intervals."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, ttest_1samp

from numerics.bands.betting import BETS
from numerics.bands.intervals import (
    bounded_mean_band,
    centred,
    clopper_pearson,
    clustered_proportion_band,
    mean_band,
    proportion_band,
)

LEVEL, ROUNDS = 0.2, 1000


def missed(truth, lower, upper):
    """Share of the curves (columns) whose band misses the truth at some strength."""
    truth = np.reshape(truth, (-1, 1))
    return ((truth < lower) | (truth > upper)).any(axis=0).mean()


def test_proportion_band_is_clopper_pearson_at_the_shared_level():
    successes = np.array([0, 1, 2, 10, 18, 19, 20])
    lower, upper = proportion_band(successes, 20, level=0.07)
    for k, low, high in zip(successes, lower, upper, strict=True):
        interval = binomtest(int(k), 20).proportion_ci(confidence_level=1 - 0.07 / 7, method="exact")
        assert (low, high) == pytest.approx((interval.low, interval.high), abs=1e-12)
        assert clopper_pearson(k, 20, 0.01) == pytest.approx((interval.low, interval.high), abs=1e-12)
    assert proportion_band(np.array([1]), 1)[0] == pytest.approx(0.025)  # one draw is enough


def test_a_missing_label_is_counted_against_both_bounds():
    successes, missing = np.array([3, 5]), np.array([2, 0])
    lower, upper = proportion_band(successes, 10, unlabelled=missing)
    assert np.array_equal(lower, proportion_band(successes, 10)[0])
    assert np.array_equal(upper, proportion_band(successes + missing, 10)[1])
    answers = np.array([[0.0, 1.0], [1.0, np.nan], [np.nan, 1.0], [1.0, 1.0]])
    lower, upper = bounded_mean_band(answers)
    assert np.array_equal(lower, bounded_mean_band(np.nan_to_num(answers, nan=0.0))[0])
    assert np.array_equal(upper, bounded_mean_band(np.nan_to_num(answers, nan=1.0))[1])


def test_proportion_and_mean_bands_miss_the_truth_no_more_often_than_stated():
    rng = np.random.default_rng(1)
    truth = np.array([0.01, 0.3, 0.5, 0.9])
    assert missed(truth, *proportion_band(rng.binomial(30, truth[:, None], (4, ROUNDS)), 30, level=LEVEL)) <= LEVEL
    means = np.array([0.0, 1.0, -2.0])
    for replicates in (2, 4):
        samples = rng.normal(means[:, None], 1.0, size=(replicates, 3, ROUNDS))
        rate = missed(means, *mean_band(samples, level=LEVEL))
        # Bonferroni over three independent strengths: 1 - (1 - level/3)^3 = 0.187; four standard errors of 1000 rounds
        assert rate == pytest.approx(0.187, abs=4 * np.sqrt(0.187 * 0.813 / ROUNDS))


def test_mean_band_is_scipys_t_interval_and_is_centred_on_the_weighted_mean():
    samples = np.array([[0.0, 1.0], [1.0, 3.0], [4.0, 2.0]])
    low, high = mean_band(samples, level=0.1)
    for column, bounds in enumerate(zip(low, high, strict=True)):
        interval = ttest_1samp(samples[:, column], 0.0).confidence_interval(1 - 0.1 / 2)
        assert bounds == pytest.approx((interval.low, interval.high), rel=1e-12)
    low, high = mean_band(samples, weights=np.array([2.0, 1.0, 1.0]))
    assert ((low + high) / 2).tolist() == pytest.approx([1.25, 1.75])
    assert np.allclose(mean_band(samples, weights=np.ones(3)), mean_band(samples))


def test_centring_takes_out_what_contexts_differ_by_and_still_covers():
    rng = np.random.default_rng(6)
    truth = np.array([0.0, 1.0, 3.0, 2.0])
    samples = truth[:, None] + rng.normal(0, 10, size=(6, 1, ROUNDS)) + rng.normal(0, 0.3, size=(6, 4, ROUNDS))
    lower, upper = mean_band(centred(samples), level=LEVEL)
    assert missed(truth - truth.mean(), lower, upper) <= LEVEL
    plain_lower, plain_upper = mean_band(samples, level=LEVEL)
    assert np.median(upper - lower) < 0.05 * np.median(plain_upper - plain_lower)


@pytest.mark.parametrize("replicates", [1, 2, 5, 12, 40])
@pytest.mark.parametrize("p", [0.003, 0.1, 0.5, 0.93])
def test_bounded_band_covers_yes_or_no_replicates_exactly_as_often_as_stated(replicates, p):
    counts = np.arange(replicates + 1)
    answers = (np.arange(replicates)[:, None] < counts).astype(float)
    lower, upper = bounded_mean_band(answers[:, None, :], level=LEVEL)
    covered = (lower[0] <= p) & (p <= upper[0])
    assert binom.pmf(counts, replicates, p)[covered].sum() >= 1 - LEVEL


@pytest.mark.parametrize("replicates", [3, 12, 60])
def test_bounded_band_covers_skewed_and_unlike_replicates(replicates):
    rng = np.random.default_rng(replicates)
    sharp = rng.uniform(0.05, 3, size=(replicates, 3))
    shapes = sharp * np.array([0.02, 0.5, 0.9]), sharp * np.array([0.98, 0.5, 0.1])
    samples = rng.beta(*(shape[..., None] for shape in shapes), size=(replicates, 3, 400))
    assert missed([0.02, 0.5, 0.9], *bounded_mean_band(samples, level=LEVEL)) <= LEVEL


def test_bounded_band_holds_however_long_sampling_goes_on():
    rng, rounds = np.random.default_rng(5), 300
    samples = rng.beta(0.5, 0.5, size=(40, 1, rounds))
    ever = np.zeros(rounds, bool)
    for n in range(1, 41):
        lower, upper = bounded_mean_band(samples[:n], level=LEVEL)
        ever |= ((lower > 0.5) | (upper < 0.5))[0]
    assert 0 < ever.mean() <= LEVEL


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.8, 1.0]), min_size=1, max_size=9), st.integers(1, 40))
def test_bounded_band_ends_where_the_capital_reaches_its_mark(values, strengths):
    samples = np.array(values)[:, None] * np.ones(strengths)
    lower, upper = bounded_mean_band(samples)

    def capital(x, m):
        return np.mean([np.prod([1 + g * (v / m - 1) for v in x]) for g in BETS])

    mark = 2 * strengths / 0.05
    for bound, x in ((lower[0], values), (1 - upper[0], [1 - v for v in values])):
        assert bound == 0 or capital(x, bound * (1 - 1e-9)) >= mark
        assert capital(x, bound + 1e-9) <= mark


@pytest.mark.parametrize(("replicates", "narrower"), [(8, 0.7), (50, 0.4), (500, 0.2)])
def test_bounded_band_adapts_to_a_small_variance_where_hoeffdings_cannot(replicates, narrower):
    samples = np.random.default_rng(0).beta(80, 80, size=(replicates, 1))
    lower, upper = bounded_mean_band(samples)
    hoeffding = 2 * np.sqrt(np.log(2 / 0.05) / (2 * replicates))
    assert upper - lower < narrower * hoeffding


def test_weights_move_the_bounded_band_and_equal_ones_do_not():
    samples = np.linspace(0, 1, 12).reshape(12, 1)
    assert np.allclose(bounded_mean_band(samples, weights=np.full(12, 7.0)), bounded_mean_band(samples))
    lower, upper = bounded_mean_band(samples, weights=np.arange(1.0, 13.0))
    plain_lower, plain_upper = bounded_mean_band(samples)
    assert lower > plain_lower
    assert upper > plain_upper


def test_weighted_bounded_band_covers():
    rng, weights = np.random.default_rng(3), np.array([4.0, 1.0, 1.0, 2.0, 3.0, 1.0])
    means = np.array([0.1, 0.9, 0.4, 0.3, 0.2, 0.8])
    answers = (rng.random((6, 1, 2000)) < means[:, None, None]).astype(float)
    truth = (weights * means).sum() / weights.sum()
    assert missed([truth], *bounded_mean_band(answers, level=LEVEL, weights=weights)) <= LEVEL


def test_completions_of_one_prompt_do_not_count_as_replicates():
    """Contexts that always or never comply: pooling their completions misses the truth, clustering does not."""
    rng, contexts, completions = np.random.default_rng(2), 8, 25
    complies = rng.random((contexts, 1, ROUNDS)) < 0.5
    successes = complies * completions
    pooled = proportion_band(successes.sum(axis=0), contexts * completions, level=LEVEL)
    assert missed([0.5], *pooled) > 0.5
    assert missed([0.5], *clustered_proportion_band(successes, completions, level=LEVEL)) <= LEVEL


def test_clustered_proportions_are_those_of_the_contexts():
    successes, trials = np.array([[1, 4], [0, 2], [3, 3]]), np.array([[4, 4], [5, 5], [3, 3]])
    band = clustered_proportion_band(successes, trials)
    assert np.array_equal(band, bounded_mean_band(successes / trials))
    wider = clustered_proportion_band(successes, trials, unlabelled=trials - successes)
    assert np.array_equal(wider[0], band[0])
    assert (wider[1] == 1).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: proportion_band(np.array([3, 1]), 2), "between 0 and the number of trials"),
        (lambda: proportion_band(np.array([-1, 1]), 2), "between 0 and the number of trials"),
        (lambda: proportion_band(np.array([1, 1]), np.array([0, 2])), "trials be at least 1"),
        (lambda: proportion_band(np.array([3, 1]), 4, unlabelled=np.array([2, 0])), "unlabelled draws included"),
        (lambda: proportion_band(np.array([3, 1]), 4, unlabelled=np.array([-1, 0])), "unlabelled draws included"),
        (lambda: proportion_band(np.array([0]), 2, level=1), "between 0 and 1, such as"),
        (lambda: clustered_proportion_band(np.array([[0]]), 0), "at least 1"),
        (lambda: proportion_band(np.array([0]), 2, level=5), "between 0 and 1, such as"),
        (lambda: mean_band(np.zeros((1, 3))), "at least 2 replicates"),
        (lambda: mean_band(np.zeros((2, 3)), weights=np.array([1.0, 0.0])), "2 positive numbers"),
        (lambda: bounded_mean_band(np.array([[0.5], [1.5]])), "between 0 and 1, got 0.5 to 1.5"),
        (lambda: bounded_mean_band(np.array([[-0.5], [0.5]])), "between 0 and 1, got -0.5 to 0.5"),
    ],
)
def test_what_cannot_be_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_every_order_of_the_replicates_gives_the_same_band():
    samples = np.array([0.1, 0.9, 0.3, 0.3])
    bands = [bounded_mean_band(np.array(order)[:, None]) for order in itertools.permutations(samples)]
    assert np.ptp(bands, axis=0).max() < 1e-12
