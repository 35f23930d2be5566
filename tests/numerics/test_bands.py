"""Rounding bands against float64, and statistical bands against simulation and scipy's own intervals."""

import numpy as np
import pytest
from scipy.stats import binomtest

from numerics.bands import calibrate, mean_band, proportion_band, rounding_halfwidth


def test_halfwidth_scales_with_dtype_factor_and_scale():
    assert rounding_halfwidth(np.float64, 3.0, 2.0) == 6 * np.finfo(np.float64).eps
    assert rounding_halfwidth(np.float32, np.array([1.0, 2.0]), 1.0).tolist() == [2.0**-23, 2.0**-22]
    assert rounding_halfwidth("bfloat16", 1.0, 1.0) == 2.0**-7
    assert rounding_halfwidth(np.int64, 5.0) == 0
    with pytest.raises(ValueError, match="complex128"):
        rounding_halfwidth(np.complex128, 1.0)


def test_calibrated_band_covers_fresh_float32_log_probabilities():
    rng = np.random.default_rng(0)

    def both(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        W, h = rng.normal(size=(500, 64)), rng.normal(size=(64, 40))
        low, high = (
            W.astype(np.float32) @ h.astype(np.float32),
            W.astype(np.float32).astype(float) @ h.astype(np.float32),
        )
        top = low - low.max(axis=0)
        low_log = top - np.log(np.exp(top).sum(axis=0, dtype=np.float32))
        exact = high - high.max(axis=0)
        return low_log, exact - np.log(np.exp(exact).sum(axis=0)), np.abs(high).max()

    low, high, scale = both(0)
    factor = calibrate(low, high, scale=scale)
    assert 1 <= factor < 64
    for seed in range(1, 6):
        low, high, scale = both(seed)
        assert (np.abs(low - high) <= rounding_halfwidth(np.float32, scale, factor)).all()


def test_calibration_measures_an_error_that_was_put_there():
    high = np.linspace(1.0, 2.0, 100)
    low = (high + 40 * np.finfo(np.float32).eps).astype(np.float32)
    assert calibrate(low, high, scale=1.0, margin=1.0) == pytest.approx(40, abs=2)
    with pytest.raises(ValueError, match="float64"):
        calibrate(low, low)
    with pytest.raises(ValueError, match="same values twice"):
        calibrate(low, high[:5])


def test_proportion_band_is_clopper_pearson_at_the_shared_level():
    successes = np.array([0, 3, 10, 20])
    lower, upper = proportion_band(successes, 20, level=0.08)
    for k, low, high in zip(successes, lower, upper, strict=True):
        interval = binomtest(int(k), 20).proportion_ci(confidence_level=1 - 0.08 / 4, method="exact")
        assert (low, high) == pytest.approx((interval.low, interval.high), abs=1e-12)
    with pytest.raises(ValueError, match="between 0 and the number of trials"):
        proportion_band(np.array([3]), 2)
    with pytest.raises(ValueError, match="between 0 and 1"):
        proportion_band(successes, 20, level=5)


def test_bands_miss_the_truth_no_more_often_than_stated():
    rng, level, rounds = np.random.default_rng(1), 0.2, 1000
    truth = np.array([0.01, 0.3, 0.5, 0.9])
    lower, upper = proportion_band(rng.binomial(30, truth[:, None], size=(4, rounds)), 30, level=level)
    missed = ((truth[:, None] < lower) | (truth[:, None] > upper)).any(axis=0).mean()
    assert missed <= level
    means = np.array([0.0, 1.0, -2.0])
    samples = rng.normal(means[:, None], 1.0, size=(4, 3, rounds))
    low, high = mean_band(samples, level=level)
    missed = ((means[:, None] < low) | (means[:, None] > high)).any(axis=0).mean()
    # Bonferroni over three independent strengths: 1 - (1 - level/3)^3 = 0.187; four standard errors of 1000 rounds
    assert missed == pytest.approx(0.187, abs=4 * np.sqrt(0.187 * 0.813 / rounds))


def test_weighted_mean_band_is_centred_on_the_weighted_mean():
    samples = np.array([[0.0, 1.0], [1.0, 3.0], [4.0, 2.0]])
    low, high = mean_band(samples, weights=np.array([2.0, 1.0, 1.0]))
    assert ((low + high) / 2).tolist() == pytest.approx([1.25, 1.75])
    equal, plain = mean_band(samples, weights=np.ones(3)), mean_band(samples)
    assert np.allclose(equal, plain)
    with pytest.raises(ValueError, match="at least 2 replicates"):
        mean_band(samples[:1])
