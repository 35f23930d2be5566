"""Ball arithmetic: enclosures against fifty digits, turning points against known examples and the exact count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics import certify_peak, cross_entropy_change, cross_entropy_shape, peak_strengths
from numerics.closed_forms.certified import certified_turning_points, certify_cross_entropy
from tilted_oracle import cumulants, hard_laws, normalised, spread, tilted_laws

LAWS = hard_laws(60)


@pytest.mark.parametrize("name", [name for name in LAWS if name != "two tokens"])
def test_the_peak_is_enclosed_tightly(name: str) -> None:
    law, odds = LAWS[name]
    peaks = np.asarray(peak_strengths(law, odds))
    for token in np.flatnonzero(np.isfinite(peaks))[:: law.size // 4]:
        lower, upper = certify_peak(law, odds, int(token))
        assert cumulants(law, odds, lower)[1] < odds[token] < cumulants(law, odds, upper)[1]
        assert upper - lower <= 1e-12 * max(abs(upper), 1 / spread(odds))
        assert lower <= peaks[token] <= upper


@settings(max_examples=30, deadline=None)
@given(tilted_laws())
def test_any_law(law_and_odds: tuple[np.ndarray, np.ndarray]) -> None:
    law, odds = law_and_odds
    for token, peak in enumerate(np.asarray(peak_strengths(law, odds))[:4]):
        if np.isfinite(peak):
            lower, upper = certify_peak(law, odds, token)
            assert cumulants(law, odds, lower)[1] < odds[token] < cumulants(law, odds, upper)[1]
        else:
            with pytest.raises(ValueError, match=r"^token: \d+ has (extremal log-odds|probability 0)"):
                certify_peak(law, odds, token)


def test_a_token_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"^token: expected an id from 0 to 1, got 2"):
        certify_peak(np.log([0.5, 0.5]), [0.0, 1.0], 2)


def test_known_counts() -> None:
    uniform, levels = np.log(np.full(4, 0.25)), [0.0, 1.0, 2.0, 3.0]
    # decreasing although membership alternates three times along the log-odds
    assert certified_turning_points(uniform, levels, np.array([True, False, True, False])) == ()
    ((lower, upper),) = certified_turning_points(uniform, levels, np.array([False, True, True, False]))
    assert lower <= 0 <= upper
    assert certified_turning_points(uniform, levels, np.ones(4, bool)) == ()


def test_a_concept_that_turns_twice() -> None:
    """Section 4, item 3 of the laws: three concepts of two tokens, a negative context in each of the last two."""
    a = np.array([2477 / 5760, 1553 / 2880, 311 / 480, 61 / 192, 4919 / 21120, 1933 / 2640])
    b = np.array([1 / 128, 11 / 960, 7 / 480, 1 / 960, 1 / 384, 1 / 80])
    law = np.log(np.concatenate([b[:4], a[4:]]))
    odds = np.log(a / b) * np.array([1, 1, -0.5, -0.5, -0.5, -0.5])
    turns = certified_turning_points(law, odds, np.array([False, False, True, True, False, False]))
    assert len(turns) == 2


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_counts_obey_the_exact_bound_and_parity(seed: int) -> None:
    """At most S - 1 turns, and as many modulo 2, for a membership that changes S times along the log-odds."""
    rng = np.random.default_rng(seed)
    law, odds, concept = normalised(rng.normal(size=6)), rng.normal(size=6), rng.permutation([True] * 3 + [False] * 3)
    changes = int(np.abs(np.diff(concept[np.argsort(odds)].astype(int))).sum())
    try:
        turns = certified_turning_points(law, odds, concept)
    except ValueError as error:
        assert "cannot tell how often it turns" in str(error)  # noqa: PT017
        return
    assert len(turns) <= changes - 1
    assert (len(turns) - (changes - 1)) % 2 == 0
    for lower, upper in turns:
        signs = [np.sign(_slope_of_concept(law, odds, concept, x)) for x in (lower - 1e-9, upper + 1e-9)]
        assert signs[0] == -signs[1]


def _slope_of_concept(law: np.ndarray, odds: np.ndarray, concept: np.ndarray, strength: float) -> float:
    inside, outside = (cumulants(law[side], odds[side], strength)[1] for side in (concept, ~concept))
    return float(inside - outside)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-9, 1.5), st.sampled_from(["own", "ids", "laws"]))
def test_cross_entropy_is_enclosed_and_so_are_its_bounds(seed: int, decades: float, kind: str) -> None:
    rng = np.random.default_rng(seed)
    laws, odds, weights = normalised(2 * rng.normal(size=(3, 9))), rng.standard_t(3, size=9), rng.random(3)
    data = {"own": None, "ids": rng.integers(9, size=3), "laws": normalised(rng.normal(size=(3, 9)))}[kind]
    strength = float(rng.choice([-1, 1]) * 10**decades / spread(odds))
    lower, upper = certify_cross_entropy(laws, odds, strength, weights, data).change
    least, most = certify_cross_entropy(laws, odds, strength, weights, data).bounds
    found = float(cross_entropy_change(laws, odds, [strength], weights, data)[0])
    slack = 1e-12 * (abs(found) + (abs(strength) * spread(odds) if data is not None else 0))
    assert lower - slack <= found <= upper + slack
    assert upper - lower <= 1e-12 * max(abs(upper), 1e-280)
    assert least <= upper
    assert lower <= most
    for bound, exact in zip(
        cross_entropy_shape(laws, odds, weights, data).bounds([strength]), (least, most), strict=True
    ):
        assert float(bound[0]) == pytest.approx(exact, rel=1e-11, abs=1e-14 * abs(strength) * spread(odds))


def test_ten_thousand_tokens() -> None:
    rng = np.random.default_rng(1)
    laws, odds = normalised(2.5 * rng.normal(size=(1, 10_000))), rng.standard_t(6, size=10_000)
    lower, upper = certify_cross_entropy(laws, odds, 0.7).change
    assert lower <= float(cross_entropy_change(laws, odds, [0.7])[0]) * (1 + 1e-13)
    assert upper >= float(cross_entropy_change(laws, odds, [0.7])[0]) * (1 - 1e-13)
    peak = float(peak_strengths(laws[0], odds)[3])
    below, above = certify_peak(laws[0], odds, 3)
    assert below <= peak <= above
    assert len(certified_turning_points(laws[0], odds, (odds > 0.5) & (odds < 1.5))) == 1
