"""Compressed laws: what they keep, and that the certificate tells when they do not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.closed_forms.cumulants import cumulants
from numerics.exponential_sums.cells import (
    CERTIFIED,
    POINTS,
    SMALLEST_VOCAB,
    cell_groups,
    compress,
    gauss_rules,
    recurrences,
    relative_error,
    sort_tokens,
)
from numerics.exponential_sums.tilted import tilted_moments
from tilted_oracle import normalised

pytestmark = pytest.mark.slow

VOCAB = 2**15 + 1234


def draw(shape: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(6)
    logits, odds = 2.5 * rng.normal(size=VOCAB), rng.normal(size=VOCAB)
    match shape:
        case "heavy tails":
            odds = rng.standard_t(3, size=VOCAB)
        case "uniform":
            odds = rng.random(VOCAB)
        case "bfloat16 ties":
            odds = np.asarray(jnp.asarray(odds).astype(jnp.bfloat16).astype(jnp.float64))
        case "one token of probability 0.9":
            logits[17] = np.logaddexp.reduce(logits) + np.log(9)
        case "outlier":
            odds[5] = 60.0
        case "constant":
            odds = np.full(VOCAB, 0.3)
        case "no tails":
            logits[np.argsort(odds)[:900]] = logits[np.argsort(odds)[-900:]] = -np.inf
    return normalised(logits), odds


SHAPES = ["heavy tails", "uniform", "bfloat16 ties", "one token of probability 0.9", "outlier", "constant", "no tails"]


@pytest.mark.parametrize("shape", SHAPES)
def test_cumulants_agree_with_streaming_at_every_strength(shape: str) -> None:
    law, odds = draw(shape)
    strengths = np.concatenate([x * np.geomspace(1e-3, 3e3, 25) for x in (-1, 1)])
    fast, plain = cumulants(law, odds, strengths), tilted_moments(jnp.asarray(law), jnp.asarray(odds), strengths)
    spread = float(np.ptp(odds))
    rounding = 1e-12 + 4 * np.finfo(float).eps * np.abs(strengths) * np.abs(odds).max()
    for n in range(3):
        assert np.all(np.abs(fast[n] - plain[n]) <= rounding * spread**n + (1e-15 if spread == 0 else 0))


def test_most_strengths_are_certified() -> None:
    """The compressed law is used at all: otherwise the test above compares streaming with itself."""
    for shape in SHAPES[:-1]:
        law, odds = (jnp.asarray(x) for x in draw(shape))
        light = compress(law, odds, sort_tokens(odds))
        assert light.log_probs.size < VOCAB / 15
        for strength in (-300.0, -5.0, 0.1, 2.0, 30.0):
            cgf = tilted_moments(light.log_probs, light.log_odds, jnp.array([strength]))[0, 0]
            assert relative_error(light, jnp.asarray(strength), cgf) <= CERTIFIED


def test_certificate_bounds_the_error() -> None:
    """Without tails the cells must carry large strengths, and cannot: the bound has to say so, and hold."""
    law, odds = (jnp.asarray(x) for x in draw("no tails"))
    light = compress(law, odds, sort_tokens(odds))
    strengths = jnp.concatenate([x * jnp.geomspace(1, 1e4, 30) for x in (-1, 1)])
    exact = tilted_moments(law, odds, strengths, order=0)[0]
    found = tilted_moments(light.log_probs, light.log_odds, strengths, order=0)[0]
    bound = jax.vmap(relative_error, (None, 0, 0))(light, strengths, found)
    rounding = 1e-13 + 4 * np.finfo(float).eps * jnp.abs(strengths) * jnp.abs(odds).max()
    error = jnp.abs(jnp.expm1(found - exact))
    assert jnp.all(error <= bound * (1 + rounding) + rounding)
    assert jnp.any(error > 1e-3)


rule = jax.jit(lambda places, weights: gauss_rules(recurrences(places, weights)))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(-8, 8), st.floats(0, 1)), min_size=24, max_size=24), st.booleans())
def test_gauss_rule_has_the_moments_of_the_cell(tokens: list[tuple[int, float]], ties: bool) -> None:
    """With ties there are fewer places than points, and the recurrence ends early."""
    places = np.array([x if ties else x + 0.1 * k for k, (x, _) in enumerate(tokens)]) / 12
    shares = np.array([w for _, w in tokens]) + 1e-6
    shares /= shares.sum()
    nodes, weights = (np.asarray(x[0]) for x in rule(jnp.asarray(places[None]), jnp.asarray(shares[None])))
    assert np.all(weights >= 0)
    for power in range(2 * POINTS):
        assert weights @ nodes**power == pytest.approx(shares @ places**power, abs=1e-14)


@settings(max_examples=50, deadline=None)
@given(st.integers(SMALLEST_VOCAB, 2**20))
def test_every_rank_is_kept_or_in_one_cell(vocab: int) -> None:
    groups, kept = cell_groups(vocab)
    ranks = [(int(start), int(start) + group.size) for group in groups for start in group.starts]
    ranks = sorted(ranks + [(some.start, some.stop) for some in kept])
    assert [start for start, _ in ranks] + [vocab] == [0] + [stop for _, stop in ranks]
    assert sum(some.stop - some.start for some in kept) < vocab / 50
    for group in groups:
        rows = np.asarray(group.rows(jnp.arange(vocab)))
        np.testing.assert_array_equal(rows, group.starts[:, None] + np.arange(group.size))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["normal", "constant", "huge outlier", "ties"]))
def test_sort_is_a_permutation_with_exact_ends(seed: int, shape: str) -> None:
    rng = np.random.default_rng(seed)
    odds = rng.normal(size=20_000)
    if shape == "constant":
        odds[:] = 1.0
    if shape == "huge outlier":
        odds[rng.integers(odds.size)] = 1e9
    if shape == "ties":
        odds = odds.round(1)
    order = np.asarray(sort_tokens(jnp.asarray(odds)))
    assert np.array_equal(np.sort(order), np.arange(odds.size))
    assert odds[order[0]] == odds.min()
    assert odds[order[-1]] == odds.max()
    assert np.all(np.diff(odds[order]) >= -(1e9 if shape == "huge outlier" else 10.0) / 65535)
