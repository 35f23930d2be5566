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


@given(st.floats(-1e3, 1e3), st.floats(1e-6, 1e6), st.floats(-1e5, 1e5))
def test_there_and_back_and_its_rate(middle, spread, alpha):
    map_ = AngleMap(middle=middle, spread=spread)
    tau = map_.angle(np.array([alpha]))
    assert abs(map_.strength(tau)[0] - alpha) <= 1e-14 * (1 + ((alpha - middle) / spread) ** 2) * spread + 1e-12
    assert map_.rate(np.array([alpha]))[0] <= 1 / spread
    step = 1e-4 * spread
    secant = map_.angle(np.array([middle + step]))[0] / step
    assert abs(secant / map_.rate(np.array([middle]))[0] - 1) < 1e-7
    assert np.array_equal(map_.strength(np.array([-np.pi / 2, np.pi / 2])), [-np.inf, np.inf])


def test_what_the_norm_does_not_see_has_no_angle():
    h = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert map_of(h, np.zeros((2, 2)), 1e-5) is None
    assert map_of(h[:1], 2 * h[:1], 0.0) is None or map_of(h[:1], 2 * h[:1], 0.0).spread < 1e-15
    both = map_of(h, np.array([[0.0, 0.0], [1.0, 0.0]]), 1e-5)
    assert both is not None
    np.testing.assert_allclose([both.middle, both.spread], [-3.0, (16 + 1e-5) ** 0.5])
