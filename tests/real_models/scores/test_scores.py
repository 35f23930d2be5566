"""Scores of texts against counting by hand, and statistics against other libraries' arithmetic and enumeration."""

import itertools
import zlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_models.scores.loops import compression, distinct, loops, repeated
from real_models.scores.named import SCORES, scored
from real_models.scores.perplexity import perplexity
from real_models.scores.statistics import any_of_n, cohens_kappa, share_of_positive_texts
from real_models.scores.words import capitals, has_word, length, share_of_words, target_share

WORDS = st.lists(st.sampled_from(["a", "B", "sea", "don't", "...", "Sea!", "x_y"]), max_size=30).map(" ".join)


@given(WORDS, st.integers(1, 4))
def test_loops(text, n):
    words = text.split()
    grams = Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
    expected = len(grams) / grams.total() if grams else None
    assert distinct(text, n) == expected
    assert repeated(text, n) == (None if expected is None else 1 - expected)
    fours = Counter(" ".join(words[i : i + 4]) for i in range(len(words) - 3))
    assert loops(text) == (float(fours.most_common(1)[0][1] >= 3) if fours.total() >= 3 else None)


def test_a_loop_and_none():
    assert loops("I said so. " * 3 + "I") == 1
    assert loops("one two three four five six seven eight nine") == 0
    assert loops("one two three four") is None
    assert compression("") is None
    loop, pangram = (compression(text) or 0.0 for text in ("na " * 200, "Sphinx of black quartz, judge my vow"))
    assert 0 < loop < 0.1 < 0.5 < pangram <= 1
    raw = ("abc " * 50).encode()
    assert compression("abc " * 50) == (len(zlib.compress(raw, 9)) - 8) / len(raw)


def test_words():
    assert share_of_words(["SEA", "don't"])("Don't go to the sea!") == 2 / 5
    assert share_of_words(["SEA"], any_case=False)("Don't go to the sea!") == 0
    assert [has_word(["sea"])(text) for text in ("The sea", "The seaside", "...", "")] == [1, 0, None, None]
    assert capitals("ABc 1") == 2 / 3
    assert capitals("123") is None
    assert length("It's two words, no: four") == 5
    for nothing in ([], "sea"):
        with pytest.raises(ValueError, match="expected a list of one word or more"):
            has_word(nothing)


def test_target_tokens_count_to_the_end_of_the_text():
    tokens, targets = np.array([[1, 2, 2, 2], [3, 1, 1, 0], [2, 2, 2, 2]]), np.array([False, False, True, False])
    np.testing.assert_array_equal(target_share(tokens, np.array([2, 4, 0]), targets), [0.5, 0.0, np.nan])


def test_what_is_no_score():
    assert set(SCORES) >= {"loops", "compression", "distinct-2", "length", "repeated"}
    assert np.isnan(scored("loops", ["a", ""])).all()
    assert scored(lambda text: "x" in text, ["x", "y"]).tolist() == [1, 0]
    for wrong, message in [
        (np.inf, "is inf, expected a finite"),
        ("yes", "is 'yes', expected a number"),
        ([], "is \\[\\]"),
    ]:
        with pytest.raises(ValueError, match=message):
            scored(lambda _, value=wrong: value, ["a text"])
    with pytest.raises(ValueError, match=r"unknown score 'loop', expected one of .*loops"):
        scored("loop", [])


LABELS = st.lists(st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=3, max_size=3), min_size=1, max_size=4)


@given(LABELS)
def test_statistics_hold_every_way_to_fill_what_is_missing(rows):
    """Both statistics as intervals over all completions of the missing labels; they differ from each other."""
    table = np.array(rows)
    blanks = np.argwhere(np.isnan(table))
    if len(blanks) > 8:
        return
    shares, anys = [], []
    for fill in itertools.product([0.0, 1.0], repeat=len(blanks)):
        full = table.copy()
        full[tuple(blanks.T)] = fill
        shares.append(sum(full.ravel()) / full.size)
        anys.append(sum(1 for row in full if 1.0 in row) / len(full))
    for statistic, values in ((share_of_positive_texts, shares), (any_of_n, anys)):
        found = statistic(table)
        assert (found.lower, found.upper) == pytest.approx((min(values), max(values)))
        assert (found.missing, found.asked) == (len(blanks), table.size)


def test_share_and_any_are_different_things():
    labels = np.eye(4)
    assert share_of_positive_texts(labels).lower == 0.25
    assert any_of_n(labels).lower == 1
    with pytest.raises(ValueError, match="expected prompts x samples"):
        any_of_n([0.0, 1.0])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_cohens_kappa(pairs):
    """By the table of counts, in integers: (n sum n_ii - sum n_i. n_.i)/(n^2 - sum n_i. n_.i)."""
    n, table = len(pairs), Counter(pairs)
    agree = table[True, True] + table[False, False]
    one, other = (sum(pair[i] for pair in pairs) for i in (0, 1))
    chance = one * other + (n - one) * (n - other)
    expected = None if chance == n * n else (n * agree - chance) / (n * n - chance)
    found = cohens_kappa(*np.array(pairs, float).T)
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-12))
    padded = np.array([*pairs, (True, np.nan), (np.nan, False)], float)
    assert cohens_kappa(*padded.T) == found


def test_judges_that_share_no_text():
    assert cohens_kappa([1, np.nan], [np.nan, 0]) is None
    with pytest.raises(ValueError, match="expected the same texts"):
        cohens_kappa([1], [0, 1])


@pytest.mark.slow
def test_perplexity(models):
    model = models("gpt2", "float64")
    prompts, texts = [[1, 2, 3], [4], [5, 6]], [[7, 8], [], [9, 10, 11]]
    found = perplexity(model, prompts, texts)
    assert np.isnan(found[1])
    for i in (0, 2):
        logits = np.asarray(model.position_logits([*prompts[i], *texts[i]]))
        log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        first = len(prompts[i]) - 1
        own = [log_probs[first + t, token] for t, token in enumerate(texts[i])]
        assert found[i] == pytest.approx(np.exp(-np.mean(own)), rel=1e-9)
