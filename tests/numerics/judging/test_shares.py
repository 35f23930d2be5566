"""Clustered shares: coverage over contexts, exact ranks among directions, and families against closed testing."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import ttest_rel

from numerics.bands.intervals import proportion_band
from numerics.judging.shares import adjusted, directions_needed, excess_over, rank_levels, share_of, tally


def test_shares_are_counted_weighted_and_judged_context_by_context():
    obeys = np.array([[True, False, True], [False, False, False], [True, True, True]])
    mass = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.2, 0.2, 0.6]])
    judged = np.array([[True, True, False], [True, True, True], [False, False, False]])
    assert tally(obeys).shares == pytest.approx([2 / 3, 0, 1])
    assert tally(obeys, mass).shares == pytest.approx([0.7, 0, 1])
    assert tally(obeys, mass, judged).shares == pytest.approx([0.5 / 0.8, 0, np.nan], nan_ok=True)
    assert share_of(tally(obeys, mass, judged).shares).replicates == 2


def test_no_more_obeys_than_is_judged_in_whatever_order_the_weights_lie_in_memory():
    weights = np.random.default_rng(0).random((50, 300))
    for order in ("C", "F"):
        shares = tally(np.ones(weights.shape, bool), np.asarray(weights, order=order)).shares
        assert shares.max() <= 1
        assert shares == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("contexts", [4, 12])
def test_intervals_of_a_share_cover_though_tokens_of_a_context_agree(contexts):
    """Contexts differ in how many of their tokens obey; counting tokens misses, counting contexts does not."""
    rng, rounds, level = np.random.default_rng(contexts), 150, 0.1
    missed = naive = 0
    for _ in range(rounds):
        inclination = rng.beta(2, 1, size=contexts)
        obeys = rng.random((contexts, 200)) < inclination[:, None]
        found = share_of(tally(obeys).shares, level=level)
        missed += not found.lower <= 2 / 3 <= found.upper
        low, high = proportion_band(np.array([obeys.sum()]), obeys.size, level=level)
        naive += not low[0] <= 2 / 3 <= high[0]
    assert naive / rounds > 0.5
    assert missed / rounds <= level + 3 * np.sqrt(level * (1 - level) / rounds)  # three standard errors


def test_excess_is_over_the_null_of_the_same_contexts():
    rng = np.random.default_rng(0)
    null = rng.uniform(0.2, 0.8, size=(5, 40))
    shares = null.mean(axis=0) + 0.15
    found = excess_over(shares, null)
    assert found.share == pytest.approx(0.15)
    assert 0 < found.lower < 0.15 < found.upper
    assert excess_over(null[0], null[0]).share == 0
    # the contexts' own spread drops out of the difference
    wide = rng.uniform(0, 0.85, 400)
    paired, apart = (excess_over(wide + 0.15, other) for other in (wide, rng.permutation(wide)))
    assert paired.upper - paired.lower < 0.5 * (apart.upper - apart.lower)


def test_excess_interval_covers_no_excess():
    rng, rounds = np.random.default_rng(1), 200
    common = rng.uniform(0.3, 0.7, size=(rounds, 10))
    pairs = common + rng.uniform(-0.3, 0.3, size=(2, rounds, 10))
    found = [excess_over(a, b, level=0.1) for a, b in zip(*pairs, strict=True)]
    assert np.mean([not f.lower <= 0 <= f.upper for f in found]) <= 0.1


def shared(rows):
    """Scores that repeat, are missing, or differ by rounding alone."""
    value = st.one_of(st.sampled_from([0.0, 0.1 + 0.2, 0.3, 0.5, 1.0, np.nan]), st.floats(0, 1))
    return hnp.arrays(np.float64, st.tuples(st.just(rows), st.integers(1, 4)), elements=value)


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 9).flatmap(shared))
def test_ranks_give_false_alarms_as_often_as_they_say_and_no_oftener(scores):
    """Were all directions alike, each would be the first as often: so many at most have a level of k/n or less."""
    rows = len(scores)
    firsts = [rank_levels(np.roll(scores, shift, axis=0)) for shift in range(rows)]
    for claim in range(scores.shape[1]):
        levels = np.array([level[claim] for level, _ in firsts])
        seen = levels[~np.isnan(levels)]
        assert (np.isnan(levels) == np.isnan([np.roll(scores, shift, axis=0)[0, claim] for shift in range(rows)])).all()
        for k in range(1, len(seen) + 1):
            assert (seen <= k / len(seen) + 1e-12).sum() <= k
    smallest = np.array([np.nanmin(for_all) for _, for_all in firsts if not np.isnan(for_all).all()])
    for k in range(1, rows + 1):
        assert (smallest <= k / rows + 1e-12).sum() <= k
    for level, for_all in firsts:
        judged = ~np.isnan(level)
        assert (for_all[judged] >= level[judged]).all()
        assert (for_all[judged] >= 1 / rows).all()


def test_a_rank_counts_what_is_as_high_and_needs_as_many_directions_as_it_says():
    rng = np.random.default_rng(0)
    scores = rng.random((200, 3))
    levels, for_all = rank_levels(scores)
    assert levels == pytest.approx([np.mean(column >= column[0]) for column in scores.T])
    assert (for_all >= levels).all()
    ties = np.array([[0.1 + 0.2], [0.3], [0.3], [0.0]])
    assert rank_levels(ties)[0][0] == 0.75
    for level in (0.05, 0.01, 0.3):
        enough = directions_needed(level)
        assert rank_levels(np.eye(enough + 1)[:, :1])[0][0] <= level < rank_levels(np.eye(enough)[:, :1])[0][0]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 9), st.integers(1, 4), st.sampled_from([1.0, 1e-12]))
def test_levels_are_adjusted_by_each_directions_largest_standardised_score(seed, rows, claims, unit):
    """Westfall & Young's single step, one direction and one claim at a time, in whatever unit scores are."""
    generator = np.random.default_rng(seed)
    scores = np.where(generator.random((rows, claims)) < 0.2, np.nan, generator.random((rows, claims)))
    standardised = np.full(scores.shape, -np.inf)
    for column, into in zip(scores.T, standardised.T, strict=True):
        known = np.flatnonzero(~np.isnan(column))
        if known.size:
            spread = column[known].std()
            into[known] = (column[known] - column[known].mean()) / spread if known.size > 1 else 0.0
    levels, for_all = rank_levels(unit * scores)
    for claim in np.flatnonzero(~np.isnan(scores[0])):
        as_high = [max(direction) >= standardised[0, claim] - 1e-9 for direction in standardised[1:]]
        expected = (1 + sum(as_high)) / rows
        assert for_all[claim] == pytest.approx(max(expected, levels[claim]))


