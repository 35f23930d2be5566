"""Survival against SciPy's product limit, a published example, and counting."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from numerics.judging.horizons.passages import Horizon
from numerics.judging.horizons.skill import skill
from numerics.judging.horizons.survival import product_limit, survival_in_nats, survival_in_push

REMISSION = [6, 6, 6, 7, 10, 13, 16, 22, 23]
STILL_IN_REMISSION = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
PUBLISHED = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
"""Weeks of remission of 21 patients given 6-mercaptopurine, and the estimate (Freireich 1963; Gehan 1965)."""


def test_product_limit_of_the_published_example():
    times = np.array([*REMISSION, *STILL_IN_REMISSION], float)
    died = np.arange(len(times)) < len(REMISSION)
    found = product_limit(times, died, np.array(list(PUBLISHED), float))
    np.testing.assert_allclose(found, list(PUBLISHED.values()), atol=5e-4)


@settings(max_examples=80, deadline=None)
@given(
    cases=st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.integers(1, 4)), min_size=1, max_size=25),
)
def test_product_limit_is_scipys_with_curves_counted_as_often_as_they_weigh(cases):
    times, died, counts = (np.array(part) for part in zip(*cases, strict=True))
    at = np.arange(0.0, 11.0)
    found = product_limit(times.astype(float), died, at, counts.astype(float))
    again, dead = np.repeat(times.astype(float), counts), np.repeat(died, counts)
    theirs = ecdf(CensoredData(uncensored=again[dead], right=again[~dead])).sf
    known = at <= again[dead].max(initial=-1) if dead.any() else np.zeros(len(at), bool)
    np.testing.assert_allclose(found[known], theirs.evaluate(at[known]), atol=1e-12)
    assert dead.any() or (found == 1).all()


@st.composite
def horizons(draw: st.DrawFn) -> Horizon:
    contexts, curves = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    size = contexts * curves
    end = np.repeat(draw(st.lists(st.integers(3, 8), min_size=contexts, max_size=contexts)), curves)
    lower = np.minimum(draw(st.lists(st.integers(0, 8), min_size=size, max_size=size)), end)
    more = np.array(draw(st.lists(st.integers(1, 4), min_size=size, max_size=size)))
    upper = np.where(lower + more > end, np.inf, lower + more)
    return Horizon(
        *(),
        **{
            name: np.asarray(part, float).reshape(contexts, curves)
            for name, part in (("lower", lower), ("upper", upper), ("end", end))
        },
    )


@settings(max_examples=60, deadline=None)
@given(found=horizons())
def test_shares_that_obey_are_counted_and_bounded(found):
    at = np.arange(0.0, 9.0)
    nats = survival_in_nats(found, at)
    certain = [
        np.mean(
            [np.mean((low >= r) & (up > r)) for low, up in zip(found.lower.ravel(), found.upper.ravel(), strict=True)]
        )
        for r in at
    ]
    possible = [(found.upper > r).mean() for r in at]
    np.testing.assert_allclose(nats.least, certain, atol=1e-12)
    np.testing.assert_allclose(nats.most, possible, atol=1e-12)
    for curve in (nats, survival_in_push(found, at)):
        assert (curve.least <= curve.most + 1e-12).all()
        assert (np.diff(curve.least) <= 1e-12).all()
        assert (curve.lower <= curve.least + 1e-9).all()
        assert (curve.upper >= curve.most - 1e-9).all()


@settings(max_examples=60, deadline=None)
@given(found=horizons())
def test_without_censoring_survival_in_push_is_the_share_that_still_obeys(found):
    """Within the smallest window nothing is censored."""
    at = np.arange(0.0, found.end.min() + 1)
    curve = survival_in_push(found, at[at < found.end.min()])
    for row, r in enumerate(curve.at):
        assert curve.least[row] == pytest.approx((found.lower >= r).mean())
        assert curve.most[row] == pytest.approx((found.upper > r).mean())


def test_weights_are_of_curves_and_medians_of_their_share():
    found = Horizon(lower=np.array([[1.0, 5.0]]), upper=np.array([[2.0, np.inf]]), end=np.array([[5.0, 5.0]]))
    at = np.arange(6.0)
    heavy = survival_in_push(found, at, np.array([[0.9, 0.1]]))
    np.testing.assert_allclose(heavy.least, [1, 1, 0.1, 0.1, 0.1, 0.1])
    np.testing.assert_allclose(heavy.most, [1, 1, 0.1, 0.1, 0.1, 0.1])
    assert heavy.median() == (2.0, 2.0)
    assert survival_in_push(found, at).median() == (np.inf, np.inf)


def test_bounds_over_contexts_hold_for_contexts_like_those_seen():
    """Of 400 draws of 16 contexts, whose curves live and die together, few bounds miss the true share anywhere."""
    generator, at, missed = np.random.default_rng(3), np.array([1.0, 2.0, 3.0]), 0
    truth = np.exp(-at / 2)
    for _ in range(400):
        lower = np.repeat(generator.exponential(2.0, (16, 1)), 4, axis=1)
        found = Horizon(lower=lower, upper=np.nextafter(lower, np.inf), end=np.full(lower.shape, np.inf))
        curve = survival_in_nats(found, at)
        missed += bool((curve.lower > truth).any() or (curve.upper < truth).any())
    assert missed <= 0.05 * 400


def test_skill_is_one_for_the_truth_and_zero_for_no_steering():
    x, curve = np.arange(-3.0, 4.0), np.arange(-3.0, 4.0)[:, None] ** 3
    zero = np.zeros(1)
    sizes, perfect = skill(x, curve, curve, zero)
    assert sizes.tolist() == [0, 1, 2, 3]
    assert np.isnan(perfect[0])
    assert perfect[1:].tolist() == [1, 1, 1]
    assert skill(x, curve, np.zeros_like(curve), zero)[1][1:].tolist() == [0, 0, 0]
    # |1 - 0|, |8 - 1|, on the right: a line through 0 and 1 misses 0, then 6 of 9
    straight = skill(x, curve, x[:, None], zero, "right")[1]
    assert straight[1:].tolist() == pytest.approx([1, 1 - 6 / 9, 1 - 30 / 36])
