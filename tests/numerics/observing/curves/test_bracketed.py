"""Many roots at once against SciPy's, one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from numerics.observing.curves.bracketed import roots_between

SHAPES = (
    lambda x, r: x - r,
    lambda x, r: np.tanh(40 * (x - r)),
    lambda x, r: (x - r) * (1 + 9 * (x - r) ** 2),
    lambda x, r: np.expm1(5 * (x - r)),
    lambda x, r: np.where(x < r, -1.0, 1.0),
)


@given(st.lists(st.tuples(st.sampled_from(SHAPES), st.floats(-0.99, 0.99)), min_size=1, max_size=20))
def test_all_are_found(cases):
    shapes, roots = [shape for shape, _ in cases], np.array([root for _, root in cases])
    asked = []

    def functions(x, which):
        asked.append(len(x))
        return np.array([shapes[i](at, roots[i]) for at, i in zip(x, which, strict=True)])

    low, high = -np.ones(len(cases)), np.ones(len(cases))
    found = roots_between(functions, low, high)
    for at, shape, root in zip(found, shapes, roots, strict=True):
        assert abs(at - brentq(shape, -1, 1, args=(root,), xtol=1e-15)) <= 2 * 2.0**-36 + 4e-15
    assert len(asked) <= 64


def test_smooth_roots_take_few_steps():
    asked = []

    def functions(x, which):
        asked.append(len(x))
        return np.cos(x) - x

    assert abs(roots_between(functions, np.array([0.0]), np.array([1.0]))[0] - 0.7390851332151607) < 1e-11
    assert len(asked) <= 10