@pytest.mark.parametrize("others", [[np.nan, 0.5, np.nan], [0.3, 0.1 + 0.2, 0.3], [0.0, 0.0, 0.0]])
def test_a_direction_stands_out_nowhere_among_scores_that_are_alone_or_equal_to_rounding(others):
    """So that the first direction's 1.405 deviations in the other claim are the most there are."""
    levels, for_all = rank_levels(np.array([others, [0.9, 0.1, 0.2]]).T)
    assert levels[1] == for_all[1] == pytest.approx(1 / 3)


def test_one_outlier_of_many_claims_stays_the_smallest_level_there_is():
    """Adjusted by the largest standardised score, not by the number of claims: 20 directions do for 14 of them."""
    scores = np.random.default_rng(1).random((21, 14)) / 10
    scores[0] = 0.05
    scores[0, 5] = 1.0
    levels, for_all = rank_levels(scores)
    assert levels[5] == for_all[5] == pytest.approx(1 / 21)
    assert np.delete(for_all, 5).min() > 0.05


def test_more_contexts_never_make_one_draw_significant():
    """What a test that exchanges contexts' labels does: two directions of one kind differ on every context alike."""
    rng = np.random.default_rng(3)
    shares = np.clip(rng.normal(0.6, 0.1, (2, 1)) + rng.normal(0, 0.01, (2, 1000)), 0, 1)
    assert ttest_rel(shares[0], shares[1]).pvalue < 1e-6
    assert rank_levels(shares.mean(axis=1)[:, None])[0][0] >= 0.5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.004, 0.01, 0.02, 0.03, 0.2, 0.6, 1.0]), min_size=1, max_size=5))
def test_holm_is_closed_testing_with_bonferroni(levels):
    """A question is answered at a level when every family that holds it has a p-value of at most level/size."""
    n = len(levels)
    families = [c for r in range(1, n + 1) for c in itertools.combinations(range(n), r)]
    closed = [max(min(levels[j] for j in f) * len(f) for f in families if i in f) for i in range(n)]
    assert adjusted(levels) == pytest.approx(np.minimum(closed, 1.0))


@pytest.mark.parametrize("controlling", ["family", "discoveries"])
def test_a_family_of_no_questions_has_no_levels(controlling):
    assert adjusted([], controlling=controlling).shape == (0,)


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
        (lambda: rank_levels(np.zeros((1, 2))), "two directions or more, got"),
        (lambda: rank_levels(np.array([[0.0], [np.inf]])), "expected finite numbers"),
        (lambda: tally(np.ones((2, 2), bool), np.array([[1.0, 1.0], [-1e-9, 1.0]])), "0 or more"),
        (lambda: adjusted([0.1, 1.2]), "between 0 and 1, got"),
    ],
)
def test_what_cannot_be_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
