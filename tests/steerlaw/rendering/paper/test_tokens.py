"""The tokens of the paper's figures: which they are, whether they turn once, how far the tilt goes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import paper_results as known
from steerlaw.rendering.figures.paper.tokens import SEEN, token_curves, turns_once
from steerlaw.rendering.figures.paper.top_tokens import full_words, is_full_word

values = st.floats(-1, 1, allow_subnormal=False)


@pytest.fixture(scope="module")
def straight():
    return known.observed("next token", "vector", 2, 0.0)


def probabilities(alpha, bend, context=0):
    alpha = np.asarray(alpha)[:, None]
    weights = np.exp(known.LOGITS[context] + alpha * known.ODDS / (1 + bend * np.abs(alpha)))
    return (weights / weights.sum(axis=1, keepdims=True)).T


@given(st.lists(values, min_size=3, max_size=8))
def test_turning_once_is_being_near_a_bump_by_every_peak(curve):
    """Oracle: for every place of the peak, half the largest fall before it and the largest rise after it."""
    y = np.array(curve)

    def worst(peak):
        before = [y[i] - y[j] for i in range(peak + 1) for j in range(i, peak + 1)]
        after = [y[j] - y[i] for i in range(peak, len(y)) for j in range(i, len(y))]
        return max(before + after) / 2

    least = min(worst(peak) for peak in range(len(y)))
    if abs(least - SEEN) > 1e-9:
        assert turns_once(np.arange(len(y), dtype=float), y[None])[0] == (least <= SEEN)


def test_the_tokens_are_the_likeliest_at_the_largest_strength_and_their_changes_those_of_the_model(straight):
    curves = token_curves(straight, 0)
    expected = probabilities(known.STRENGTHS, 0.0)
    assert curves.tokens.tolist() == np.argsort(-expected[:, -1])[:8].tolist()
    assert curves.strengths[0] == 0
    assert curves.strengths[-1] == 200
    change = expected[curves.tokens] - expected[curves.tokens][:, [20]]
    # the sweep is float64, its half-widths are not shown
    np.testing.assert_allclose(curves.changes, change[:, 20:], atol=1e-12)
    assert curves.predicted is not None
    np.testing.assert_allclose(curves.predicted, curves.changes, atol=1e-9)
    assert curves.horizon == 200
    assert curves.every


def test_a_bent_model_leaves_the_tilt_where_a_reader_sees_it():
    bend = 0.004
    curves = token_curves(known.observed("next token", "vector", 1, bend), 0)
    own, tilt = (probabilities(curves.strengths, b)[curves.tokens] for b in (bend, 0.0))
    off = np.abs((own - own[:, [0]]) - (tilt - tilt[:, [0]])).max(axis=0) > SEEN
    assert off.any()
    assert curves.horizon == curves.strengths[off.argmax() - 1]


def test_where_the_largest_strength_is_negative_the_other_side_is_shown():
    strengths = np.linspace(-200, 100, 31)
    curves = token_curves(known.observed("next token", "vector", 2, 0.0, strengths=strengths), 1)
    assert (curves.strengths[0], curves.strengths[-1]) == (-200, 0)
    assert curves.tokens.tolist() == np.argsort(-probabilities([-200.0], 0.0, context=1)[:, 0])[:8].tolist()


def test_without_the_ends_of_all_tokens_those_watched_are_shown_and_it_is_said(straight):
    few = straight.sweep.data.isel(token=slice(0, 10)).drop_vars(["end", "start"])
    curves = token_curves(replace(straight, sweep=replace(straight.sweep, data=few)), 0)
    assert set(curves.tokens.tolist()) <= set(range(10))
    assert not curves.every
    hidden = straight.sweep.data.isel(token=slice(0, 1))
    curves = token_curves(replace(straight, sweep=replace(straight.sweep, data=hidden)), 0)
    assert curves.tokens.tolist() == [0]
    with pytest.raises(ValueError, match="no curves of these tokens; run the plan again"):
        token_curves(replace(straight, sweep=replace(straight.sweep, data=hidden)), 0, [3])


def test_full_words_are_letters_alone(straight):
    mean = (probabilities([200.0], 0.0)[:, 0] + probabilities([200.0], 0.0, context=1)[:, 0]) / 2
    expected = [z for z in np.argsort(-mean) if known.TEXTS[z].strip().isalpha()][:8]
    assert [token for token, _ in full_words(straight)] == expected
    assert not any(is_full_word(text) for text in ("", "a", "d'", "<x>", "42", "$a$", "a b"))
