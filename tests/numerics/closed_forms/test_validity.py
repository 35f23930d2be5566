"""How far the tilt applies: nowhere short of for ever where logits are affine, and as far as a planted bend allows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, rel_entr, softmax

from numerics.closed_forms.validity import tilt_gaps, validity_radius

RNG = np.random.default_rng(0)
BASE, SLOPE = RNG.normal(size=12), RNG.normal(size=12)
GRID = np.linspace(0, 4, 33)


def test_affine_logits_have_no_gap():
    gaps = tilt_gaps(GRID, BASE + GRID[:, None] * SLOPE + 7 * np.sin(GRID)[:, None], BASE, SLOPE)
    assert gaps.oscillation.max() < 1e-13
    assert gaps.divergence.max() < 1e-13
    assert validity_radius(GRID, gaps.divergence, 1e-12) == GRID[-1]


@given(bend=st.floats(0.01, 3), token=st.integers(0, 11))
def test_a_bend_is_measured(bend, token):
    logits = BASE + GRID[:, None] * SLOPE
    logits[:, token] += bend * GRID**2
    gaps = tilt_gaps(GRID, logits, BASE, SLOPE)
    assert gaps.oscillation == pytest.approx(bend * GRID**2, rel=1e-9, abs=1e-12)
    tilt = softmax(BASE + GRID[:, None] * SLOPE, axis=1)
    assert gaps.divergence == pytest.approx(rel_entr(softmax(logits, axis=1), tilt).sum(axis=1), rel=1e-6, abs=1e-12)
    difference = log_softmax(logits, axis=1) - log_softmax(BASE + GRID[:, None] * SLOPE, axis=1)
    assert (np.abs(difference).max(axis=1) <= gaps.oscillation + 1e-12).all()
    assert (gaps.divergence <= gaps.oscillation + 1e-12).all()
    radius = validity_radius(GRID, gaps.oscillation, bend * (1 + 1e-9))
    assert radius == pytest.approx(1.0)


def test_a_gap_that_closes_again_still_ends_the_radius():
    assert validity_radius([0.0, 1.0, 2.0, 3.0], [0.0, 0.5, 0.0, 0.0], 0.1) == 0.0
    assert validity_radius([0.0, 1.0], [0.0, np.nan], 0.1) == 0.0
    assert validity_radius([0.5, 1.0], [0.2, 0.3], 0.1) == 0.0


@pytest.mark.parametrize("strengths", [[], [-1.0, 0.0], [0.0, 0.0]])
def test_strengths_ascend_from_zero(strengths):
    with pytest.raises(ValueError, match="expected ascending ones from 0 on"):
        validity_radius(strengths, [0.0] * len(strengths), 0.1)


def test_a_table_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"expected \[33 strengths, vocab\]"):
        tilt_gaps(GRID, np.zeros((32, 12)), BASE, SLOPE)
