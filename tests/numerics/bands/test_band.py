"""Rounding bands against float64."""

import numpy as np
import pytest

from numerics.bands.band import calibrate, rounding_halfwidth


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
    assert (
        calibrate(high.astype(np.float32), high.astype(np.float32).astype(np.float64)) == 1
    )  # never below one rounding
    with pytest.raises(ValueError, match="float64"):
        calibrate(low, low)
    with pytest.raises(ValueError, match="same values twice"):
        calibrate(low, high[:5])
