"""What a budget allows, against SciPy's relative entropy, and against events of enumerated distributions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr, softmax

from numerics.reweighting.budget import binary_kl, highest_chance

CHANCES = st.one_of(st.floats(0, 1, allow_subnormal=False), st.sampled_from([0.0, 1.0, 1e-300, 1 - 2**-53]))


@given(CHANCES, CHANCES)
def test_binary_divergence(f, f0):
    expected = rel_entr(f, f0) + rel_entr(1 - f, 1 - f0)
    assert binary_kl(f, f0) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@given(CHANCES, st.floats(0, 50))
def test_the_highest_chance_spends_the_budget(f0, nats):
    f = highest_chance(f0, nats)
    assert f0 <= f <= 1
    assert binary_kl(f, f0) <= nats + 1e-9
    if f0 > 0 and f < 1 and f0 < 1:
        assert binary_kl(f, f0) == pytest.approx(nats, rel=1e-6, abs=1e-9)


@given(st.integers(0, 10**6), st.floats(-5, 5))
def test_no_event_becomes_likelier_than_that(seed, alpha):
    random = np.random.default_rng(seed)
    base, push = random.normal(size=(2, 8))
    p0, p = softmax(base), softmax(base + alpha * push)
    nats = rel_entr(p, p0).sum()
    for event in random.random((20, 8)) < 0.5:
        assert p[event].sum() <= highest_chance(min(p0[event].sum(), 1.0), max(nats, 0.0)) + 1e-12


def test_the_example_of_the_docstring_and_what_is_no_chance():
    assert highest_chance(0.01, 0.5) == pytest.approx(0.222, abs=5e-4)
    for wrong in (lambda: highest_chance(0.1, -1.0), lambda: highest_chance(0.1, np.nan), lambda: binary_kl(1.2, 0.5)):
        with pytest.raises(ValueError, match="expected"):
            wrong()
