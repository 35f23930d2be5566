"""The rule, its precedence, and what a verdict becomes in JSON."""

import json

import numpy as np

from numerics.judging.verdict import (
    DEPARTS,
    HOLDS,
    NOT_APPLICABLE,
    OUTCOMES,
    UNDECIDED,
    Verdict,
    decide,
    worst,
)


def test_rule_and_precedence():
    least, most = np.array([0.0, 0.0, 1e-9, 2e-3, 1e-9, 1e-3]), np.array([1e-4, 2e-3, 1e-4, 5.0, 5.0, 1e-3])
    assert decide(least, most, 1e-3, True).tolist() == [HOLDS, UNDECIDED, HOLDS, DEPARTS, UNDECIDED, HOLDS]
    applies = np.array([True, True, False, True, False, True])
    found = [HOLDS, UNDECIDED, NOT_APPLICABLE, DEPARTS, NOT_APPLICABLE, HOLDS]
    assert decide(least, most, 1e-3, applies).tolist() == found


def test_with_no_tolerance_whatever_departs_departs():
    least, most = np.array([0.0, 0.0, 1e-300]), np.array([0.0, 1e-300, 1.0])
    assert decide(least, most, 0.0, True).tolist() == [HOLDS, UNDECIDED, DEPARTS]


def test_tolerances_may_differ_from_curve_to_curve():
    least, most = np.array([0.2, 0.2]), np.array([0.3, 0.3])
    assert decide(least, most, np.array([0.1, 0.4]), True).tolist() == [DEPARTS, HOLDS]


def test_worst_goes_by_severity_then_size():
    codes = np.array([[HOLDS, DEPARTS, UNDECIDED], [DEPARTS, NOT_APPLICABLE, HOLDS]])
    least, most = np.array([[0, 0.1, 0], [0.2, np.nan, 0]]), np.array([[9, 0.3, 9], [0.3, np.nan, 0]])
    assert worst(codes, least, most) == (1, 0)
    assert worst(np.array([NOT_APPLICABLE, HOLDS]), np.zeros(2), np.zeros(2)) == (1,)
    assert worst(np.array(HOLDS), np.array(0.0), np.array(0.0)) == ()


def test_json_is_plain_and_finite():
    verdict = Verdict(
        law="tilt",
        claim="c",
        verdict="departs",
        departure=float("inf"),
        tolerance=1e-3,
        unit="nats",
        evidence="deterministic",
        witness={"strengths": [1.0], "values": [2.0]},
    )
    out = json.loads(json.dumps(verdict.to_json(), allow_nan=False))
    assert out["departure"] is None
    assert out["witness"] == {"strengths": [1.0], "values": [2.0]}
    assert set(OUTCOMES) == {"holds", "departs", "undecided", "not_applicable"}
