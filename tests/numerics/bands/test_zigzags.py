"""The largest zigzag and the first row that shows one, against every choice of points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.bands.zigzags import first_zigzag, largest_zigzag
from zigzags_by_hand import largest, tables


def steps_of(high, low, curve, points):
    heights = [(high, low)[at % 2][row, curve] for at, row in enumerate(points)]
    return np.abs(np.diff(heights))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
@settings(max_examples=30, deadline=None)
@given(table=tables(least=1, most=8), grain=st.sampled_from([0.0, 1e-13, 0.1]))
def test_the_largest_zigzag_is_the_largest_of_all_and_its_points_have_its_size(n, table, grain):
    jitter = grain * np.random.default_rng(0).random(table[0].shape)
    high, low = (side + jitter for side in table)
    size, points = largest_zigzag(high, low, n)
    assert size.tolist() == np.maximum(largest(high, low, n + 2), 0).tolist()
    for curve in range(high.shape[1]):
        if size[curve] > 0:
            assert (np.diff(points[curve]) > 0).all()
            assert steps_of(high, low, curve, points[curve]).min() == size[curve]
        else:
            assert (points[curve] == -1).all()


@pytest.mark.parametrize("n", [0, 1, 2, 3])
@settings(max_examples=30, deadline=None)
@given(table=tables(least=1, most=8), threshold=st.sampled_from([0.0, 0.25, 1.0]))
def test_the_row_that_shows_a_zigzag_is_the_first_up_to_which_there_is_one(n, table, threshold):
    high, low = table
    points, shown = first_zigzag(high, low, n, np.full(high.shape[1], threshold))
    for rows in range(len(high) + 1):
        assert (shown < rows).tolist() == (largest(high[:rows], low[:rows], n + 2) > threshold).tolist()
    assert (shown <= len(high)).all()
    for curve in np.flatnonzero(shown < len(high)):
        assert (np.diff(points[curve]) > 0).all()
        assert steps_of(high, low, curve, points[curve]).min() > threshold
    assert (points[shown == len(high)] == -1).all()
