"""What would decide: sharper bands decide, wider windows show the turn, added strengths resolve."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.bands.band import Band, around
from numerics.bands.intervals import mean_band
from numerics.bands.shapes import bump, close, rising
from numerics.judging.deciding import samples_needed, sharpening, turn_beyond
from numerics.judging.verdict import DEPARTS, HOLDS, UNDECIDED, decide


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-8, 8), min_size=3, max_size=8), st.integers(1, 12), st.sampled_from([0.1, 0.5, 2.0]))
def test_a_sharpened_band_decides_and_a_slightly_wider_one_does_not(values, width, tolerance):
    centre = np.array(values, float)[:, None] / 4
    band = around(np.arange(len(values), dtype=float), centre, width / 4)

    def code(keep):
        found = bump(around(band.strengths, centre, keep * width / 4))
        return decide(found.least, found.most, tolerance, True)[0]

    found = sharpening(bump, band, tolerance)
    keep = found.keep[0]
    assert found.codes[0] != UNDECIDED
    if keep == 1:
        assert code(1.0) == found.codes[0]
    else:
        assert code(keep * (1 - 1e-6)) != UNDECIDED
        assert code(min(keep * (1 + 1e-6) + 1e-8, 1.0)) == UNDECIDED


def test_the_samples_asked_for_decide():
    rng = np.random.default_rng(0)
    x = np.linspace(-1, 1, 9)
    truth = np.where(x < 0.5, x, x - 1.2)
    noise = rng.normal(0, 1, size=(100_000, 9))

    def band(n):
        lower, upper = mean_band(truth + noise[:n])
        return Band(strengths=x, lower=lower[:, None], upper=upper[:, None])

    few = sharpening(rising, band(30), 0.01)
    assert few.codes[0] == DEPARTS
    needed = samples_needed(30, few.keep[0])
    assert needed is not None
    assert rising(band(30)).least[0] == 0
    assert rising(band(2 * needed)).least[0] > 0


def test_what_is_unbounded_may_stay_undecided():
    x = np.arange(3.0)
    upper = np.array([[0.0], [np.inf], [0.0]])
    band = Band(strengths=x, lower=np.zeros((3, 1)), upper=upper)
    found = sharpening(lambda narrowed: close(narrowed, np.zeros((3, 1))), band, 1.0)
    assert (found.keep[0], found.codes[0]) == (pytest.approx(0, abs=1e-8), UNDECIDED)
    assert samples_needed(10, 0.0) is None
    assert samples_needed(100, 0.3) == 1112


def test_a_parabola_that_turns_outside_is_extrapolated_to_its_turn():
    x = np.linspace(-2, 2, 41)
    values = np.stack([-((x - 5) ** 2), -((x + 7) ** 2), x], axis=1)
    left, right = turn_beyond(around(x, values, 1e-9)).T
    assert right[0] == pytest.approx(5)
    assert left[1] == pytest.approx(-7)
    assert left[0] == left[2] == -np.inf
    assert right[1] == right[2] == np.inf


def test_holds_is_among_what_sharpening_promises():
    band = around(np.arange(5.0), np.zeros((5, 1)), 1.0)
    found = sharpening(rising, band, 0.5)
    assert found.codes[0] == HOLDS
    assert found.keep[0] == pytest.approx(0.5, abs=1e-6)
