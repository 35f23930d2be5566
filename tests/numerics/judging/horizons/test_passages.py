"""Horizons against windows refitted one by one in exact rationals, and their translation into nats."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from numerics.bands.band import Band, around
from numerics.bands.exceeding import FROM_BETWEEN, FROM_BUMP, FROM_RISING
from numerics.bands.outward import SIDES, signed_nats, windows
from numerics.judging.horizons.passages import Horizon, horizons
from numerics.judging.horizons.tolerance import Tolerance, tolerance_for


def exact(high: list[Fraction], low: list[Fraction], points: int) -> Fraction:
    """Half the deepest fall or dip of rational numbers."""
    found = Fraction(0)
    for at in combinations(range(len(high)), points):
        top = high[at[0]] if points == 2 else min(high[at[0]], high[at[2]])
        found = max(found, (top - low[at[1]]) / 2)
    return found


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("shape", "points"), [(FROM_RISING, 2), (FROM_BUMP, 3)])
@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.integers(-20, 20), min_size=9, max_size=9),
    width=st.integers(0, 4),
    eps=st.integers(0, 16),
)
def test_horizons_are_those_of_windows_refitted_in_rationals(shape, points, side, values, width, eps):
    x, eighth = np.arange(-4.0, 5.0), Fraction(1, 8)
    curve = [value * eighth for value in values]
    lower, upper = [c - width * eighth for c in curve], [c + width * eighth for c in curve]
    holds_to, fails_from = Fraction(0), None
    for reach in range(5):
        kept = [
            n
            for n in range(9)
            if abs(x[n]) <= reach and (side == "both" or (x[n] <= 0) == (side == "left") or x[n] == 0)
        ]
        low, high = [lower[n] for n in kept], [upper[n] for n in kept]
        if exact(high, low, points) <= eps * eighth:
            holds_to = Fraction(reach)
        if exact(low, high, points) > eps * eighth and fails_from is None:
            fails_from = reach
    below, above = (np.array([bound], float).T for bound in (lower, upper))
    found = horizons(shape, x, below, above, [windows(x, side)], eps / 8)[0]
    assert found.lower[0] == holds_to
    assert found.upper[0] == (np.inf if fails_from is None else fails_from)
    assert found.end[0] == 4
    assert found.censored[0] == (holds_to == 4)


@settings(max_examples=60, deadline=None)
@given(
    centre=arrays(np.float64, (7, 5), elements=st.integers(-9, 9).map(float)),
    widths=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    eps=st.tuples(st.integers(0, 6), st.integers(0, 6)),
)
def test_horizons_shrink_with_the_tolerance_and_open_with_the_band(centre, widths, eps):
    x, (narrow, wide), (small, large) = np.arange(-3.0, 4.0), sorted(widths), sorted(eps)

    def bump(width: int, eps: int) -> Horizon:
        return horizons(FROM_BUMP, x, centre - width, centre + width, [windows(x)], eps)[0]

    sharp, blurred = bump(narrow, small), bump(wide, small)
    assert (blurred.lower <= sharp.lower).all()
    assert (sharp.upper <= blurred.upper).all()
    assert (sharp.lower < sharp.upper).all()
    looser = bump(narrow, large)
    assert (looser.lower >= sharp.lower).all()
    assert (looser.upper >= sharp.upper).all()


def test_a_window_without_strengths_says_nothing():
    x, flat = np.array([1.0, 2.0]), np.zeros((2, 1))
    found = horizons(FROM_RISING, x, flat, flat, [windows(x, "left")], 0.1)[0]
    assert (found.lower[0], found.upper[0], found.end[0]) == (0.0, np.inf, 0.0)


def test_windows_in_nats_reach_as_far_out_on_either_side_as_so_many_nats_go():
    x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    spent = signed_nats(x, np.array([3.0, 1.0, 0.0, 2.0, 0.5]))
    assert spent.tolist() == pytest.approx([-3, -1, 0, 2, 2], abs=1e-11)
    assert (np.diff(spent) > 0).all()
    away = np.array(
        [[0.0], [0.0], [0.0], [0.0], [9.0]]
    )  # the law fails at strength 2, where no more is spent than at 1
    found = horizons(FROM_BETWEEN, x, away, away, [windows(spent)], 1.0)[0]
    assert (found.lower[0], found.upper[0], found.end[0]) == pytest.approx((2.0, 2.0, 3.0))


def test_a_relative_tolerance_is_of_the_whole_movement_and_never_below_the_band():
    band = around(np.arange(3.0), np.array([[0.0, 0.0], [4.0, 0.1], [-6.0, 0.0]]), 0.25)
    assert Tolerance(amount=0.05, relative=True).of(band).tolist() == [0.5, 0.5]
    assert Tolerance(amount=0.05).of(band).tolist() == [0.05, 0.05]
    open_above = Band(strengths=np.arange(2.0), lower=np.zeros((2, 1)), upper=np.array([[np.inf], [1.0]]))
    assert Tolerance(amount=0.05, relative=True).of(open_above).tolist() == [1.0]


def test_tolerances_are_read_or_refused_in_one_line():
    assert tolerance_for("5%", "nats") == Tolerance(amount=0.05, relative=True)
    assert tolerance_for("1e-3", "nats") == tolerance_for(1e-3, "strength") == Tolerance(amount=1e-3)
    assert tolerance_for(None, "log_probability") == Tolerance(amount=0.1)
    assert tolerance_for(None, "nats/strength") == Tolerance(amount=0.05, relative=True)
    assert str(tolerance_for("5 %", "nats")) == "5%"
    for bad in ("-1", "five", "nan", "-5%", "inf"):
        with pytest.raises(ValueError, match="number of 0 or more"):
            tolerance_for(bad, "nats")
