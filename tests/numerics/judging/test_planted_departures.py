"""A catalogue of planted departures: each gets the right verdict, and a witness that names the right place."""

import numpy as np
import pytest

from numerics.bands import shapes
from numerics.bands.band import Band, around
from numerics.bands.intervals import bounded_mean_band, centred, clopper_pearson, mean_band
from numerics.bands.peak_intervals import ordered_peaks, peak_intervals
from numerics.judging.one_curve import compare
from numerics.judging.p_values import ruled_out_from

X = np.linspace(-4, 4, 81)
STEP = X[1] - X[0]
LAW = np.log(np.array([0.5, 0.2, 0.2, 0.1]))
ODDS = np.array([-1.0, 0.2, 0.6, 1.5])


def tilted(odds, strengths=X):
    exponents = LAW + strengths[:, None] * odds
    return exponents - np.log(np.exp(exponents).sum(axis=1, keepdims=True))


def test_two_bumps():
    values = np.log(0.9 * np.exp(-((X - 2) ** 2)) + 0.45 * np.exp(-((X + 2) ** 2)))
    found = compare("token_bump", X, values)
    assert found.verdict == "departs"
    assert found.witness is not None
    assert found.witness["strengths"] == pytest.approx([-2, -0.1, 2], abs=0.25)
    assert compare("token_bump", X, np.log(np.exp(-((X - 2) ** 2)))).verdict == "holds"


def test_two_bumps_of_a_tiny_probability():
    values = 1e-9 + 1e-7 * (np.exp(-4 * (X - 2) ** 2) + np.exp(-4 * (X + 2) ** 2))
    found = compare("token_bump", X, values)
    assert found.verdict == "departs"
    assert found.witness is not None
    assert found.witness["strengths"] == pytest.approx([-2, 0, 2], abs=1.0)


def test_a_late_rise():
    values = np.where(X < 3, -X, -3 + 2 * (X - 3))
    found = shapes.falling(around(X, values[:, None], 1e-3))
    start, end = X[found.witness[0]]
    assert found.least[0] == pytest.approx(1 - 1e-3)
    assert (start, end) == (pytest.approx(3), 4)
    assert shapes.falling(around(X, -X[:, None], 1e-3)).least[0] == 0


@pytest.mark.parametrize(("sign", "verdict"), [(1, "holds"), (-1, "departs")])
def test_a_tilt_with_the_wrong_sign(sign, verdict):
    for token in (0, 3):
        found = compare("tilt", X, tilted(sign * ODDS)[:, token], log_probs=LAW, log_odds=ODDS, token=token)
        assert found.verdict == verdict
        if verdict == "departs":
            assert found.witness is not None
            assert abs(found.witness["strengths"][0]) == 4


def test_a_plateau_that_is_missing():
    tail = X >= 2
    for values, reached in ((np.tanh(4 * X), True), (np.tanh(4 * X) + 0.1 * X, False)):
        found = shapes.flat(around(X, values[:, None], 1e-6)[tail], within=1e-3)
        assert (found.least[0] == 0) == reached
        if not reached:
            assert X[tail][found.witness[0]].tolist() == [X[tail][0], 4]
            assert found.least[0] == pytest.approx((0.2 - 1e-3) / 2, rel=1e-3)


def test_an_asymmetric_u():
    """It is a U, but not the parabola that was predicted: the steeper side shows it."""
    values = np.where(X < 0, 0.5 * X**2, 0.9 * X**2)[:, None]
    band = around(X, values, 1e-6)
    assert shapes.valley(band).most[0] < 1e-3
    found = shapes.close(band, 0.5 * X[:, None] ** 2, 0.05 * np.abs(X[:, None]) ** 3)
    assert found.least[0] > 0
    assert X[found.witness[0, 0]] > 1


def test_a_shifted_minimum():
    band = around(X, ((X - 0.75) ** 2)[:, None], 1e-6)
    lower, upper = peak_intervals(-band)[0]
    assert 0 < lower <= 0.75 <= upper
    right = X >= -1e-9
    found = shapes.rising(band[right])
    assert X[right][found.witness[0]] == pytest.approx([0, 0.75], abs=STEP)
    assert shapes.rising(around(X, (X**2)[:, None], 1e-6)[right]).least[0] == 0


def test_a_broken_order_of_peaks():
    peaks, odds = np.array([-1.0, 1.5, 0.5]), np.array([0.0, 1.0, 2.0])
    intervals = peak_intervals(around(X, -((X[:, None] - peaks) ** 2), 1e-6))
    found = ordered_peaks(intervals, odds)
    assert found.witness[0].tolist() == [1, 2]
    assert found.least[0] == pytest.approx(0.5, abs=STEP)


def test_the_noise_of_a_saturated_sample_is_no_departure():
    """Where every completion complies but a few, differences change sign all the time."""
    strengths = np.arange(30.0)
    truth = np.minimum(0.2 + 0.08 * strengths, 0.97)
    rng, trials, alarms, wiggles = np.random.default_rng(0), 40, 0, 0
    for _ in range(40):
        successes = rng.binomial(trials, truth)
        found = compare("target_increases", strengths, successes / trials, trials=np.full(30, trials))
        alarms += found.verdict == "departs"
        wiggles += (np.diff(successes) < 0).any()
    assert wiggles == 40
    assert alarms <= 2
    late = np.where(strengths < 25, truth, 0.4)
    found = compare("target_increases", strengths, rng.binomial(trials, late) / trials, trials=np.full(30, trials))
    assert found.verdict == "departs"
    assert found.witness is not None
    assert found.witness["strengths"][1] >= 25


def test_a_late_fall_of_a_judged_concept_over_contexts_and_its_level():
    rng, x = np.random.default_rng(1), X[::8]
    truth = np.where(x < 3, 0.5 + 0.4 * np.tanh(x), 0.3)
    answers = (rng.random((80, x.size)) < truth).astype(float)
    lower, upper = bounded_mean_band(answers)
    found = shapes.rising(Band(strengths=x, lower=lower[:, None], upper=upper[:, None]))
    assert found.least[0] > 0
    assert x[found.witness[0, 1]] >= 3

    successes = answers.sum(axis=0)[:, None]
    level = ruled_out_from(shapes.rising, x, lambda levels: clopper_pearson(successes, 80, levels / x.size), 1)
    assert level[0] < 1e-3


def test_a_late_fall_hidden_by_contexts_of_unlike_height_shows_once_they_are_centred():
    rng = np.random.default_rng(2)
    truth = np.where(X < 3, np.tanh(X), 0.2)
    samples = truth + rng.normal(0, 3, size=(8, 1)) + rng.normal(0, 0.1, size=(8, 81))
    outcomes = []
    for replicates in (samples, centred(samples)):
        lower, upper = mean_band(replicates)
        outcomes.append(shapes.rising(Band(strengths=X, lower=lower[:, None], upper=upper[:, None])))
    assert outcomes[0].least[0] == 0
    assert outcomes[1].least[0] > 0
    assert X[outcomes[1].witness[0, 1]] >= 3
