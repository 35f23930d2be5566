"""The strength that spends a budget, against fifty digits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics import sweet_spot
from numerics.closed_forms.sweet_spot import Direction
from tilted_oracle import cumulants, hard_laws, normalised, spread, tilted_laws

LAWS = hard_laws()


def divergence(law: np.ndarray, odds: np.ndarray, strength: float, direction: Direction) -> float:
    cgf, mean, _ = cumulants(law, odds, strength)
    return float(strength * mean - cgf if direction == "forward" else cgf - strength * cumulants(law, odds, 0.0)[1])


def ceiling(law: np.ndarray, odds: np.ndarray) -> float:
    occurs = law > -np.inf
    return -np.logaddexp.reduce(law[occurs & (odds == odds[occurs].max())])


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("name", LAWS)
def test_the_budget_is_spent(name: str, direction: Direction) -> None:
    law, odds = LAWS[name]
    for budget in (1e-12, 1e-3, 0.1, 2.0, 50.0):
        strength = float(sweet_spot(law, odds, budget, direction))
        if direction == "forward" and budget >= ceiling(law, odds):
            assert strength == np.inf
        else:
            assert divergence(law, odds, strength, direction) == pytest.approx(budget, rel=1e-11)


@settings(max_examples=60, deadline=None)
@given(tilted_laws(), st.floats(-20, 3), st.sampled_from(["forward", "reverse"]))
def test_any_law(law_and_odds: tuple[np.ndarray, np.ndarray], log_budget: float, direction: Direction) -> None:
    law, odds = law_and_odds
    budget = float(np.exp(log_budget))
    strength = float(sweet_spot(law, odds, budget, direction))
    if spread(odds[law > -np.inf]) == 0 or (direction == "forward" and budget >= ceiling(law, odds)):
        assert strength == np.inf
    elif direction == "reverse" or budget < 0.999 * ceiling(law, odds):
        assert divergence(law, odds, strength, direction) == pytest.approx(budget, rel=1e-10)


def test_large_vocabulary_and_contexts() -> None:
    rng = np.random.default_rng(7)
    laws, odds = normalised(2 * rng.normal(size=(2, 2**15))), rng.standard_t(5, size=2**15)
    spots = sweet_spot(laws, odds, 0.5)
    assert spots.shape == (2,)
    for law, strength in zip(laws, spots, strict=True):
        weights = np.exp(law + float(strength) * odds)
        kl = float(strength) * (weights @ odds) / weights.sum() - np.log(weights.sum())
        assert kl == pytest.approx(0.5, rel=1e-12)


def test_small_budgets_follow_the_series() -> None:
    """alpha = s (1 - kappa_3 s/(3 kappa_2)) forward and with a 6 in reverse, s = sqrt(2 B/kappa_2)."""
    law, odds = LAWS["gaussian"]
    _, _, variance, third = (float(k) for k in cumulants(law, odds, 0.0, order=3))
    s = np.sqrt(2e-8 / variance)
    factors: dict[Direction, int] = {"forward": 3, "reverse": 6}
    for direction, factor in factors.items():
        series = s * (1 - third * s / (factor * variance))
        assert float(sweet_spot(law, odds, 1e-8, direction)) == pytest.approx(series, rel=1e-6)
        assert float(sweet_spot(law, odds, 1e-8, direction)) != pytest.approx(s, rel=1e-7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"budget": 0.0}, r"^budget: expected a positive number of nats, got 0.0"),
        ({"budget": np.nan}, r"^budget: expected a positive number of nats, got nan"),
        ({"direction": "sideways"}, r"^direction: expected one of forward, reverse, got 'sideways'"),
    ],
)
def test_bad_input(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sweet_spot(**({"log_probs": np.log([0.5, 0.5]), "log_odds": [0.0, 1.0], "budget": 0.1} | change))
