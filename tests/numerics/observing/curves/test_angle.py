"""The angle in which a normalised straight line is a circle."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from numerics.observing.curves.angle import AngleMap, map_of


@given(st.integers(0, 999), st.floats(-12, 12), st.floats(-12, 12), st.floats(0, 1))
def test_the_normed_line_is_a_circle(seed, h_size, v_size, floor):
    """x(tau) = a cos tau + b sin tau: three angles give every other, whatever the sizes and epsilon."""
    random = np.random.default_rng(seed)
    h, v = 10.0**h_size * random.normal(size=7), 10.0**v_size * random.normal(size=7)
    floor *= h @ h
    map_ = map_of(h[None], v[None], floor)
    assert map_ is not None
    angles = np.array([-1.5, -0.7, 0.1, 0.4, 1.2])
    line = h + map_.strength(angles)[:, None] * v
    x = line / np.sqrt(np.einsum("ad,ad->a", line, line) + floor)[:, None]
    basis = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    fit = basis @ np.linalg.lstsq(basis, x, rcond=None)[0]
    assert np.abs(fit - x).max() <= 1e-12


@given(st.floats(-10, 10), st.floats(1e-6, 1e6), st.floats(-100, 100))
def test_there_and_back_and_its_rate(middle, spread, alpha):
    """Strengths in units of the spread."""
    map_ = AngleMap(middle=middle * spread, spread=spread)
    at = spread * (alpha + np.array([0.0, -1e-5, 1e-5]))
    tau = map_.angle(at)
    assert np.abs(map_.strength(tau) - at).max() <= 1e-15 * (1 + (abs(alpha) + 10) ** 2) * spread
    rate = map_.rate(at)[0]
    assert abs((tau[2] - tau[1]) / (2e-5 * spread) - rate) <= 1e-9 / spread
    assert np.array_equal(map_.strength(np.array([-np.pi / 2, np.pi / 2])), [-np.inf, np.inf])


def test_what_the_norm_does_not_see_has_no_angle():
    h = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert map_of(h, np.zeros((2, 2)), 1e-5) is None
    both = map_of(h, np.array([[0.0, 0.0], [1.0, 0.0]]), 1e-5)
    assert both is not None
    np.testing.assert_allclose([both.middle, both.spread], [-3.0, (16 + 1e-5) ** 0.5])
