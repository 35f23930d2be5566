"""Departures planted in one curve get the right verdict, and a witness that names the right place."""

from functools import partial

import numpy as np
import pytest
from scipy.special import log_softmax

from numerics.baseline import Baseline
from numerics.judging import one_curve
from theory.catalogue import laws
from tilted_tables import KNOWN, LOG_ODDS, LOG_PROBS, STRENGTHS, cross_entropy_change, tilted

compare = partial(one_curve.compare, tolerance=1e-3)
"""Of effects down to a thousandth of a unit."""


def test_two_bumps():
    values = -np.minimum((STRENGTHS - 3) ** 2, (STRENGTHS + 3) ** 2)
    verdict = compare("token_bump", STRENGTHS, values)
    assert verdict.verdict == "departs"
    assert verdict.departure == pytest.approx(4.5)
    assert verdict.witness == {"strengths": [-3.0, 0.0, 3.0], "values": [0.0, -9.0, 0.0]}


def test_a_tiny_bump_from_1e_minus_9_to_1e_minus_7_is_a_bump():
    values = 1e-9 * 100 ** np.exp(-((STRENGTHS - 1) ** 2))
    assert compare("token_bump", STRENGTHS, values).verdict == "holds"
    dented = np.where(STRENGTHS == 1.0, 1e-8, values)
    verdict = compare("token_bump", STRENGTHS, dented)
    assert verdict.verdict == "departs"
    assert verdict.departure == pytest.approx(np.log(10) / 2, rel=0.05)
    assert verdict.witness is not None
    assert verdict.witness["strengths"][1] == 1.0


def test_late_rise_of_a_token_that_should_only_fall():
    values = tilted()[:, 0] + np.where(STRENGTHS > 5, 8 * (STRENGTHS - 5), 0)
    verdict = compare("extremal_tokens", STRENGTHS, values, token=0, **KNOWN)
    assert verdict.verdict == "departs"
    assert "smallest" in verdict.claim
    assert verdict.witness is not None
    assert verdict.witness["strengths"] == [5.0, 6.0]


def test_tilt_with_the_wrong_sign():
    verdict = compare("tilt", STRENGTHS, tilted()[::-1, 1], token=1, **KNOWN)
    assert verdict.verdict == "departs"
    gap = np.abs(tilted()[::-1, 1] - tilted()[:, 1])
    assert verdict.departure == pytest.approx(gap.max(), rel=1e-9)
    assert verdict.witness is not None
    assert abs(verdict.witness["strengths"][0]) == 6.0


def test_plateau_missing():
    limits = np.array([[1.0, 0.0, -1.0], [-1.0, 0.0, 1.0]])
    known = Baseline(
        log_probs=np.log([[0.5, 0.3, 0.2]]),
        limit_logits=limits,
        limit_strength=10.0,
        limit_remainder=1e-5,
        facts=frozenset({"pre_norm"}),
    )
    strengths = np.linspace(-20, 20, 81)
    flat = np.sign(strengths) * np.minimum(np.abs(strengths) / 10, 1)
    assert compare("transformer_limit", strengths, flat, baseline=known, token=2).verdict == "holds"
    verdict = compare("transformer_limit", strengths, strengths / 10, baseline=known, token=2)
    assert verdict.verdict == "departs"
    assert verdict.witness is not None
    assert abs(verdict.witness["strengths"][0]) == 20.0
    near = compare("transformer_limit", strengths[20:61] / 2, flat[20:61], baseline=known, token=2)
    assert near.verdict == "undecided"
    assert "go as far as" in near.reason
    strict = compare("transformer_limit", strengths, flat, baseline=known, token=2, tolerance=1e-5)
    assert strict.verdict == "undecided"
    assert "remainder" in strict.reason
    post_norm = Baseline(log_probs=known.log_probs, limit_logits=limits, limit_strength=10.0, limit_remainder=1e-5)
    unmet = compare("transformer_limit", strengths, flat, baseline=post_norm, token=2)
    assert unmet.verdict == "not_applicable"
    assert "pre-norm" in unmet.reason


def test_asymmetric_u_that_is_not_convex():
    values = np.where(STRENGTHS < 3, STRENGTHS**2, 9 + 0.1 * (STRENGTHS - 3))
    verdict = compare("cross_entropy_exact", STRENGTHS, values)
    assert verdict.verdict == "departs"
    assert verdict.witness is not None
    assert verdict.witness["strengths"][1] == 3.0
    lopsided = np.where(STRENGTHS < 0, 3 * STRENGTHS**2, STRENGTHS**2)
    assert compare("cross_entropy_exact", STRENGTHS, lopsided).verdict == "holds"


def test_shifted_minimum():
    shifted = cross_entropy_change() + 0.2 * STRENGTHS
    for law in ("cross_entropy_exact", "cross_entropy_curvature"):
        verdict = compare(law, STRENGTHS, shifted, **KNOWN)
        assert verdict.verdict == "departs"
    verdict = compare(laws()["cross_entropy_curvature"].claims[1], STRENGTHS, shifted, **KNOWN)
    assert verdict.witness is not None
    assert verdict.witness["strengths"][0] < 0
    assert verdict.witness["values"][0] < 0


def test_float32_curves_hold_within_their_own_rounding_and_not_within_float64s():
    low = log_softmax((LOG_PROBS + STRENGTHS[:, None] * LOG_ODDS).astype(np.float32), axis=1)
    assert low.dtype == np.float32
    assert compare("tilt", STRENGTHS, low[:, 1], token=1, **KNOWN).verdict == "holds"
    assert compare("tilt", STRENGTHS, low[:, 1].astype(np.float64), token=1, tolerance=0, **KNOWN).verdict == "departs"
