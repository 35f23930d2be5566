"""Turning points of concepts against ball arithmetic, and the bound against counting signs by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics import most_turning_points, turning_points
from numerics.closed_forms.certified import certified_turning_points
from tilted_oracle import normalised

pytestmark = pytest.mark.slow


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.2, 20))
def test_every_certified_turn_is_found(seed: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    law, odds = normalised(2 * rng.normal(size=8)), spread * rng.standard_t(3, size=8)
    concept = rng.permutation([True] * 4 + [False] * 4)
    found = turning_points(law, odds, concept)
    exact = certified_turning_points(law, odds, concept)
    assert found.size == len(exact)
    for strength, (lower, upper) in zip(found, sorted(exact), strict=True):
        assert strength == pytest.approx((lower + upper) / 2, rel=1e-9, abs=1e-11 / np.ptp(odds))
    most = most_turning_points(law, odds, concept)
    assert found.size <= most
    assert (most - found.size) % 2 == 0


def test_the_bound_counts_runs_along_the_log_odds() -> None:
    law = np.log([0.1, 0.2, 0.3, 0.4])
    for concept, most in (([0, 1, 1, 0], 1), ([1, 0, 1, 0], 2), ([0, 0, 1, 1], 0), ([1, 1, 1, 1], 0)):
        assert most_turning_points(law, [0.0, 1.0, 2.0, 3.0], np.array(concept, bool)) == most
    # level by level the shares are 1/3, 1, 0: of tied tokens only their joint share counts
    assert most_turning_points(law, [0.0, 0.0, 1.0, 2.0], np.array([True, False, True, False])) == 1
    # a token that never occurs changes nothing
    law = np.append(normalised(law[:3]), -np.inf)
    assert most_turning_points(law, [0.0, 1.0, 2.0, 3.0], np.array([False, True, True, False])) == 0


def test_sides_that_share_both_extremes() -> None:
    """Far out both means are the same extreme, and rounding must not look like turns."""
    law = np.log([0.1, 0.2, 0.15, 0.05, 0.3, 0.2])
    odds, concept = np.array([0.0, 0.0, 1.0, 2.0, 3.0, 3.0]), np.array([True, False, True, False, True, False])
    found = turning_points(law, odds, concept)
    assert found.size <= most_turning_points(law, odds, concept)
    strengths = np.linspace(-30, 30, 60_001)
    weights = np.exp(law + strengths[:, None] * odds)
    share = weights[:, concept].sum(axis=1) / weights.sum(axis=1)
    assert found.size == np.count_nonzero(np.diff(np.sign(np.diff(share[np.abs(strengths) < 8]))))


def test_a_large_vocabulary() -> None:
    rng = np.random.default_rng(1)
    law, odds = normalised(2.5 * rng.normal(size=2**15)), rng.standard_t(6, size=2**15)
    concept = (odds > 0.5) & (odds < 1.5)
    (turn,) = turning_points(law, odds, concept)
    weights = np.exp(law + turn * odds)
    inside, outside = ((weights * odds)[side].sum() / weights[side].sum() for side in (concept, ~concept))
    assert inside == pytest.approx(outside, abs=1e-12)
    assert most_turning_points(law, odds, concept) == 1
    assert turning_points(law, odds, odds > 1).size == 0
