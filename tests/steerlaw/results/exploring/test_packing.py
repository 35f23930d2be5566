"""A packed curve says by how much it is off, and is off by no more: SciPy interpolates what was packed."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import BarycentricInterpolator
from scipy.special import log_softmax, logsumexp

from curves_to_explore import explored
from steerlaw.results.exploring.packing import CLOSE, HALF, SINGLE, halves_of_head, in_halves, in_table


def columns_of(packed, angles):
    """The packed columns at angles, by SciPy, in float64."""
    found = np.empty((len(angles), packed.pieces[0].values.shape[1]))
    for piece in packed.pieces:
        n = len(piece.values)
        nodes = piece.low + (piece.high - piece.low) * (1 - np.cos(np.pi * np.arange(n) / (n - 1))) / 2
        inside = (angles >= piece.low) & (angles <= piece.high)
        found[inside] = BarycentricInterpolator(nodes, piece.values.astype(np.float64))(angles[inside])
    return found


def somewhere(one, seed):
    """Strengths of the window, and their angles."""
    angles = np.random.default_rng(seed).uniform(one.curve.pieces[0].low, one.curve.pieces[-1].high, 60)
    return one.curve.map.strength(angles), angles


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([None, 4.0, 30.0]), st.integers(1, 3))
def test_halves_are_as_close_as_they_say(seed, cap, pieces):
    one = explored(seed, cap=cap, pieces=pieces)
    unembedding = halves_of_head(one)
    packed = in_halves(one, unembedding)
    assert unembedding.dtype == HALF
    assert {piece.values.dtype for piece in packed.pieces} == {HALF}
    strengths, angles = somewhere(one, seed)
    logits = columns_of(packed, angles) @ unembedding.astype(np.float64).T
    told = log_softmax(logits if cap is None else cap * np.tanh(logits / cap), axis=1)
    missed = np.abs(told - one.curve.log_probs(strengths)).max()
    assert 0 < packed.error < 0.1
    assert missed <= 1.5 * packed.error  # measured at twice as many strengths as there are nodes, not everywhere


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([None, 4.0]))
def test_a_table_is_as_close_as_it_says(seed, cap):
    one = explored(seed, cap=cap)
    packed = in_table(one)
    tokens = list(packed.tokens)
    assert {*one.shown, *one.watched} <= set(tokens)
    assert len(set(tokens)) == len(tokens)
    assert {piece.values.dtype for piece in packed.pieces} == {SINGLE}
    strengths, angles = somewhere(one, seed)
    found = columns_of(packed, angles)
    every = one.curve.log_probs(strengths)
    assert packed.error <= CLOSE
    np.testing.assert_allclose(found[:, : len(tokens)], every[:, tokens], atol=2 * CLOSE)
    spent = (np.exp(every) * (every - one.curve.log_probs([0.0]))).sum(axis=1)
    np.testing.assert_allclose(found[:, len(tokens)], spent, atol=2 * CLOSE)
    for column, odds in enumerate((one.local, one.prompts), len(tokens) + 1):
        sums = np.asarray(logsumexp(one.log_probs + strengths[:, None] * odds, axis=1))
        np.testing.assert_allclose(found[:, column], sums, atol=2 * CLOSE)


def test_what_half_precision_cannot_hold_is_not_packed_in_it():
    one = explored(scale=1e5)
    assert halves_of_head(one) is None
    small = explored()
    wide = replace(small.curve, pieces=tuple(replace(p, values=1e5 * p.values) for p in small.curve.pieces))
    assert in_halves(replace(small, curve=wide), halves_of_head(small)) is None


def test_a_curve_without_an_unembedding_has_no_halves():
    one = explored(vocab=6, d=6)
    bare = replace(one, curve=replace(one.curve, head=replace(one.curve.head, table=None)))
    assert halves_of_head(bare) is None
    assert in_table(replace(bare, shown=(0,), watched=())).error <= CLOSE


@pytest.mark.parametrize("seed", range(3))
def test_a_table_holds_the_likeliest_tokens_of_either_end(seed):
    one = explored(seed, vocab=500)
    low, high = one.curve.window
    likeliest = {int(np.argmax(one.curve.log_probs([at])[0])) for at in (low, high)} | {int(np.argmax(one.log_probs))}
    assert likeliest <= set(in_table(one).tokens)
    assert len(in_table(one).tokens) < 150
