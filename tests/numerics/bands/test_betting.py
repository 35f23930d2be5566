"""The bound by betting is where the capital, worked out in many digits, is just enough."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.bands.betting import BETS, CLOSE, least_mean

ENOUGH = float(np.log(40))
SAMPLES = st.lists(
    st.one_of(st.just(0.0), st.just(1.0), st.floats(1e-200, 1), st.floats(-200, 0).map(lambda x: 10.0**x)),
    min_size=1,
    max_size=12,
)


def capital(samples, m):
    """log K(m), by the definition."""
    each = [mp.fprod(1 + mp.mpf(float(g)) * (mp.mpf(x) / m - 1) for x in samples) for g in BETS]
    return mp.log(mp.fsum(each) / len(each))


@given(samples=SAMPLES, enough=st.floats(0.01, 30))
def test_the_capital_is_just_enough_there(samples, enough):
    (bound,) = least_mean(np.array(samples)[:, None], enough)
    if not any(samples):
        assert bound == 0
        return
    with mp.workdps(400):
        at = mp.mpf(float(bound))
        assert capital(samples, at) >= enough
        assert capital(samples, at * (1 + 4 * CLOSE)) < enough


@given(samples=st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=6), data=st.data())
def test_order_and_company_change_nothing(samples, data):
    table = np.array(samples).T
    together = least_mean(table, ENOUGH)
    order, columns = data.draw(st.permutations(range(3))), data.draw(st.permutations(range(len(samples))))
    assert np.array_equal(least_mean(table[order][:, columns], ENOUGH), together[columns])
    alone = [least_mean(table[:, [n]], ENOUGH)[0] for n in range(len(samples))]
    assert alone == pytest.approx(together.tolist(), rel=2 * CLOSE)


def test_many_at_once_are_those_of_few(monkeypatch):
    table = np.random.default_rng(0).random((5, 40))
    whole = least_mean(table, ENOUGH)
    monkeypatch.setattr("numerics.bands.betting.AT_ONCE", 700)
    assert least_mean(table, ENOUGH) == pytest.approx(whole, rel=2 * CLOSE)
