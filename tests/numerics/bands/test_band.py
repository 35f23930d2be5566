"""Rounding bands against float64, and bands and strengths that are none."""

import numpy as np
import pytest

from numerics.bands.band import Band, around, calibrate, check_strengths, rounding_halfwidth


def test_halfwidth_scales_with_dtype_factor_and_scale():
    assert rounding_halfwidth(np.float64, 3.0, 2.0) == 6 * np.finfo(np.float64).eps
    assert rounding_halfwidth(np.float32, np.array([1.0, 2.0]), 1.0).tolist() == [2.0**-23, 2.0**-22]
    assert rounding_halfwidth("bfloat16", 1.0, 1.0) == 2.0**-7
    assert rounding_halfwidth(np.int64, 5.0) == rounding_halfwidth(np.bool_, 5.0) == 0
    assert rounding_halfwidth(np.int64, np.zeros(2)).tolist() == [0, 0]
    assert rounding_halfwidth(np.float32, 1.0) == 16 * 2.0**-23  # what docs promise of bands that nobody calibrated
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
    assert calibrate(low, high, scale=1.0) == 4 * calibrate(low, high, scale=1.0, margin=1.0)
    assert calibrate(low, high, margin=1.0) == pytest.approx(20, abs=1)  # the largest value is 2
    low[1:] = high[1:]
    assert calibrate(low, high, scale=1.0, margin=1.0) == pytest.approx(40, abs=2)
    assert calibrate(low[1:2], low[1:2].astype(np.float64)) == 1
    with pytest.raises(ValueError, match="same values twice"):
        calibrate(low[:0], high[:0])
    with pytest.raises(ValueError, match="float64"):
        calibrate(low, low)
    with pytest.raises(ValueError, match="same values twice"):
        calibrate(low, high[:5])


@pytest.mark.parametrize(
    ("lower", "upper", "says"),
    [
        ([0.0, np.nan], [1.0, 1.0], "not a number at strength 2: lower nan, upper 1$"),
        ([0.0, 0.0], [1.0, np.nan], "not a number at strength 2: lower 0, upper nan$"),
        ([1.0, 2.0], [1.0, 1.0], "lower bound above its upper bound at strength 2: lower 2, upper 1$"),
        ([-np.inf, -np.inf], [1.0, -np.inf], "infinite at strength 2: lower -inf, upper -inf$"),
        ([0.0, np.inf], [np.inf, np.inf], "infinite at strength 2: lower inf, upper inf$"),
    ],
)
def test_what_is_no_band_is_refused_by_strength_and_by_curve(lower, upper, says):
    x = np.array([1.0, 2.0])
    with pytest.raises(ValueError, match=says):
        Band(strengths=x, lower=np.array(lower)[:, None], upper=np.array(upper)[:, None])
    more = [np.stack([np.zeros(2), bound], axis=1) for bound in (lower, upper)]
    with pytest.raises(ValueError, match=says.replace(":", r" \(curve 1\):")):
        Band(strengths=x, lower=more[0], upper=more[1])


@pytest.mark.parametrize("shape", [(2,), (3, 2), (2, 2, 2)])
def test_bounds_have_one_row_a_strength(shape):
    with pytest.raises(ValueError, match=r"one shape \[strengths, curves\] with 2 strengths"):
        Band(strengths=np.arange(2.0), lower=np.zeros(shape), upper=np.zeros(shape))
    with pytest.raises(ValueError, match=r"got \(2, 1\) and \(2, 2\)"):
        Band(strengths=np.arange(2.0), lower=np.zeros((2, 1)), upper=np.zeros((2, 2)))


def test_one_strength_is_enough_unless_more_are_asked_for_and_each_has_one_number():
    one = around(np.zeros(1), np.ones((1, 1)), 0.25)
    assert (one.lower.tolist(), one.upper.tolist()) == ([[0.75]], [[1.25]])
    assert around(np.zeros(1), np.zeros((1, 0)), 0.25).lower.shape == (1, 0)
    check_strengths(np.arange(2.0), least=2)
    with pytest.raises(ValueError, match="2 strengths given, at least 3"):
        check_strengths(np.arange(2.0), least=3)
    with pytest.raises(ValueError, match="expected one dimension"):
        check_strengths(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="strength number 2 is not finite"):
        check_strengths(np.array([0.0, 1.0, np.inf]))
    with pytest.raises(ValueError, match=r"1 comes before 0\.5"):
        check_strengths(np.array([0.0, 1.0, 0.5, 2.0]))
    with pytest.raises(ValueError, match="1 is given twice"):
        check_strengths(np.array([0.0, 1.0, 1.0]))


def test_a_band_may_have_no_width_or_no_end_on_its_own_side():
    for lower, upper in ((0.0, 0.0), (-np.inf, 0.0), (0.0, np.inf), (-np.inf, np.inf)):
        band = Band(strengths=np.arange(2.0), lower=np.full((2, 1), lower), upper=np.full((2, 1), upper))
        assert (band.lower[0, 0], band.upper[1, 0]) == (lower, upper)


def test_bands_are_turned_lowered_and_cut():
    band = Band(
        strengths=np.arange(3.0), lower=np.arange(6.0).reshape(3, 2), upper=10 + 2 * np.arange(6.0).reshape(3, 2)
    )
    assert (-band).lower.tolist() == [[-10, -12], [-14, -16], [-18, -20]]
    assert (-band).upper.tolist() == [[0, -1], [-2, -3], [-4, -5]]
    less = band.less(np.array([[1.0], [2.0], [3.0]]))
    assert less.lower.tolist() == [[-1, 0], [0, 1], [1, 2]]
    assert less.upper.tolist() == [[9, 11], [12, 14], [15, 17]]
    some = band[np.array([True, False, True])].columns([1])
    assert (some.strengths.tolist(), some.lower.tolist(), some.upper.tolist()) == ([0, 2], [[1], [5]], [[12], [20]])
