"""How a token is drawn, against NumPy, SciPy and mpmath: what is kept, which token a uniform number means, the sums."""

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from scipy.stats import chisquare

from real_models.sampling.drawing import Drawing, divergence, draw, entropy, first_exceeding, kept, tempered, uniforms

LOGITS = st.lists(st.integers(-40, 40), min_size=1, max_size=12).map(lambda values: np.array(values) / 4)


def log_probs_of(logits):
    return jnp.asarray(log_softmax(logits)[None])


@settings(max_examples=25)
@given(logits=LOGITS, k=st.integers(1, 14), p=st.floats(0.01, 1))
def test_what_is_kept(logits, k, p):
    """By hand: those as likely as the k-th; of these, in order, while those likelier hold no more than p."""
    probs = np.exp(log_softmax(logits))
    after_k = probs * (probs >= np.sort(probs)[::-1][min(k, len(probs)) - 1])
    after_k /= after_k.sum()
    likelier = np.array([after_k[after_k > one].sum() for one in after_k])
    if np.any((np.abs(likelier - p) < 1e-9) & (likelier > 0)):
        return  # a sum that is p itself, but for rounding
    expected = after_k * (likelier < p) if p < 1 else after_k
    found = np.exp(kept(Drawing(top_k=k, top_p=p), log_probs_of(logits)))[0]
    np.testing.assert_allclose(found, expected / expected.sum(), rtol=1e-12, atol=1e-15)


@settings(max_examples=40)
@given(st.lists(st.sampled_from([0.0, 1e-30, 0.25, 1.0, 3.0]), min_size=1, max_size=700), st.floats(0, 1 - 2**-53))
def test_the_token_of_a_uniform_number(weights, uniform):
    """The first token at which the exact cumulative sum exceeds the number's share; never one of probability 0."""
    weights = np.array([*weights, 1.0])
    token = int(first_exceeding(jnp.asarray(weights)[None], jnp.asarray([uniform]))[0])
    assert weights[token] > 0
    cumulative, wanted = np.cumsum(weights), uniform * weights.sum()
    slack = 1e-12 * weights.sum()  # two orders of some 700 roundings of float64
    assert cumulative[token] >= wanted - slack
    assert cumulative[token] - weights[token] <= wanted + slack


def test_no_token_of_probability_zero_at_the_edges():
    """The largest number below 1 falls on the last possible token, and 0 on the first, though others surround them."""
    probs = jnp.zeros((2, 300)).at[:, 129].set(0.3).at[:, 256].set(0.7)
    assert first_exceeding(probs, jnp.asarray([0.0, 1 - 2**-53])).tolist() == [129, 256]


def test_temperature_and_greedy():
    logits = jnp.asarray([[0.0, 1.0, 3.0]])
    np.testing.assert_allclose(tempered(Drawing(temperature=0.5), logits)[0], log_softmax([0.0, 2.0, 6.0]), rtol=1e-12)
    np.testing.assert_allclose(tempered(Drawing(temperature=0), logits)[0], log_softmax(logits[0]), rtol=1e-12)
    assert draw(Drawing(temperature=0), logits, jnp.asarray([0.0]))[0] == 2
    assert not any(how.cut for how in (Drawing(), Drawing(top_p=1.0), Drawing(temperature=0.5)))
    assert all(how.cut for how in (Drawing(temperature=0), Drawing(top_k=3), Drawing(top_p=0.9)))


@settings(max_examples=25)
@given(LOGITS, st.floats(-8, 0).map(lambda e: 10**e), st.integers(0, 99))
def test_divergence_and_entropy(logits, size, seed):
    """Against 50 digits, relatively: nothing cancels, however close the two distributions are."""
    moved = logits + size * np.random.default_rng(seed).normal(size=len(logits))
    with mpmath.workdps(50):
        p, q = ([mpmath.exp(mpmath.mpf(float(x))) for x in values] for values in (moved, logits))
        p, q = [x / sum(p) for x in p], [x / sum(q) for x in q]
        exact = float(mpmath.fsum(a * mpmath.log(a / b) for a, b in zip(p, q, strict=True)))
        disorder = float(-mpmath.fsum(a * mpmath.log(a) for a in p))
    found = float(divergence(log_probs_of(moved), log_probs_of(logits))[0])
    # Logits of up to 12 are rounded to 1e-15 each, and divergences are quadratic in what is left of their differences.
    assert abs(found - exact) <= 1e-6 * exact + 1e-14 * size
    assert float(entropy(log_probs_of(moved))[0]) == pytest.approx(disorder, abs=1e-12)


def test_streams_of_texts():
    """A longer stream begins with the shorter one; no two texts or seeds share one; the numbers are uniform."""
    numbers = np.asarray(uniforms(jnp.uint32(5), jnp.arange(40) // 8, jnp.arange(40) % 8, 50))
    alone = uniforms(jnp.uint32(5), jnp.asarray([3]), jnp.asarray([2]), 7)
    np.testing.assert_array_equal(alone[0], numbers[26, :7])
    other = np.asarray(uniforms(jnp.uint32(6), jnp.arange(40) // 8, jnp.arange(40) % 8, 50))
    assert len(np.unique(np.concatenate([numbers, other]))) == 2 * numbers.size
    assert chisquare(np.histogram(numbers, 20, (0, 1))[0]).pvalue > 1e-3
    assert np.abs(np.corrcoef(numbers[:, :-1].ravel(), numbers[:, 1:].ravel())[0, 1]) < 4 / np.sqrt(numbers.size)


@pytest.mark.parametrize("wrong", [{"temperature": -1.0}, {"temperature": np.nan}, {"top_k": 0}, {"top_p": 1.5}])
def test_what_is_no_drawing(wrong):
    with pytest.raises(ValueError, match=rf"{next(iter(wrong))} is .*, expected"):
        Drawing(**wrong)
