"""Predictions at the edge: a turning point on the window's very end, and log-odds with a large common offset."""

from typing import Any

import mpmath
import numpy as np

from numerics.baseline import Baseline
from numerics.judging.one_curve import compare
from numerics.judging.prediction import predicted
from numerics.lowering.setting import settings_of
from theory.catalogue import find_law


def test_a_peak_on_the_end_of_the_window_is_beyond_it():
    """Of a token at the mean of a symmetric distribution the peak is at 0 exactly: on [0, 2] it only falls."""
    known = {"log_probs": np.log([0.25, 0.5, 0.25]), "log_odds": np.array([-1.0, 0.0, 1.0]), "token": 1}
    strengths = np.linspace(0, 2, 21)
    falls = np.log(0.5) - np.log(0.5 + 0.5 * np.cosh(strengths))
    found = compare("token_bump", strengths, falls, **known)
    assert found.verdict == "holds"
    assert "judged as falling: its peak is predicted before the window, at a strength below 0" in found.reason
    bump = np.log(0.5) - np.log(0.5 + 0.5 * np.cosh(strengths - 1))
    assert compare("token_bump", strengths, bump, **known).verdict == "departs"


def test_the_error_of_a_prediction_counts_what_cancels():
    """An offset of the log-odds changes no probability, but alpha times it is what the tilt is computed from."""
    odds, base = 1e7 + np.array([-0.3, 0.1, 0.7]), np.log([0.2, 0.5, 0.3])
    strengths = np.linspace(-40, 40, 33)
    claim: Any = find_law("tilt").claims[0]
    settings = settings_of(Baseline(log_probs=base[None], log_odds=odds))
    value, error = predicted(claim.value, claim, strengths, (1, 3), settings)
    exact = np.empty_like(value)
    with mpmath.workdps(40):
        for row, alpha in enumerate(strengths):
            logs = [mpmath.mpf(b) + mpmath.mpf(alpha) * mpmath.mpf(m) for b, m in zip(base, odds, strict=True)]
            total = mpmath.log(sum(mpmath.exp(log - max(logs)) for log in logs)) + max(logs)
            exact[row] = [float(log - total) for log in logs]
    normal = np.log(np.exp(base).sum())  # how far the rounded base is from summing to one
    away = np.abs(value - exact) - abs(normal)
    assert (away <= error).all()
    assert (away > 1e-12 * (1 + np.abs(value))).any()  # which rounding of the result alone would not cover
