"""The streaming kernels against fifty digits."""

import inspect

import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numerics.exponential_sums.tilted
from numerics.exponential_sums.tilted import (
    tilted_concept_divergence,
    tilted_divergences,
    tilted_envelope,
    tilted_log_mass,
    tilted_moments,
)
from tilted_oracle import EPS, cumulants, hard_laws, normalised, rounding, spread, tilted_laws

LAWS = hard_laws()


def strengths_for(log_odds: np.ndarray) -> np.ndarray:
    """From barely a tilt to the very end, in units of the spread; and a million."""
    steps = np.array([0, 1e-9, 1e-3, 0.3, 2, 15, 400]) / spread(log_odds)
    return np.concatenate([-steps[1:], steps, [1e6, -1e6]])


@pytest.mark.parametrize("name", LAWS)
def test_cumulants_are_exact_to_rounding(name: str) -> None:
    law, odds = LAWS[name]
    strengths = strengths_for(odds)
    found = np.asarray(tilted_moments(jnp.asarray(law), jnp.asarray(odds), jnp.asarray(strengths)))
    for i, strength in enumerate(strengths):
        for n, exact in enumerate(cumulants(law, odds, strength)):
            # a relative error of the weights moves the n-th cumulant by that times the n-th power of the spread
            floor = 4 * EPS * float(np.abs(odds).max()) if n == 1 else 0
            assert abs(found[n, i] - float(exact)) <= rounding(odds, strength) * spread(odds) ** n + floor


def test_higher_cumulants() -> None:
    law, odds = LAWS["gaussian"]
    found = tilted_moments(jnp.asarray(law), jnp.asarray(odds), jnp.array([0.0, 0.7]), order=5)
    for i, strength in enumerate((0.0, 0.7)):
        exact = [float(k) for k in cumulants(law, odds, strength, order=5)]
        np.testing.assert_allclose(found[:, i], exact, rtol=1e-12, atol=1e-13)


