"""Slope, curvature, minimum and tails of the cross-entropy law against the law itself and fifty digits."""

from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics import cross_entropy_change, cross_entropy_shape
from tilted_oracle import cumulants, normalised


def draw(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    laws, data = (normalised(scale * rng.normal(size=(5, 7))) for scale in (2, 1))
    return laws, rng.standard_t(3, size=7), rng.random(5), data


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_minimum_is_where_the_exact_slope_vanishes(seed: int) -> None:
    laws, odds, weights, data = draw(seed)
    shape = cross_entropy_shape(laws, odds, weights, data)
    shares = [mp.mpf(w) / mp.fsum(weights) for w in weights]

    def slope(strength: float) -> Any:
        gaps = (cumulants(p, odds, strength)[1] - cumulants(r, odds, 0.0)[1] for p, r in zip(laws, data, strict=True))
        return mp.fsum(s * gap for s, gap in zip(shares, gaps, strict=True))

    width = 1e-11 * max(abs(shape.minimiser), 1 / np.ptp(odds))
    assert slope(shape.minimiser - width) < 0 < slope(shape.minimiser + width)
    assert shape.slope == pytest.approx(float(slope(0.0)), abs=1e-14 * np.abs(odds).max())
    curvature = mp.fsum(s * cumulants(p, odds, 0.0)[2] for s, p in zip(shares, laws, strict=True))
    assert shape.curvature == pytest.approx(float(curvature), rel=1e-12)
    around = cross_entropy_change(laws, odds, shape.minimiser + np.array([-0.01, 0, 0.01]), weights, data)
    assert around[1] == pytest.approx(shape.minimum, rel=1e-12, abs=1e-15)
    assert around[1] < min(around[0], around[2])
    assert shape.minimum <= 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_law_lies_within_its_bounds_and_above_its_tails(seed: int, own: bool) -> None:
    laws, odds, weights, data = draw(seed)
    arguments = (weights, None if own else data)
    shape = cross_entropy_shape(laws, odds, *arguments)
    strengths = np.concatenate([-np.geomspace(1e-3, 1e3, 20), np.geomspace(1e-3, 1e3, 20)]) / np.ptp(odds)
    change = np.asarray(cross_entropy_change(laws, odds, strengths, *arguments))
    lower, upper = shape.bounds(strengths)
    rounding = 1e-14 * (1 + np.abs(strengths) * np.ptp(odds))
    assert np.all(lower - rounding <= change)
    assert np.all(change <= upper + rounding)
    for tail in (shape.lower_tail, shape.upper_tail):
        assert np.all(change >= tail.intercept + tail.slope * strengths - 10 * rounding)
    gaps = np.diff(np.sort(odds))
    for end, tail, gap in ((-1, shape.lower_tail, gaps[0]), (1, shape.upper_tail, gaps[-1])):
        far = end * 60 / gap
        found = float(cross_entropy_change(laws, odds, [far], *arguments)[0])
        assert found == pytest.approx(tail.intercept + tail.slope * far, rel=1e-12)


def test_bounds_are_nearly_attained() -> None:
    """Two tokens of equal probability: log cosh, whose curvature is a quarter of the spread squared."""
    shape = cross_entropy_shape(np.log([[0.5, 0.5]]), [-1.0, 1.0])
    lower, upper = shape.bounds([0.1])
    assert lower[0] < np.log(np.cosh(0.1)) <= upper[0] == pytest.approx(0.005, rel=1e-12)
    assert (shape.slope, shape.curvature, shape.minimiser, shape.minimum) == (0, 1, 0, 0)


def test_where_there_is_no_minimum() -> None:
    law, odds = np.log([[0.25, 0.5, 0.25]]), [-1.0, 0.0, 1.0]
    above = cross_entropy_shape(law, odds, data=[2])
    assert (above.minimiser, above.minimum) == (np.inf, pytest.approx(np.log(0.25)))
    assert cross_entropy_shape(law, odds, data=[0]).minimiser == -np.inf
    assert cross_entropy_shape(law, odds, data=[1]).minimiser == pytest.approx(0, abs=1e-15)
    never = [[np.log(0.5), np.log(0.5), -np.inf]]
    assert cross_entropy_shape(never, odds, data=[2]).minimum == -np.inf
    assert cross_entropy_shape(law, [3.0, 3.0, 3.0], data=[2]).minimiser == 0
