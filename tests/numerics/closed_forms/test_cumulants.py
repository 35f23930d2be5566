"""The public `cumulants`: shapes, normalisation, types."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from numerics import cumulants
from tilted_oracle import cumulants as exact_cumulants
from tilted_oracle import hard_laws, normalised


def test_two_points_are_hyperbolic() -> None:
    strengths = np.linspace(-3, 3, 7)
    found = cumulants(np.log([0.5, 0.5]), [-1.0, 1.0], strengths, order=3)
    tanh = np.tanh(strengths)
    expected = [np.log(np.cosh(strengths)), tanh, 1 - tanh**2, -2 * tanh * (1 - tanh**2)]
    np.testing.assert_allclose(found, expected, atol=1e-15)


def test_shapes_and_dtype() -> None:
    laws = normalised(np.random.default_rng(0).normal(size=(4, 3, 9))).astype(np.float32)
    found = cumulants(laws, np.arange(9), [0.0, 1.0], order=1)
    assert found.shape == (2, 4, 3, 2)
    assert found.dtype == jnp.float64
    np.testing.assert_allclose(found[0, ..., 0], 0, atol=1e-15)  # normalised to rounding, although float32 is not
    assert cumulants(laws[0, 0], np.arange(9), [0.0], order=0).shape == (1, 1)


def test_constant_log_odds_move_only_k() -> None:
    np.testing.assert_allclose(cumulants(np.log([0.2, 0.8]), [3.0, 3.0], [2.0]), [[6.0], [3.0], [0.0]], atol=1e-15)


def test_far_strengths_neither_overflow_nor_lose_the_bound() -> None:
    for law, odds in hard_laws().values():
        for strength in (-1e6, 1e6):
            found = cumulants(law, odds, [strength])
            assert jnp.isfinite(found).all()
            exact = float(exact_cumulants(law, odds, strength)[0])
            assert abs(found[0, 0] - exact) <= 1e-12 + 4 * np.finfo(float).eps * 1e6 * np.abs(odds).max()


def test_derivatives_are_those_of_jax() -> None:
    law, odds = hard_laws()["gaussian"]
    slope = jax.grad(lambda a: cumulants(law, odds, a[None])[0, 0])(jnp.array(0.8))
    assert slope == pytest.approx(float(cumulants(law, odds, [0.8])[1, 0]), rel=1e-13)


def test_order_is_checked() -> None:
    with pytest.raises(ValueError, match=r"^order: expected 0 or more derivatives, got -1"):
        cumulants(np.log([0.5, 0.5]), [0.0, 1.0], [0.0], order=-1)


def test_float32_in_float32_out_if_both_are() -> None:
    law, odds = (x.astype(np.float32) for x in hard_laws()["gaussian"])
    strengths = np.linspace(-3, 3, 9)
    found = cumulants(law, odds, strengths)
    assert found.dtype == jnp.float32
    exact = cumulants(law.astype(float), odds.astype(float), strengths)
    assert np.all(np.abs(found[0] - exact[0]) <= 1e-5 + 4 * np.finfo(np.float32).eps * np.abs(strengths).max() * 4)
    assert cumulants(law, odds.astype(float), strengths).dtype == jnp.float64
