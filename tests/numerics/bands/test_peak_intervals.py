"""Where peaks may lie and whether they are in order, against linear programmes and every choice of peaks."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from numerics.bands.band import Band, around
from numerics.bands.peak_intervals import ordered_peaks, peak_intervals


@st.composite
def bands(draw: st.DrawFn) -> Band:
    m = draw(st.integers(2, 6))
    low, width = (draw(arrays(np.float64, m, elements=st.integers(a, b).map(float))) for a, b in ((-4, 4), (0, 3)))
    return Band(strengths=np.arange(m, dtype=float), lower=low[:, None], upper=(low + width)[:, None])


def can_peak_after(band: Band, k: int) -> bool:
    """Whether some curve in the band rises over the first k points and falls over the others: a linear programme."""
    m = len(band.strengths)
    rows = [np.eye(m)[i] - np.eye(m)[i + 1] for i in range(k - 1)]
    rows += [np.eye(m)[i + 1] - np.eye(m)[i] for i in range(k, m - 1)]
    limits = list(zip(band.lower[:, 0], band.upper[:, 0], strict=True))
    return linprog(
        np.zeros(m), A_ub=np.array([np.zeros(m), *rows]), b_ub=np.zeros(len(rows) + 1), bounds=limits
    ).success


@settings(max_examples=60, deadline=None)
@given(band=bands())
def test_peak_interval_is_the_union_of_the_gaps_where_a_bump_may_peak(band):
    feasible = [k for k in range(len(band.strengths) + 1) if can_peak_after(band, k)]
    lower, upper = peak_intervals(band)[0]
    if not feasible:
        assert np.isnan([lower, upper]).all()
        return
    ends = np.concatenate([[-np.inf], band.strengths, [np.inf]])
    assert (lower, upper) == (ends[feasible[0]], ends[feasible[-1] + 1])


def test_peak_intervals_of_known_bumps_hold_their_peaks():
    rng = np.random.default_rng(0)
    x, peaks = np.linspace(-4, 4, 40), rng.uniform(-6, 6, 200)
    intervals = peak_intervals(around(x, -((x[:, None] - peaks) ** 2), 1e-3))
    assert (intervals[:, 0] <= peaks).all()
    assert (peaks <= intervals[:, 1]).all()
    inside = np.abs(peaks) < 3.5
    assert np.diff(intervals[inside], axis=1).max() <= 3 * (x[1] - x[0]) + 1e-9
    assert (intervals[peaks > 4.2, 1] == np.inf).all()
    assert (intervals[peaks < -4.2, 0] == -np.inf).all()


starts_widths_keys = st.tuples(st.integers(-5, 5), st.integers(0, 9), st.integers(0, 3))


@settings(max_examples=100, deadline=None)
@example([(1, 1, 0), (0, 9, 0), (-1, 2, 1)])  # least of all in order by the first, most of all by the second
@given(st.lists(starts_widths_keys, min_size=2, max_size=5))
def test_order_of_peaks_against_every_choice_of_peaks(drawn):
    intervals = np.array([(a, a + width) for a, width, _ in drawn], float)
    keys = np.array([key for *_, key in drawn], float)
    if len(set(keys)) < 2:
        return
    found = ordered_peaks(intervals, keys)
    n = len(keys)
    earlier = [(a, b) for a, b in itertools.permutations(range(n), 2) if keys[a] < keys[b]]
    rows = [np.append(np.eye(n)[a] - np.eye(n)[b], 0.0) for a, b in earlier]
    bounds = [np.append(sign * np.eye(n)[i], -1.0) for sign in (1, -1) for i in range(n)]
    limits = np.concatenate([np.zeros(len(rows)), intervals[:, 1], -intervals[:, 0]])
    cost = np.append(np.zeros(n), 1.0)
    shift = linprog(cost, A_ub=np.array(rows + bounds), b_ub=limits, bounds=[(None, None)] * (n + 1)).fun
    assert found.least[0] == pytest.approx(max(shift, 0), abs=1e-9)
    worst = max(p[a] - p[b] for p in itertools.product(*intervals) for a, b in earlier)
    assert found.most[0] == max(worst, 0) / 2
    if found.most[0] > 0:
        first, second = found.witness[0]
        assert keys[first] < keys[second]
        pair = ordered_peaks(intervals[[first, second]], keys[[first, second]])
        assert (pair.least[0], found.least[0] or pair.most[0]) == (found.least[0], found.least[0] or found.most[0])


def test_a_broken_order_of_peaks_is_seen_and_names_the_two():
    x = np.linspace(-4, 4, 161)
    keys = np.array([0.3, -1.0, 0.1, 2.0])
    peaks = np.array([0.5, -2.0, 1.5, 3.0])
    band = around(x, -((x[:, None] - peaks) ** 2), 1e-6)
    found = ordered_peaks(peak_intervals(band), keys)
    assert found.witness[0].tolist() == [2, 0]
    assert found.least[0] == pytest.approx(0.5, abs=0.06)
    mended = ordered_peaks(peak_intervals(band), np.array([0.1, -1.0, 0.3, 2.0]))
    assert mended.least[0] == mended.most[0] == 0


def test_peaks_beyond_the_window_leave_the_order_open_and_no_bumps_are_left_out():
    x = np.linspace(-1, 1, 21)
    values = np.stack([x, 2 * x, -(x**2), np.cos(9 * x)], axis=1)
    intervals = peak_intervals(around(x, values, 1e-9))
    found = ordered_peaks(intervals, np.array([1.0, 2.0, 0.0, -9.0]))
    assert np.isnan(intervals[3]).all()
    assert (found.least[0], found.most[0]) == (0, np.inf)


@given(st.lists(starts_widths_keys, min_size=2, max_size=5), st.lists(st.sampled_from(["both", 0, 1]), max_size=3))
def test_curves_that_are_no_bumps_or_half_known_are_left_out(drawn, unknown):
    keys = np.array([key for *_, key in drawn], float)
    assume(len(set(keys)) > 1)
    intervals = np.array([(a, a + width) for a, width, _ in drawn], float)
    more = np.array([[np.nan if which in (end, "both") else 0.0 for end in (0, 1)] for which in unknown])
    found = ordered_peaks(
        np.vstack([more.reshape(-1, 2), intervals]), np.concatenate([np.arange(len(more)) * 1.0, keys])
    )
    alone = ordered_peaks(intervals, keys)
    assert (found.least[0], found.most[0]) == (alone.least[0], alone.most[0])
    assert (found.witness - len(more)).tolist() == alone.witness.tolist()


def test_orders_of_nothing_are_refused():
    with pytest.raises(ValueError, match="at least 2 different keys, got 1"):
        ordered_peaks(np.zeros((3, 2)), np.zeros(3))
    with pytest.raises(ValueError, match="one pair for each of the 4 keys"):
        ordered_peaks(np.zeros((3, 2)), np.zeros(4))