def test_variance_keeps_its_digits_where_it_is_tiny() -> None:
    law, odds = normalised(np.zeros(3)), np.array([0.0, 1.0, 2.0])
    strength = 300.0
    found = float(tilted_moments(jnp.asarray(law), jnp.asarray(odds), jnp.array([strength]))[2, 0])
    assert found == pytest.approx(float(cumulants(law, odds, strength)[2]), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(tilted_laws(), st.floats(-50, 50))
def test_cumulants_of_any_law(law_and_odds: tuple[np.ndarray, np.ndarray], steps: float) -> None:
    law, odds = law_and_odds
    strength = steps / (spread(odds) or 1.0)
    found = tilted_moments(jnp.asarray(law), jnp.asarray(odds), jnp.array([strength]))
    exact = cumulants(law, odds, strength)
    assert abs(float(found[0, 0]) - float(exact[0])) <= rounding(odds, strength)
    assert abs(float(found[1, 0]) - float(exact[1])) <= 1e-13 * float(np.abs(odds).max())
    assert abs(float(found[2, 0]) - float(exact[2])) <= 1e-12 * spread(odds) ** 2


@mp.workdps(300)
def test_set_and_complement_are_both_accurate() -> None:
    law, odds = LAWS["gaussian"]
    sets = np.stack([odds > 0.5, odds > odds.min(), np.zeros(odds.size, bool)])
    strengths = np.array([-1e6, -40.0, 0.0, 3.0, 40.0, 1e6])
    inside, outside = tilted_log_mass(jnp.asarray(law), jnp.asarray(odds), jnp.asarray(sets), jnp.asarray(strengths))
    for i, strength in enumerate(strengths):
        weights = [mp.exp(mp.mpf(float(p)) + strength * mp.mpf(float(m))) for p, m in zip(law, odds, strict=True)]
        for c, members in enumerate(sets[:2]):
            for found, side in ((inside, members), (outside, ~members)):
                exact = mp.log(mp.fsum(w for w, x in zip(weights, side, strict=True) if x) / mp.fsum(weights))
                error = abs(float(found[c, i]) - float(exact))
                assert error <= (1e-13 + 4 * EPS * abs(strength) * spread(odds)) * min(1, abs(float(exact)))
    assert np.all(inside[2] == -np.inf)
    assert np.all(outside[2] == 0)


@pytest.mark.parametrize("name", LAWS)
def test_divergences_are_relatively_accurate(name: str) -> None:
    law, odds = LAWS[name]
    for steps in (1e-9, 1e-4, 0.3, 3, 30):
        strength = steps / spread(odds)
        found = [float(x[0]) for x in tilted_divergences(jnp.asarray(law), jnp.asarray(odds), jnp.array([strength]))]
        cgf, mean, _ = cumulants(law, odds, strength)
        exact = strength * mean - cgf, cgf - strength * cumulants(law, odds, 0.0)[1]
        # the log-odds themselves are known to eps |M|, which their deviations from the mean inherit
        tolerance = 1e-12 + 8 * EPS * float(np.abs(odds).max()) / spread(odds)
        np.testing.assert_allclose(found, [float(x) for x in exact], rtol=tolerance, atol=0)


@pytest.mark.parametrize("name", LAWS)
def test_a_concepts_divergence_is_relatively_accurate(name: str) -> None:
    """Down to alpha = 0, where it is about alpha^2/2 Var(1_C) (E[M | C] - E[M | not C])^2."""
    law, odds = LAWS[name]
    members = odds > np.median(odds)
    for steps in (1e-9, -1e-4, 0.3, 3, -30):
        strength = steps / spread(odds)
        with mp.workdps(120):
            weights = [
                [mp.exp(mp.mpf(float(p)) + a * mp.mpf(float(m))) for p, m in zip(law, odds, strict=True)]
                for a in (mp.mpf(0), mp.mpf(strength))
            ]
            masses = [
                [mp.fsum(w for w, x in zip(row, side, strict=True) if x) for side in (members, ~members)]
                for row in weights
            ]
            (before, rest), (after, left) = ([m / mp.fsum(row) for m in row] for row in masses)
            exact = after * mp.log(after / before) + left * mp.log(left / rest)
        found = tilted_concept_divergence(*(jnp.asarray(x) for x in (law, odds, members[None], np.array([strength]))))
        tolerance = 1e-12 + 32 * EPS * float(np.abs(odds).max()) / spread(odds)
        assert float(found[0, 0]) == pytest.approx(float(exact), rel=tolerance, abs=0)


def test_divergences_of_concepts_that_are_empty_or_everything_are_zero() -> None:
    law, odds = LAWS["gaussian"]
    sets = jnp.asarray(np.stack([np.zeros(odds.size, bool), np.ones(odds.size, bool)]))
    strengths = jnp.array([-1e6, 0.0, 2.0, 1e6])
    assert np.all(tilted_concept_divergence(jnp.asarray(law), jnp.asarray(odds), sets, strengths) == 0)
    one = tilted_concept_divergence(jnp.asarray(law), jnp.asarray(odds), jnp.asarray(odds > 1)[None], strengths)
    assert np.isfinite(one).all()
    assert one[0, 1] == 0


def test_envelope_is_the_highest_line() -> None:
    law, odds = LAWS["gaussian"]
    strengths = np.array([-1e6, -0.7, 0.0, 3.0])
    found = tilted_envelope(jnp.asarray(law), jnp.asarray(odds), jnp.asarray(strengths))
    np.testing.assert_allclose(found, (law + strengths[:, None] * odds).max(axis=1), rtol=4 * EPS)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    laws, odds, strengths = (
        jnp.asarray(x) for x in (normalised(rng.normal(size=(3, 2, 11))), rng.normal(size=11), rng.normal(size=7))
    )
    whole = tilted_moments(laws, odds, strengths, order=3)
    monkeypatch.setattr(numerics.exponential_sums.tilted, "BLOCK_ELEMENTS", 22)
    blocked = inspect.unwrap(tilted_moments)(laws, odds, strengths, order=3)
    np.testing.assert_allclose(blocked, whole, rtol=1e-13, atol=1e-14)
    assert whole.shape == (4, 3, 2, 7)
