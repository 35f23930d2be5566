"""Curves of tokens, concepts, entropy, divergence and efficiency against fifty digits and direct sums."""

import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from numerics import concept_curves, divergence_curves, efficiency_curves, entropy_curves, token_curves
from tilted_oracle import EPS, hard_laws, normalised, rounding, spread, tilted_laws

pytestmark = pytest.mark.slow

LAWS = hard_laws(40)


def tilted(law: np.ndarray, odds: np.ndarray, strength: float) -> list:
    """The tilted law in fifty digits, 0 for tokens that never occur."""
    weights = [
        mp.exp(mp.mpf(float(p)) + mp.mpf(float(strength)) * mp.mpf(float(m))) if p > -np.inf else mp.mpf(0)
        for p, m in zip(law, odds, strict=True)
    ]
    total = mp.fsum(weights)
    return [w / total for w in weights]


def strengths_for(odds: np.ndarray) -> np.ndarray:
    return np.array([-40, -2.0, -1e-3, 0.0, 1e-6, 0.3, 5.0]) / (spread(odds) or 1.0)


@mp.workdps(120)
@pytest.mark.parametrize("name", LAWS)
def test_tokens_concepts_and_entropy(name: str) -> None:
    law, odds = LAWS[name]
    rng = np.random.default_rng(1)
    weights = np.stack([odds > np.median(odds), rng.random(law.size), np.ones(law.size)]).astype(float)
    strengths, tokens = strengths_for(odds), [int(odds.argmax()), 0, int(odds.argmin())]
    chosen, entropy = token_curves(law, odds, strengths, tokens), entropy_curves(law, odds, strengths)
    inside, outside = concept_curves(law, odds, strengths, weights)
    for i, strength in enumerate(strengths):
        exact, allowed = tilted(law, odds, strength), rounding(odds, strength)
        for found, token in zip(chosen[:, i], tokens, strict=True):
            assert abs(found - float(mp.log(exact[token]))) <= allowed if exact[token] else found == -np.inf
        # 40 nats: the largest -log p of these laws, whose rounding the entropy inherits
        assert abs(entropy[i] - float(-mp.fsum(q * mp.log(q) for q in exact if q))) <= allowed + 40 * EPS
        for c, w in enumerate(weights):
            share = mp.fsum(q * mp.mpf(float(x)) for q, x in zip(exact, w, strict=True))
            rest = mp.fsum(q * (1 - mp.mpf(float(x))) for q, x in zip(exact, w, strict=True))
            for found, value in ((inside[c, i], share), (outside[c, i], rest)):
                assert abs(found - float(mp.log(value))) <= allowed if value else found == -np.inf


@mp.workdps(150)
@settings(max_examples=40, deadline=None)
@given(
    tilted_laws(),
    st.just(0.0) | st.floats(1e-12, 30) | st.floats(-30, -1e-12),
    st.lists(st.booleans(), min_size=16, max_size=16),
)
def test_efficiency_and_divergence_of_any_law(
    law_and_odds: tuple[np.ndarray, np.ndarray], steps: float, members: list[bool]
) -> None:
    law, odds = law_and_odds
    occurs, mask = law > -np.inf, np.array(members)
    width = spread(odds[occurs])
    strength = steps / (width or 1.0)
    (eta,) = efficiency_curves(law, odds, [strength], [mask])[:, 0]
    forward, reverse = (float(x[0]) for x in divergence_curves(law, odds, [strength]))
    base, moved = tilted(law, odds, 0.0), tilted(law, odds, strength)
    exact = [
        mp.fsum(q * mp.log(q / p) for p, q in zip(*pair, strict=True) if q) for pair in ((base, moved), (moved, base))
    ]
    tolerance = 1e-11 + 64 * EPS * float(np.abs(odds).max()) / (width or 1.0)
    noise = 1e-140  # the oracle's own rounding at 150 digits, where the divergence is 0
    np.testing.assert_allclose([forward, reverse], [float(x) for x in exact], rtol=tolerance, atol=noise)
    if not (occurs & mask).any() or not (occurs & ~mask).any():
        assert eta == 0 if width else np.isnan(eta)
        return
    if not width or steps == 0:
        return
    sides = [
        mp.fsum(q for q, x in zip(law_, mask, strict=True) if x == inside)
        for law_ in (base, moved)
        for inside in (True, False)
    ]
    spent = mp.fsum(b * mp.log(b / a) for a, b in zip(sides[:2], sides[2:], strict=True))
    assert abs(float(eta) - float(spent / exact[0])) <= 1e-7


@pytest.mark.parametrize("name", ["gaussian", "heavy tails", "logits of sd 5", "spread 1e2", "spread 1e-8"])
def test_efficiency_starts_at_the_squared_correlation(name: str) -> None:
    law, odds = LAWS[name]
    mask = odds > np.quantile(odds, 0.7)
    probs = np.exp(law)
    share, mean = probs @ mask, probs @ odds
    covariance = probs @ ((mask - share) * (odds - mean))
    expected = covariance**2 / (share * (1 - share) * (probs @ (odds - mean) ** 2))
    found = efficiency_curves(law, odds, np.array([0.0, 1e-9, -1e-6]) / spread(odds), [mask])[0]
    assert np.all(np.abs(found / expected - 1) <= [1e-12, 1e-7, 1e-4])


