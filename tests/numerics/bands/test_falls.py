"""Largest falls and deepest dips and where they are, against every choice of points, in chunks of few rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.bands import falls
from numerics.bands.falls import deepest_dip, find_dip, find_fall, largest_fall
from zigzags_by_hand import largest, tables, zigzags


@pytest.fixture(params=[1, 3, 32])
def chunks(request, monkeypatch):
    monkeypatch.setattr(falls, "CHUNK", request.param)


@pytest.mark.usefixtures("chunks")
@settings(max_examples=40, deadline=None)
@given(table=tables(least=2, most=9), above=st.sampled_from([-np.inf, -0.5, 0.0, 1.0]))
def test_a_fall_is_the_largest_of_all_pairs_and_names_its_first_bottom_and_the_highest_before(table, above):
    high, low = table
    size, points = find_fall(high, low, above)
    assert size.tolist() == largest_fall(high, low).tolist() == largest(high, low, 2).tolist()
    for curve, top in enumerate(high.T):
        bottoms = [j for (_, j), sizes in zigzags(high, low, 2) if sizes[curve] == size[curve] > above]
        bottom = min(bottoms, default=-1)
        assert points[curve].tolist() == ([int(top[:bottom].argmax()), bottom] if bottoms else [-1, -1])


@pytest.mark.usefixtures("chunks")
@settings(max_examples=40, deadline=None)
@given(table=tables(least=3, most=9), above=st.sampled_from([-np.inf, -0.5, 0.0, 1.0]))
def test_a_dip_is_the_deepest_of_all_triples_and_names_its_first_bottom_and_the_highest_about_it(table, above):
    high, low = table
    size, points = find_dip(high, low, above)
    assert size.tolist() == deepest_dip(high, low).tolist() == largest(high, low, 3).tolist()
    for curve, top in enumerate(high.T):
        bottoms = [j for (_, j, _), sizes in zigzags(high, low, 3) if sizes[curve] == size[curve] > above]
        expected = [-1, -1, -1]
        if bottoms:
            bottom = min(bottoms)
            last = len(top) - 1 - int(top[:bottom:-1].argmax())
            expected = [int(top[:bottom].argmax()), bottom, last]
        assert points[curve].tolist() == expected
