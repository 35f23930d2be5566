"""The likeliest tokens against a brute-force ranking in exact fractions."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numerics.closed_forms.top_tokens
from numerics import top_tokens
from numerics.closed_forms.top_tokens import candidates
from tilted_oracle import normalised

pytestmark = pytest.mark.slow

GRID = st.integers(-3, 3).map(float)


@st.composite
def points(draw: Callable) -> tuple[np.ndarray, np.ndarray]:
    """Tokens on a coarse grid, so that ties, equal tokens and straight lines abound, or anywhere, or both."""
    vocab = draw(st.integers(1, 24))
    levels = draw(st.sampled_from([GRID, st.floats(-3, 3, width=32), GRID | st.floats(-3, 3)]))
    x, y = (np.array(draw(st.lists(levels, min_size=vocab, max_size=vocab))) for _ in range(2))
    if draw(st.booleans()):
        y = draw(GRID) * x + draw(GRID)  # all on one line: at one strength all tie
    return y, x


def brute_force(y: np.ndarray, x: np.ndarray, strength: float, k: int) -> list[int]:
    scores = [Fraction(b) + Fraction(strength) * Fraction(a) for a, b in zip(x, y, strict=True)]
    return sorted(range(x.size), key=lambda z: (-scores[z], z))[:k]


def ranked(y: np.ndarray, x: np.ndarray, strengths: list[float], k: int) -> list[list[int]]:
    chosen = candidates(y, x, k, np.argsort(x, kind="stable"))
    return numerics.closed_forms.top_tokens._ranked(y, x, chosen, np.array(strengths), k).tolist()


@settings(max_examples=150, deadline=None)
@given(points(), st.integers(1, 6), st.lists(st.one_of(GRID, st.floats(-100, 100)), min_size=1, max_size=5))
def test_ranking_is_exact(law_and_odds: tuple[np.ndarray, np.ndarray], k: int, strengths: list[float]) -> None:
    y, x = law_and_odds
    k = min(k, x.size)
    assert ranked(y, x, strengths, k) == [brute_force(y, x, a, k) for a in strengths]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["smooth", "bfloat16", "grid", "one level", "holes"]))
def test_first_guess_of_the_layers_loses_nobody(seed: int, shape: str) -> None:
    """Vocabularies large enough that the layers are guessed from the ends and the best of bins."""
    rng = np.random.default_rng(seed)
    vocab, k = 4000, int(rng.integers(1, 9))
    y, x = 2.5 * rng.normal(size=vocab), rng.standard_t(3, size=vocab)
    if shape == "bfloat16":
        y, x = ((v.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32).astype(float) for v in (y, x))
    if shape == "grid":
        y, x = np.round(y), np.round(x)
    if shape == "one level":
        x[:] = 0.5
    if shape == "holes":
        y[rng.random(vocab) < 0.5] = -np.inf
    strengths = [0.0, -1.0, *rng.normal(scale=3, size=3), 1e3]
    occurs = np.flatnonzero(y > -np.inf)
    expected = [occurs[brute_force(y[occurs], x[occurs], a, k)].tolist() for a in strengths]
    assert ranked(y, x, strengths, k) == expected


def test_few_candidates_are_left() -> None:
    rng = np.random.default_rng(1)
    y, x = normalised(2.5 * rng.normal(size=2**17)), rng.standard_t(6, size=2**17)
    assert 20 <= candidates(y, x, 20, np.argsort(x)).size < 600


def test_log_probabilities_contexts_and_many_tokens() -> None:
    rng = np.random.default_rng(2)
    laws, odds = normalised(2 * rng.normal(size=(2, 3, 50))), rng.normal(size=50)
    strengths = np.array([-2.0, 0.0, 5.0])
    table = laws[..., None, :] + strengths[:, None] * odds
    table -= np.logaddexp.reduce(table, axis=-1, keepdims=True)
    for k in (4, 50):
        tokens, log_probs = top_tokens(laws, odds, strengths, k)
        assert tokens.shape == (2, 3, 3, k)
        np.testing.assert_array_equal(tokens, np.argsort(-table, axis=-1, kind="stable")[..., :k])
        np.testing.assert_allclose(log_probs, -np.sort(-table, axis=-1)[..., :k], rtol=1e-13)


def test_many_layers_are_not_peeled() -> None:
    rng = np.random.default_rng(3)
    y, x = rng.normal(size=300), rng.normal(size=300)
    assert ranked(y, x, [0.3], 100) == [brute_force(y, x, 0.3, 100)]


@pytest.mark.parametrize("k", [0, 3])
def test_bad_k(k: int) -> None:
    with pytest.raises(ValueError, match=rf"^k: expected 1 to 2, the number of tokens that occur, got {k}"):
        top_tokens([*np.log([0.5, 0.5]), -np.inf], [0.0, 1.0, 2.0], [0.0], k)
