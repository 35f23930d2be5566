"""The row by which a class of shapes is exceeded, against every choice of points, from either end."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.bands.exceeding import FROM_BETWEEN, FROM_BUMP, FROM_CONVEX, from_turning
from zigzags_by_hand import largest, tables


def rows_of(shape, x, table, allowed):
    """The first row by which a class is exceeded, and the last one from which it is, of a table."""
    size = len(x)
    return shape.passed(x, *table, allowed), size - 1 - shape.passed_backwards(x, *table, allowed)


def with_rows_left_out(table, out):
    high, low = (side.copy() for side in table)
    high[out], low[out] = -np.inf, np.inf
    return high, low


@pytest.mark.parametrize("n", [0, 1, 2, 3])
@settings(max_examples=30, deadline=None)
@given(table=tables(least=1, most=8), tolerance=st.sampled_from([0.0, 0.125, 0.5]), out=st.sets(st.integers(0, 7)))
def test_turns_are_exceeded_by_the_row_that_ends_a_zigzag(n, table, tolerance, out):
    high, low = table
    size, curves = high.shape
    allowed = tolerance + np.arange(curves) / 8
    kept = np.setdiff1d(np.arange(size), list(out))
    left_out = with_rows_left_out(table, np.setdiff1d(np.arange(size), kept))
    found, back = rows_of(from_turning(n), np.arange(float(size)), left_out, allowed)
    for row in range(size):
        before, after = (largest(high[some], low[some], n + 2) for some in (kept[kept <= row], kept[kept >= row]))
        assert (found <= row).tolist() == (before / 2 > allowed).tolist()
        assert (back >= row).tolist() == (after / 2 > allowed).tolist()
    assert (found <= size).all()
    assert (back >= -1).all()


@settings(max_examples=100, deadline=None)
@given(
    table=tables(least=1, most=8),
    tolerance=st.sampled_from([0.0, 0.125, 0.5]),
    out=st.sets(st.integers(0, 7), max_size=2),
    steps=st.lists(st.tuples(st.sampled_from([0, 1, 1, 2, 3]), st.sampled_from([0, 1, 1, 2, 3])), max_size=8),
    middle=st.integers(0, 8),
)
def test_windows_that_widen_exceed_from_the_first_that_holds_a_dip(table, tolerance, out, steps, middle):
    """The windows grow by some rows at either end, or by none; the first is empty."""
    high, low = table
    size, curves = high.shape
    allowed = tolerance + np.arange(curves) / 8
    left_out = with_rows_left_out(table, [row for row in out if row < size])
    ends = [(min(middle, size), min(middle, size))]
    for left, right in steps:
        begin, end = ends[-1]
        ends.append((max(begin - left, 0), min(end + right, size)))
    start, stop = np.array(ends).T
    kept = [[row for row in range(begin, end) if row not in out] for begin, end in ends]
    dips = [largest(high[rows], low[rows], 3) / 2 > allowed for rows in kept]
    expected = [next((n for n, dip in enumerate(dips) if dip[curve]), len(ends)) for curve in range(curves)]
    assert FROM_BUMP.widening is not None
    assert FROM_BUMP.widening(*left_out, allowed, start, stop).tolist() == expected
    assert FROM_BUMP.widening(*left_out, allowed, start[:0], stop[:0]).tolist() == [0] * curves


@pytest.mark.parametrize(
    "heights", [(1, 0, 0.5), (0.5, 0, 1), (0.75, 0, 0.5), (0.5, 0, 0.5), (0.75, 0, 1), (1, 0.5, 0)]
)
def test_a_dip_of_just_what_is_allowed_exceeds_in_no_order_of_its_rows(heights):
    table = np.array(heights)[:, None]
    for begin in range(4):
        for on_the_left in itertools.combinations(range(3), begin):
            steps = np.isin(range(3), on_the_left)
            start, stop = begin - np.append(0, np.cumsum(steps)), begin + np.append(0, np.cumsum(~steps))
            assert FROM_BUMP.widening is not None
            (found,) = FROM_BUMP.widening(table, table, np.array([0.25]), start, stop)
            assert found == (3 if heights == (0.75, 0, 1) else 4)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(1, 7),
    farthest=st.booleans(),
    tolerance=st.sampled_from([0.0, 0.3]),
    out=st.sets(st.integers(0, 6)),
)
def test_convexity_is_exceeded_by_the_row_that_ends_the_chord(seed, size, farthest, tolerance, out):
    generator = np.random.default_rng(seed)
    x, centre = np.cumsum(generator.random(size) + 0.1), generator.normal(size=(size, 3))
    table = (centre + 0.2, centre - 0.2) if farthest else (centre - 0.2, centre + 0.2)
    allowed = tolerance + np.arange(3) / 8
    found, back = rows_of(FROM_CONVEX, x, with_rows_left_out(table, [row for row in out if row < size]), allowed)
    high, low = table
    threes = [rows for rows in itertools.combinations(range(size), 3) if not out & set(rows)]

    def height(rows):
        i, j, k = rows
        return high[j] - (low[i] * (x[k] - x[j]) + low[k] * (x[j] - x[i])) / (x[k] - x[i])

    exceeding = {rows: height(rows) / 2 > allowed for rows in threes}
    for curve in range(3):
        assert found[curve] == min((rows[2] for rows, is_so in exceeding.items() if is_so[curve]), default=size)
        assert back[curve] == max((rows[0] for rows, is_so in exceeding.items() if is_so[curve]), default=-1)


X = np.arange(3.0)


@pytest.mark.parametrize(
    ("high", "low", "allowed", "exceeds"),
    [
        ([0, 1, 0], [0, 1, 0], 0.5, False),  # twice what is allowed is not more than that
        ([0, 1.25, 0], [0, 1.25, 0], 0.5, True),
        ([0, 1, 0.5], [0, 0, 0.5], 0.25, True),  # the farthest curve, known exactly at the ends
        ([0, 0, 0.5], [0, 1, 0.5], 0.0, False),  # the nearest one
        ([0, 3, 0], [0.5, np.inf, 0.5], 1.0, True),  # nobody knows how high the middle is, but at least so high
        ([0, 3, 0], [0.5, np.inf, 0.5], 1.25, False),
    ],
)
def test_a_point_above_a_chord_is_more_than_twice_what_is_allowed(high, low, allowed, exceeds):
    table = np.array(high, float)[:, None], np.array(low, float)[:, None]
    found, back = rows_of(FROM_CONVEX, X, table, np.array([allowed]))
    assert (found.tolist(), back.tolist()) == (([2], [0]) if exceeds else ([3], [-1]))


def test_distances_are_exceeded_by_the_first_row_that_is_farther_off():
    distance = np.array([[0.0, 3.0, 1.0], [2.0, 0.0, 1.0], [3.0, 0.0, 0.5]])
    found, back = rows_of(FROM_BETWEEN, np.arange(3.0), (distance, distance), np.array([1.0, 1.0, 1.0]))
    assert found.tolist() == [1, 0, 3]
    assert back.tolist() == [2, 0, -1]
