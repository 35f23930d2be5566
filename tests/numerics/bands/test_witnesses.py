"""What shows a departure, and how far a curve lies beyond two others, point by point."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from numerics.bands import shapes
from numerics.bands.band import Band, around
from numerics.bands.shapes import Departures


@st.composite
def bands(draw: st.DrawFn) -> Band:
    """One curve of few points with a ragged band; quarters, so that ties and touching bounds are common."""
    m = draw(st.integers(3, 6))
    low, width = (draw(arrays(np.float64, m, elements=st.integers(*ends).map(float))) for ends in ((-8, 8), (0, 4)))
    return Band(strengths=np.arange(m) / 2, lower=low[:, None] / 4, upper=(low + width)[:, None] / 4)


SHOWN = {
    "rising": shapes.rising,
    "falling": shapes.falling,
    "valley": shapes.valley,
    "convex": shapes.convex,
    "flat": shapes.flat,
    "nearly flat": lambda band: shapes.flat(band, 0.5),
    "between": lambda band: shapes.between(band, -0.5, 1.0),
    "below": lambda band: shapes.between(band, -np.inf, 0.5),
    "close": lambda band: shapes.close(band, np.zeros((len(band.strengths), 1))),
}


@pytest.mark.parametrize("name", SHOWN)
@settings(max_examples=40, deadline=None)
@given(band=bands())
def test_the_points_of_a_witness_show_the_departure_by_themselves(name, band):
    """D- where it is positive, else D+: of two points or three, or of the worst one."""
    found = SHOWN[name](band)
    points = found.witness[0]
    if found.most[0] == 0:
        return
    assert (points >= 0).all()
    alone = SHOWN[name](band[points])
    if found.least[0] > 0:
        assert alone.least[0] == found.least[0]
    else:
        assert alone.most[0] == found.most[0]


FLOORS = st.lists(st.sampled_from([-np.inf, -1.0, 0.0, 0.25]), min_size=3, max_size=3)
CEILINGS = st.lists(st.sampled_from([0.5, 1.0, np.inf]), min_size=3, max_size=3)
ENDS = st.lists(st.tuples(*2 * [st.integers(-8, 8).map(lambda n: n / 4)]).map(sorted), min_size=3, max_size=3)


@given(ends=ENDS, floors=FLOORS, ceilings=CEILINGS, known=st.booleans())
def test_distance_from_two_curves_is_the_largest_beyond_either(ends, floors, ceilings, known):
    """Strength by strength; where a bound and the curve are both without end nothing is beyond."""
    low, high = np.array(ends).T
    if not known:
        low[0] = -np.inf
    band = Band(strengths=np.arange(3.0), lower=low[:, None], upper=high[:, None])
    found = shapes.between(band, np.array(floors)[:, None], np.array(ceilings)[:, None])
    each = list(zip(low, high, floors, ceilings, strict=True))
    nearest = [
        max(floor - u if floor > u else 0.0, b - ceiling if b > ceiling else 0.0) for b, u, floor, ceiling in each
    ]
    farthest = [
        max(floor - b if floor > b else 0.0, u - ceiling if u > ceiling else 0.0) for b, u, floor, ceiling in each
    ]
    assert (found.least[0], found.most[0]) == (max(nearest), max(farthest))
    shown = nearest if max(nearest) > 0 else farthest
    if max(shown) > 0:
        assert found.witness.tolist() == [[shown.index(max(shown))]]


@pytest.mark.parametrize("shape", [shapes.rising, shapes.falling, shapes.bump])
@given(band=bands())
def test_where_departing_curves_alone_are_shown_no_other_has_points(shape, band):
    every, departing = shape(band), shape(band, "departing")
    assert (departing.least[0], departing.most[0]) == (every.least[0], every.most[0])
    points = every.witness[0] if every.least[0] > 0 else np.full(every.witness.shape[1], -1)
    assert departing.witness[0].tolist() == points.tolist()


def test_two_points_are_enough_for_a_slope_and_a_plateau():
    two = around(np.array([0.0, 1.0]), np.array([[1.0], [0.0]]), 0.0)
    for shape, departure in ((shapes.rising, 0.5), (shapes.falling, 0.0), (shapes.flat, 0.5)):
        assert shape(two).least[0] == departure
        with pytest.raises(ValueError, match="1 strengths given, at least 2"):
            shape(two[:1])


def test_the_worse_of_two_departures_is_shown_by_its_own_points():
    """Curve by curve: where none is certain the points of the larger D+, else those of the larger D-."""
    first = Departures(
        least=np.array([0.0, 2.0, 0.0]), most=np.array([1.0, 2.0, 5.0]), witness=np.array([[0, 1], [2, 3], [4, 5]])
    )
    second = Departures(
        least=np.array([0.0, 1.0, 0.5]), most=np.array([3.0, 9.0, 1.0]), witness=np.array([[6, 7], [8, 9], [10, 11]])
    )
    worse = Departures.worse(first, second)
    assert worse.least.tolist() == [0, 2, 0.5]
    assert worse.most.tolist() == [3, 9, 5]
    assert worse.witness.tolist() == [[6, 7], [2, 3], [10, 11]]


def test_the_worse_of_departures_shown_by_fewer_points_is_filled_up():
    few = Departures(least=np.array([2.0, 0.0]), most=np.array([2.0, 0.0]), witness=np.array([[4, 5], [0, 1]]))
    more = Departures(least=np.array([0.0, 1.0]), most=np.array([0.0, 1.0]), witness=np.array([[1, 2, 3], [2, 3, 4]]))
    for parts in ((few, more), (more, few)):
        assert Departures.worse(*parts).witness.tolist() == [[4, 5, -1], [2, 3, 4]]
