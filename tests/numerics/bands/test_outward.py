"""First passages on growing windows, against `shapes` on each window."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from numerics.bands import shapes
from numerics.bands.band import Band
from numerics.bands.exceeding import FROM_BETWEEN, FROM_BUMP, FROM_CONVEX, FROM_RISING, from_turning
from numerics.bands.outward import SIDES, first_passages, reaches, signed_nats, windows, windows_of_each, within

QUARTERS = st.integers(-12, 12).map(lambda n: n / 4)
TOLERANCES = st.integers(0, 12).map(lambda n: n / 8)


@st.composite
def bands(draw: st.DrawFn, *, curves: int = 8) -> Band:
    """Ragged bands over either side of 0 or both, with it or without; quarters, so that ties are common and exact."""
    sizes = st.lists(st.integers(-9, 9), min_size=1, max_size=12, unique=True)
    x = np.sort(np.array(draw(sizes), float) / 2)
    low = draw(arrays(np.float64, (len(x), curves), elements=QUARTERS))
    width = draw(arrays(np.float64, (len(x), curves), elements=st.integers(0, 6).map(lambda n: n / 4)))
    return Band(strengths=x, lower=low, upper=low + width * draw(st.sampled_from((0.0, 1.0))))


def refitted(band: Band, shape, points: int, reach: np.ndarray, inside, tolerance) -> tuple[np.ndarray, np.ndarray]:
    """Both passages, every window gone through: `inside(reach)` says which strengths it holds."""
    holds, departs = np.zeros(band.lower.shape[1]), np.full(band.lower.shape[1], np.inf)
    for size in reach[::-1]:
        if (kept := inside(size)).sum() >= points:
            found = shape(band[kept])
            departs = np.where(found.least > tolerance, size, departs)
            holds = np.maximum(holds, np.where(found.most <= tolerance, size, 0.0))
        else:
            holds = np.maximum(holds, size)
    return holds, departs


SHAPES = {
    "rising": (FROM_RISING, shapes.rising, 2),
    "bump": (FROM_BUMP, shapes.bump, 3),
    "two turns": (from_turning(2), lambda band: shapes.turns(band, 2), 3),
    "three turns": (from_turning(3), lambda band: shapes.turns(band, 3), 3),
}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=20, deadline=None)
@given(band=bands(curves=16), tolerance=TOLERANCES)
def test_passages_are_those_of_windows_refitted_one_by_one(name, side, band, tolerance):
    known, shape, points = SHAPES[name]
    x = band.strengths
    expected = refitted(band, shape, points, reaches(x, side), lambda size: within(x, size, side), tolerance)
    (found,) = first_passages(known, x, band.lower, band.upper, [windows(x, side)], tolerance)
    assert [part.tolist() for part in found] == [part.tolist() for part in expected]


@pytest.mark.parametrize("side", SIDES)
@settings(max_examples=40, deadline=None)
@given(band=bands(curves=2), tolerance=TOLERANCES.map(lambda size: size + 1 / 16))
def test_curvature_is_refitted_too(side, band, tolerance):
    """A tolerance that no height of quarters above a chord equals but by rounding is left to the other shapes."""
    x = band.strengths
    expected = refitted(band, shapes.convex, 3, reaches(x, side), lambda size: within(x, size, side), tolerance)
    (found,) = first_passages(FROM_CONVEX, x, band.lower, band.upper, [windows(x, side)], tolerance)
    assert [part.tolist() for part in found] == [part.tolist() for part in expected]


@settings(max_examples=40, deadline=None)
@given(band=bands(curves=2), floor=QUARTERS, tolerance=TOLERANCES)
def test_distances_from_two_curves_add_up_outwards(band, floor, tolerance):
    x, distances = band.strengths, shapes.beyond(band, floor, np.inf)
    for side in SIDES:
        inside = partial(within, x, side=side)
        shape = partial(shapes.between, floor=floor, ceiling=np.inf)
        expected = refitted(band, shape, 1, reaches(x, side), inside, tolerance)
        (found,) = first_passages(FROM_BETWEEN, x, *distances, [windows(x, side)], tolerance)
        assert [part.tolist() for part in found] == [part.tolist() for part in expected]


@pytest.mark.parametrize(("groups", "curves"), [(3, 2), (2, 1)])
@settings(max_examples=30, deadline=None)
@given(data=st.data(), tolerance=TOLERANCES)
def test_each_group_has_windows_of_its_own(groups, curves, data, tolerance):
    """As many curves a group, along strengths in which windows take in rows in another order."""
    band = data.draw(bands(curves=groups * curves))
    x, spends = band.strengths, st.integers(0, 20).map(float)
    spent = data.draw(arrays(np.float64, (groups, len(x)), fill=st.nothing(), elements=spends))
    along = np.array([signed_nats(band.strengths, own) for own in spent])
    (found,) = first_passages(FROM_BUMP, x, band.lower, band.upper, [windows_of_each(along, curves)], tolerance)
    for group, own in enumerate(along):
        kept = slice(group * curves, (group + 1) * curves)
        part = band.columns(kept)
        (alone,) = first_passages(FROM_BUMP, x, part.lower, part.upper, [windows(own)], tolerance)
        assert [side[kept].tolist() for side in found] == [side.tolist() for side in alone]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), tolerance=TOLERANCES, each=st.booleans())
def test_some_of_the_curves_have_the_windows_that_they_have_among_all(data, tolerance, each):
    band = data.draw(bands(curves=6))
    kept = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True))
    sizes = arrays(np.float64, (3, len(band.strengths)), elements=st.integers(0, 9).map(float))
    along = np.array([signed_nats(band.strengths, own) for own in data.draw(sizes)])
    grown = windows_of_each(along, 2) if each else windows(band.strengths)
    part, own = band.columns(kept), grown.of(np.array(kept))
    (all_of_them,) = first_passages(FROM_BUMP, band.strengths, band.lower, band.upper, [grown], tolerance)
    (found,) = first_passages(FROM_BUMP, band.strengths, part.lower, part.upper, [own], tolerance)
    assert [side.tolist() for side in found] == [side[kept].tolist() for side in all_of_them]
    ends = [max(map(abs, along[curve // 2] if each else band.strengths)) for curve in kept]
    assert np.broadcast_to(own.end, len(kept)).tolist() == ends


def test_the_end_of_no_windows_is_0():
    """Where there is no strength on a side, nothing was looked at there."""
    assert windows(np.array([0.5, 2.0]), "left").end.tolist() == [0]
    assert windows(np.array([0.5, 2.0]), "right").end.tolist() == [2]
    assert windows(np.array([-0.25, 0.5]), "left").end.tolist() == [0.25]


@given(data=st.data())
def test_what_is_spent_by_a_strength_is_the_most_on_the_way_there(data):
    x = data.draw(bands(curves=1)).strengths
    divergence = data.draw(arrays(np.float64, x.shape, elements=st.sampled_from([-1e-17, 0.0, 0.5, 2.0])))
    spent = signed_nats(x, divergence)
    for at, strength in enumerate(x):
        on_the_way = (x * np.sign(strength) > 0) & (abs(x) <= abs(strength))
        expected = np.sign(strength) * max([0.0, *divergence[on_the_way]])
        assert spent[at] == pytest.approx(expected, abs=1e-12 * (1 + len(x)))
    assert (np.diff(spent) > 0).all()


def test_many_waves_on_a_fine_grid():
    """Walls far in on one side, met by walls that come later on the other."""
    generator = np.random.default_rng(0)
    x = np.arange(-20, 21) / 20.0
    centre = np.cumsum(generator.standard_normal((41, 300)), axis=0)
    band = Band(strengths=x, lower=centre - 0.3, upper=centre + 0.3)
    for tolerance in (0.0, 0.5, 1.5):
        expected = refitted(band, shapes.bump, 3, reaches(x, "both"), lambda size: within(x, size, "both"), tolerance)
        (found,) = first_passages(FROM_BUMP, x, band.lower, band.upper, [windows(x)], tolerance)
        np.testing.assert_array_equal(found, expected)
