"""Clustered shares: coverage over contexts, exact tests of excess, and families against closed testing."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test, ttest_1samp

from numerics.bands.intervals import proportion_band
from numerics.judging.shares import ENUMERATED, adjusted, excess_over, exchange_level, share_of, tally


def test_shares_are_counted_weighted_and_judged_context_by_context():
    obeys = np.array([[True, False, True], [False, False, False], [True, True, True]])
    mass = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.2, 0.2, 0.6]])
    judged = np.array([[True, True, False], [True, True, True], [False, False, False]])
    assert tally(obeys).shares == pytest.approx([2 / 3, 0, 1])
    assert tally(obeys, mass).shares == pytest.approx([0.7, 0, 1])
    assert tally(obeys, mass, judged).shares == pytest.approx([0.5 / 0.8, 0, np.nan], nan_ok=True)
    assert share_of(tally(obeys, mass, judged).shares).replicates == 2


@pytest.mark.parametrize(("assuming", "contexts"), [("bounded", 4), ("bounded", 12), ("gaussian", 12)])
def test_intervals_of_a_share_cover_though_tokens_of_a_context_agree(assuming, contexts):
    """Contexts differ in how many of their tokens obey; counting tokens misses, counting contexts does not."""
    rng, rounds, level = np.random.default_rng(contexts), 150, 0.1
    missed = naive = 0
    for _ in range(rounds):
        inclination = rng.beta(2, 1, size=contexts)
        obeys = rng.random((contexts, 200)) < inclination[:, None]
        found = share_of(tally(obeys).shares, level=level, assuming=assuming)
        missed += not found.lower <= 2 / 3 <= found.upper
        low, high = proportion_band(np.array([obeys.sum()]), obeys.size, level=level)
        naive += not low[0] <= 2 / 3 <= high[0]
    assert naive / rounds > 0.5
    # three standard errors; the t interval holds only nearly, for shares are not Gaussian
    assert missed / rounds <= level + 3 * np.sqrt(level * (1 - level) / rounds)


def test_gaussian_interval_is_the_t_interval():
    shares = np.array([0.3, 0.5, 0.4, np.nan, 0.7])
    found = share_of(shares, assuming="gaussian")
    interval = ttest_1samp(shares[[0, 1, 2, 4]], 0).confidence_interval(0.95)
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high))


def test_excess_is_over_the_null_of_the_same_contexts():
    rng = np.random.default_rng(0)
    null = rng.uniform(0.2, 0.8, size=(5, 40))
    shares = null.mean(axis=0) + 0.15
    found = excess_over(shares, null)
    assert found.share == pytest.approx(0.15)
    assert 0 < found.lower < 0.15 < found.upper
    assert excess_over(null[0], null[0]).share == 0
    # the contexts' own spread drops out of the difference
    paired = excess_over(shares + rng.normal(0, 0.01, 40), null, assuming="gaussian")
    alone = share_of(shares, assuming="gaussian")
    assert paired.upper - paired.lower < 0.3 * (alone.upper - alone.lower)


def test_excess_interval_covers_no_excess():
    rng, rounds = np.random.default_rng(1), 200
    common = rng.uniform(0.3, 0.7, size=(rounds, 10))
    pairs = common + rng.uniform(-0.3, 0.3, size=(2, rounds, 10))
    found = [excess_over(a, b, level=0.1) for a, b in zip(*pairs, strict=True)]
    assert np.mean([not f.lower <= 0 <= f.upper for f in found]) <= 0.1
    levels = np.array([exchange_level(a, b) for a, b in zip(*pairs, strict=True)])
    for level in (0.05, 0.2):
        assert (levels <= level).mean() <= level + 3 * np.sqrt(level * (1 - level) / rounds)


@pytest.mark.parametrize("contexts", [3, 8])
def test_exchange_level_is_scipys_exact_paired_test(contexts):
    rng = np.random.default_rng(contexts)
    a, b = rng.random((2, contexts))
    exact = permutation_test(
        (a, b), lambda x, y: (x - y).mean(), permutation_type="samples", alternative="greater", n_resamples=10_000
    )
    assert exchange_level(a, b) == pytest.approx(exact.pvalue)
    assert exchange_level(a + 1, b) == 2.0**-contexts


def test_many_contexts_are_exchanged_at_random_and_never_give_zero():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 30))
    assert exchange_level(a + 2, b) == pytest.approx(2.0**-ENUMERATED)
    scatter = 4 / np.sqrt(2**ENUMERATED)
    assert exchange_level(a, b) == pytest.approx(1 - exchange_level(b, a), abs=scatter)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.004, 0.01, 0.02, 0.03, 0.2, 0.6, 1.0]), min_size=1, max_size=5))
def test_holm_is_closed_testing_with_bonferroni(levels):
    """A question is answered at a level when every family that holds it has a p-value of at most level/size."""
    n = len(levels)
    families = [c for r in range(1, n + 1) for c in itertools.combinations(range(n), r)]
    closed = [max(min(levels[j] for j in f) * len(f) for f in families if i in f) for i in range(n)]
    assert adjusted(levels) == pytest.approx(np.minimum(closed, 1.0))


def test_families_control_their_errors():
    """Eight of ten questions have nothing to them and share their noise."""
    rng, rounds, level = np.random.default_rng(2), 1000, 0.2
    noise = rng.random((rounds, 1)) * np.ones(8)
    noise[::2] = rng.random((rounds // 2, 8))
    levels = np.concatenate([noise, rng.random((rounds, 2)) * 1e-3], axis=1)
    holm = np.array([adjusted(row) <= level for row in levels])
    by = np.array([adjusted(row, controlling="discoveries") <= level for row in levels])
    assert holm[:, :8].any(axis=1).mean() <= level
    assert (by[:, :8].sum(axis=1) / np.maximum(by.sum(axis=1), 1)).mean() <= level
    assert holm[:, 8:].all()
    assert by[:, 8:].all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: share_of(np.full(3, np.nan)), "at least one was judged"),
        (lambda: share_of(np.zeros(3), level=2.0), "between 0 and 1, such as"),
        (lambda: share_of(np.zeros(3), assuming="normal"), "'bounded' or 'gaussian', got 'normal'"),  # pyright: ignore
        (lambda: tally(np.ones((2, 2), bool), -np.ones((2, 2))), "0 or more"),
        (lambda: adjusted([0.1, 1.2]), "between 0 and 1, got"),
    ],
)
def test_what_cannot_be_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
