"""Departures on growing windows, against every triple of points and against `shapes` on each window."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from numerics.bands import outward, shapes
from numerics.bands.band import Band
from numerics.bands.outward import SIDES, within

QUARTERS = st.integers(-12, 12).map(lambda n: n / 4)


@st.composite
def bands(draw: st.DrawFn, *, curves: int = 8) -> Band:
    """Ragged bands over either side of 0 or both, with it or without; quarters, so that ties are common and exact."""
    sizes = st.lists(st.integers(-9, 9), min_size=1, max_size=12, unique=True)
    x = np.sort(np.array(draw(sizes), float) / 2)
    low = draw(arrays(np.float64, (len(x), curves), elements=QUARTERS))
    width = draw(arrays(np.float64, (len(x), curves), elements=st.integers(0, 6).map(lambda n: n / 4)))
    return Band(strengths=x, lower=low, upper=low + width * draw(st.sampled_from((0.0, 1.0))))


def largest(high: np.ndarray, low: np.ndarray, points: int) -> np.ndarray:
    """Half the deepest fall (2 points) or dip (3), gone through one by one."""
    found = np.zeros(high.shape[1])
    for at in itertools.combinations(range(len(high)), points):
        top = high[at[0]] if points == 2 else np.minimum(high[at[0]], high[at[2]])
        found = np.maximum(found, (top - low[at[1]]) / 2)
    return found


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("grow", "points"), [(outward.grow_rising, 2), (outward.grow_bump, 3)])
@settings(max_examples=60, deadline=None)
@given(band=bands())
def test_every_window_has_the_departure_of_its_own_points(grow, points, side, band):
    found = grow(band, side)
    assert found.reach.tolist() == outward.reaches(band.strengths, side).tolist()
    for row, reach in enumerate(found.reach):
        kept = within(band.strengths, reach, side)
        lower, upper = band.lower[kept], band.upper[kept]
        assert found.least[row].tolist() == largest(lower, upper, points).tolist()
        assert found.most[row].tolist() == largest(upper, lower, points).tolist()


@pytest.mark.parametrize("side", SIDES)
@settings(max_examples=40, deadline=None)
@given(band=bands(curves=3))
def test_a_shape_that_is_refitted_agrees_with_one_that_grows(side, band):
    for grow, refit, points in (
        (outward.grow_falling, shapes.falling, 2),
        (outward.grow_bump, shapes.bump, 3),
    ):
        direct, again = grow(band, side), outward.grow_refitted(band, refit, points, side)
        assert direct.least.tolist() == again.least.tolist()
        assert direct.most.tolist() == again.most.tolist()


@settings(max_examples=40, deadline=None)
@given(band=bands(curves=2), floor=QUARTERS)
def test_distances_from_two_curves_add_up_outwards(band, floor):
    least, most = floor - band.upper, floor - band.lower
    for side in SIDES:
        found = outward.grow_between(band.strengths, least, most, side)
        for row, reach in enumerate(found.reach):
            part = band[within(band.strengths, reach, side)]
            refitted = shapes.between(part, floor=floor)
            assert found.least[row].tolist() == refitted.least.tolist()
            assert found.most[row].tolist() == refitted.most.tolist()


def test_many_waves_on_a_fine_grid():
    """Walls far in on one side, met by walls that come later on the other: what a last point alone would miss."""
    generator = np.random.default_rng(0)
    x = np.arange(-20, 21) / 20.0
    centre = np.cumsum(generator.standard_normal((41, 300)), axis=0)
    band = Band(strengths=x, lower=centre - 0.3, upper=centre + 0.3)
    found = outward.grow_bump(band)
    for row, reach in enumerate(found.reach[1:], 1):
        refitted = shapes.bump(band[within(x, reach, "both")])
        np.testing.assert_array_equal(found.least[row], refitted.least)
        np.testing.assert_array_equal(found.most[row], refitted.most)