def test_efficiency_is_one_only_for_a_two_level_push() -> None:
    law, mask = np.log([0.1, 0.2, 0.3, 0.4]), np.array([True, True, False, False])
    strengths = [-3.0, 0.0, 0.5, 20.0]
    np.testing.assert_allclose(efficiency_curves(law, [1.0, 1.0, 0.0, 0.0], strengths, [mask]), 1, rtol=1e-12)
    assert np.all(efficiency_curves(law, [1.0, 0.9, 0.0, 0.1], strengths, [mask]) < 1)


@pytest.fixture(scope="module")
def large() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    vocab = 2**15 + 777
    logits, odds = 2.5 * rng.normal(size=(2, vocab)), rng.standard_t(4, size=vocab)
    odds[3], logits[:, 5] = 40.0, -np.inf
    weights = np.stack([(odds > 0.3) & (odds < 0.9), rng.random(vocab)]).astype(float)
    return normalised(logits), odds, weights, np.linspace(-6, 6, 25)


def test_large_vocabularies_agree_with_the_table(large: tuple[np.ndarray, ...]) -> None:
    laws, odds, weights, strengths = large
    table = laws[:, None] + strengths[:, None] * odds
    table -= logsumexp(table, axis=-1, keepdims=True)
    probs = np.exp(table)
    inside, outside = concept_curves(laws, odds, strengths, weights)
    assert inside.shape == (2, 2, 25)
    expected = np.moveaxis(probs @ weights.T, -1, 1)
    np.testing.assert_allclose(jnp.exp(inside), expected, rtol=1e-11)
    np.testing.assert_allclose(jnp.exp(outside), np.moveaxis(probs @ (1 - weights.T), -1, 1), rtol=1e-11)
    surprisal = np.where(probs > 0, -probs * np.where(probs > 0, table, 0), 0)
    np.testing.assert_allclose(entropy_curves(laws, odds, strengths), surprisal.sum(axis=-1), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(
        token_curves(laws, odds, strengths, [3, 9]), np.moveaxis(table[..., [3, 9]], -1, 1), atol=1e-12
    )


def test_large_vocabularies_are_relatively_accurate_near_zero(large: tuple[np.ndarray, ...]) -> None:
    """A sum of second-order terms against the series kappa_2 alpha^2/2 + kappa_3 alpha^3/3, and its efficiency."""
    laws, odds, weights, _ = large
    law, mask = laws[0], weights[0] > 0
    strengths = np.concatenate([np.geomspace(1e-7, 1e-5, 24), [0.0]])
    probs = np.exp(law)
    deviations = odds - probs @ odds
    second, third = probs @ deviations**2, probs @ deviations**3
    forward, reverse = divergence_curves(law, odds, strengths)
    np.testing.assert_allclose(forward, second * strengths**2 / 2 + third * strengths**3 / 3, rtol=1e-8)
    np.testing.assert_allclose(reverse, second * strengths**2 / 2 + third * strengths**3 / 6, rtol=1e-8)
    share = probs @ mask
    limit = (probs @ ((mask - share) * deviations)) ** 2 / (share * (1 - share) * second)
    np.testing.assert_allclose(efficiency_curves(law, odds, strengths, [mask])[0], limit, rtol=1e-4)


def test_float32_in_float32_out(large: tuple[np.ndarray, ...]) -> None:
    laws, odds, weights, strengths = large
    single = [x.astype(np.float32) for x in (laws, odds)]
    double = [x.astype(float) for x in single]
    bound = 1e-5 + 4 * np.finfo(np.float32).eps * np.abs(strengths) * np.abs(odds).max()
    curves = (
        lambda law, odds: entropy_curves(law, odds, strengths) / 3,
        lambda law, odds: token_curves(law, odds, strengths, [3]),
        lambda law, odds: concept_curves(law, odds, strengths, weights)[0],
    )
    for curve in curves:
        found, expected = curve(single[0], single[1]), curve(normalised(double[0]), double[1])
        assert (found.dtype, expected.dtype) == (jnp.float32, jnp.float64)
        assert np.all(np.abs(found - expected) <= bound)


@pytest.mark.parametrize(
    ("concepts", "message"),
    [
        ([[1.5, 0.0]], r"^concepts: expected weights from 0 to 1"),
        ([[1, 0]], r"^concepts: expected masks of bool or weights from 0 to 1, got dtype int64"),
        ([True, False], r"^concepts: expected masks or weights of shape \(concepts, 2\), got shape \(2,\)"),
    ],
)
def test_bad_concepts(concepts: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        concept_curves(np.log([0.5, 0.5]), [0.0, 1.0], [0.0], concepts)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [([2], r"^tokens: expected ids from 0 to 1, got 2 to 2"), ([0.5], r"^tokens: expected a list")],
)
def test_bad_tokens(tokens: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        token_curves(np.log([0.5, 0.5]), [0.0, 1.0], [0.0], tokens)
