"""Interpolation in Chebyshev points against NumPy's Chebyshev series."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import chebyshev as series

from numerics.observing.curves import chebyshev

SIZES = st.integers(2, 200)
AT = np.concatenate([np.linspace(-1, 1, 41), [0.3141592653589793, 1 - 1e-15]])


def polynomial(n, seed=0):
    """A Chebyshev series of degree n - 1 whose coefficients decay, and its values at the points."""
    coefficients = np.random.default_rng(seed).normal(size=n) * 0.9 ** np.arange(n)
    return coefficients, series.chebval(chebyshev.points(n), coefficients)


@given(SIZES, st.integers(1, 5))
def test_points_are_kept_when_there_are_more(n, times):
    more = chebyshev.points(times * (n - 1) + 1)
    np.testing.assert_allclose(more[::times], chebyshev.points(n), atol=2e-16)
    assert np.array_equal(chebyshev.points(2 * n - 1)[::2], chebyshev.points(n))
    assert np.array_equal(more, -more[::-1])
    assert more[0] == -1
    assert (np.diff(more) > 0).all()


@given(SIZES)
def test_the_polynomial_is_the_one(n):
    coefficients, values = polynomial(n)
    at = np.concatenate([AT, chebyshev.points(n)])
    scale = np.abs(coefficients).sum()
    ours = chebyshev.interpolation(n, at) @ values
    assert np.abs(ours - series.chebval(at, coefficients)).max() <= 1e-14 * scale
    assert np.array_equal(ours[len(AT) :], values)
    assert np.abs(chebyshev.coefficients(values[:, None])[:, 0] - coefficients).max() <= 1e-14 * scale


@given(SIZES)
def test_derivatives_at_the_points(n):
    """The matrix has rows of absolute sum up to n^2, so a value's rounding error grows by as much.

    Of units in the last place (2^-53) an entry of the matrix may lose 4 (two sines, their product, a quotient), a
    value 4 (its terms and their sum), and the product of both 8, the depth of a sum of 200 terms in halves: how a
    BLAS orders it is its own affair.
    """
    bound = 16 * 2.0**-53 * n**2
    coefficients, values = polynomial(n)
    expected = series.chebval(chebyshev.points(n), series.chebder(coefficients))
    ours = chebyshev.differentiation(n) @ values
    assert np.abs(ours - expected).max() <= bound * np.abs(coefficients).sum()
    assert np.abs(chebyshev.differentiation(n) @ np.ones(n)).max() <= bound


@pytest.mark.parametrize("n", [9, 33])
def test_an_analytic_function_to_its_rate(n):
    """1/(1 + 4 t^2) has poles at +-i/2: errors fall as 1.618^-n."""
    f = lambda t: 1 / (1 + 4 * t * t)  # noqa: E731
    error = np.abs(chebyshev.interpolation(n, AT) @ f(chebyshev.points(n)) - f(AT)).max()
    assert 0.1 < error / (0.5 + 1.25**0.5) ** -n < 10
