"""The tokens that tell a concept's texts from others, counted exactly."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from steerlaw.guiding.concept_tokens import telling_tokens

TEXTS = st.lists(st.lists(st.integers(0, 7), max_size=6), min_size=1, max_size=9)


def odds(texts, token):
    count = sum(token in text for text in texts)
    return (count + Fraction(1, 2)) / (len(texts) - count + Fraction(1, 2))


@given(TEXTS, TEXTS, st.sampled_from([2, 3, 5]))
def test_they_are_those_of_exact_odds(positive, negative, times):
    ratios = [odds(positive, token) / odds(negative, token) for token in range(8)]
    assume(all(abs(ratio - times) > Fraction(1, 10**9) for ratio in ratios))
    expected = [ratio >= times for ratio in ratios]
    assume(any(expected))
    assert telling_tokens(positive, negative, 8, odds=times).tolist() == expected


def test_how_often_a_text_says_it_does_not_matter():
    positive, negative = [[1, 2], [1]] * 5, [[2], [2, 2, 2]] * 5
    often = [text * 9 for text in positive]
    assert np.array_equal(telling_tokens(positive, negative, 4), telling_tokens(often, negative, 4))


def test_texts_that_do_not_differ_tell_nothing():
    with pytest.raises(ValueError, match="--words"):
        telling_tokens([[1, 2]], [[2, 1]], 4)
