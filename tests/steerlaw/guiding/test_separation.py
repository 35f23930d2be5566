"""Held-out separation against vectors that are made again for every text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from steerlaw.guiding.separation import held_out_separation


def made_again(positive, negative):
    """Every text scored by means that it has no part in, and the U statistic of SciPy."""

    def score(texts, others, which, sign):
        own, other = np.delete(texts, which, axis=0).mean(axis=0), others.mean(axis=0)
        return (texts[which] - (own + other) / 2) @ (sign * (own - other)) / np.linalg.norm(own - other)

    high = [score(positive, negative, i, 1) for i in range(len(positive))]
    low = [score(negative, positive, i, -1) for i in range(len(negative))]
    return mannwhitneyu(high, low).statistic / (len(high) * len(low))


@given(st.integers(2, 6), st.integers(2, 6), st.floats(0, 3), st.integers(0, 99))
def test_it_is_that_of_vectors_made_again(positives, negatives, apart, seed):
    draw = np.random.default_rng(seed)
    positive, negative = draw.normal(size=(positives, 2, 5)) + apart, draw.normal(size=(negatives, 2, 5))
    found = held_out_separation(positive, negative)
    expected = [made_again(positive[:, layer], negative[:, layer]) for layer in range(2)]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_memory_does_not_count():
    """In many dimensions a vector made of the very texts that it judges separates noise; without them it does not."""
    draw = np.random.default_rng(0)
    positive, negative = draw.normal(size=(2, 40, 1, 2000))
    v = positive.mean(axis=0) - negative.mean(axis=0)
    assert (positive[:, 0] @ v[0]).min() > (negative[:, 0] @ v[0]).max()
    assert abs(held_out_separation(positive, negative)[0] - 0.5) < 0.2


def test_one_text_of_a_kind_is_too_few():
    with pytest.raises(ValueError, match="got 1 and 3"):
        held_out_separation(np.zeros((1, 1, 2)), np.zeros((3, 1, 2)))
