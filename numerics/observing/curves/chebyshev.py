r"""Interpolation in Chebyshev points of the second kind, on [-1, 1].

    t_k = -cos(pi k / (n - 1)),                                         k = 0 .. n - 1, ascending, both ends included
    p(t) = sum_k w_k f_k / (t - t_k)  /  sum_k w_k / (t - t_k),         w_k = (-1)^k, halved at the ends

is the polynomial of degree n - 1 through the values f_k, in the barycentric form, which is stable. The points of n are
every m-th of the points of m (n - 1) + 1, so that no value is lost when the number is raised. All in float64.

Source: J.-P. Berrut and L. N. Trefethen, Barycentric Lagrange interpolation, SIAM Review 46 (2004).
"""

from functools import cache

import numpy as np
from jaxtyping import Float
from scipy.fft import dct


@cache
def points(n: int) -> Float[np.ndarray, " n"]:
    """The n points, exactly antisymmetric about 0; `points(2 n - 1)[::2]` are `points(n)` to the last bit."""
    return np.sin(np.pi * (np.arange(n) - (n - 1) / 2) / (n - 1))


@cache
def weights(n: int) -> Float[np.ndarray, " n"]:
    """The barycentric weights `w_k`."""
    signs = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    signs[[0, -1]] /= 2
    return signs


def interpolation(n: int, t: Float[np.ndarray, " at"]) -> Float[np.ndarray, "at n"]:
    """The matrix that takes values at the n points to values of their polynomial at `t`; its rows sum to 1."""
    gaps = t[:, None] - points(n)
    hit = gaps == 0
    shares = weights(n) / np.where(hit, 1.0, gaps)
    shares = np.where(hit.any(axis=1, keepdims=True), hit, shares)
    return shares / shares.sum(axis=1, keepdims=True)


@cache
def differentiation(n: int) -> Float[np.ndarray, "n n"]:
    """The matrix that takes values at the n points to derivatives of their polynomial there.

    `D_jk = (w_k / w_j) / (t_j - t_k)` off the diagonal, and rows that sum to 0: a constant has derivative 0 exactly.
    The largest entries grow as n^2, towards the ends: so does what rounding in the values does to derivatives there.
    """
    gaps = points(n)[:, None] - points(n)
    np.fill_diagonal(gaps, 1.0)
    matrix = weights(n) / weights(n)[:, None] / gaps
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return matrix


def coefficients(values: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    """`a_k` with `p(t) = sum_k a_k T_k(t)` through values at the n points, by a fast cosine transform."""
    series = np.asarray(dct(values[::-1], type=1, axis=0)) / (len(values) - 1)
    series[[0, -1]] /= 2
    return series
