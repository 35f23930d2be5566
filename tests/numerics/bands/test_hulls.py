"""Heights above chords and their three points, against every choice of three."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.bands.band import Band
from numerics.bands.hulls import height_above_hull, lower_hull


def heights(x, points, chord):
    """Every three points, and the height of the middle one above the chord of the others."""
    for at in itertools.combinations(range(len(x)), 3):
        i, j, k = at
        yield at, points[j] - (chord[i] * (x[k] - x[j]) + chord[k] * (x[j] - x[i])) / (x[k] - x[i])


def drawn(seed: int, size: int, grain: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Strengths and two bounds, in eighths so that points lie on chords exactly, or next to them."""
    generator = np.random.default_rng(seed)
    x = np.cumsum(generator.choice([0.25, 0.5, 1.0], size)) - 2
    bent = generator.choice([-1, 0, 1]) * x**2 / 4 + generator.integers(-2, 3, size) / 4
    return x, bent, bent + generator.integers(0, 3, size) / 4 + grain * generator.random(size)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(3, 8), grain=st.sampled_from([0.0, 0.1]))
def test_heights_are_the_largest_of_all_threes_and_the_points_show_them(seed, size, grain):
    x, lower, upper = drawn(seed, size, grain)
    band = Band(strengths=x, lower=np.stack([0 * x, lower], 1), upper=np.stack([0 * x, upper], 1))
    least, most, points = height_above_hull(band, 1)
    certain, possible = dict(heights(x, lower, upper)), dict(heights(x, upper, lower))
    assert max(least, 0) == pytest.approx(max(0, *certain.values()), abs=1e-12)
    assert most == pytest.approx(max(possible.values()), abs=1e-12)
    shown = certain if least > 0 else possible
    if not 0 < abs(least) < 1e-9:  # by rounding alone the one or the other
        assert shown[tuple(points)] == pytest.approx(max(shown.values()), abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(4, 7),
    side=st.sampled_from(["upper", "lower", "both"]),
    share=st.sampled_from([0.4, 1.0]),
)
def test_where_a_bound_is_unknown_no_chord_runs_and_any_height_is_possible(seed, size, side, share):
    x, lower, upper = drawn(seed, size, 0.0)
    unknown = np.random.default_rng(seed).random(size) < share
    upper = np.where(unknown & (side != "lower"), np.inf, upper)
    lower = np.where(unknown & (side != "upper"), -np.inf, lower)
    least, most, points = height_above_hull(Band(strengths=x, lower=lower[:, None], upper=upper[:, None]), 0)
    with np.errstate(invalid="ignore"):
        certain, possible = dict(heights(x, lower, upper)), dict(heights(x, upper, lower))
    assert max(least, 0) == pytest.approx(max(0, *certain.values()), abs=1e-12)
    assert most == pytest.approx(max(possible.values()), abs=1e-12)
    if least > 1e-9:
        assert certain[tuple(points)] == pytest.approx(least, abs=1e-12)
    else:
        assert (np.diff(points) > 0).all()
        assert 0 <= points[0] <= points[2] < size


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 9), grain=st.sampled_from([0.0, 0.1]))
def test_a_hull_is_convex_below_all_points_and_has_no_vertex_to_spare(seed, size, grain):
    x, _, y = drawn(seed, size, grain)
    hull = lower_hull(x, y)
    assert (hull[0], hull[-1]) == (0, size - 1)
    assert (np.interp(x, x[hull], y[hull]) <= y + 1e-12).all()
    assert (np.diff(np.diff(y[hull]) / np.diff(x[hull])) > -1e-12).all()
    if grain == 0:
        assert (np.diff(np.diff(y[hull]) / np.diff(x[hull])) > 0).all()


def test_a_hull_of_unknown_points_has_no_vertices():
    assert lower_hull(np.arange(3.0), np.full(3, np.inf)).size == 0
    assert lower_hull(np.arange(3.0), np.array([np.inf, 0.0, np.inf])).tolist() == [1]


def test_three_points_of_which_nothing_is_known_are_all_shown():
    band = Band(strengths=np.arange(3.0), lower=np.full((3, 1), -np.inf), upper=np.zeros((3, 1)))
    least, most, points = height_above_hull(band, 0)
    assert (least, most, points.tolist()) == (-np.inf, np.inf, [0, 1, 2])
