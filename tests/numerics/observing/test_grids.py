"""Grids of strengths, and the strengths that are added to them where curves bend."""

import numpy as np
import pytest

from numerics.observing.cross_entropy import observe_cross_entropy
from numerics.observing.grids import parse, strength_grid, with_zero
from numerics.observing.next_token import observe_next_token
from numerics.observing.watched import Watched
from waves import GRID, STEERING, Wave


def test_grids_are_symmetric_and_pass_through_zero():
    for dense in (False, True):
        grid = strength_grid(200.0, 257, dense=dense)
        assert grid[128] == 0
        assert np.array_equal(grid, -grid[::-1])
        assert (np.diff(grid) > 0).all()
        assert grid[-1] == 200
    steps = np.diff(strength_grid(1.0, 101, dense=True))
    assert steps[-1] > 20 * steps[50]
    assert parse("-1:1:5").tolist() == [-1, -0.5, 0, 0.5, 1]
    assert 0 in parse("-0.3:0.3:7")
    assert with_zero([-1.0, 1.0])[0].tolist() == [-1, 0, 1]
    assert with_zero([0.0, 1.0])[1] is False


@pytest.mark.parametrize("text", ["", "1:2", "a:b:3", "1:0:5", "0:1:2", "0:inf:5", "0:1:2.5"])
def test_malformed_grids_are_refused(text):
    with pytest.raises(ValueError, match="strengths"):
        parse(text)
    for limit, count in ((0.0, 5), (1.0, 4), (1.0, 1), (float("nan"), 5)):
        with pytest.raises(ValueError, match="strength"):
            strength_grid(limit, count)


class Hidden:
    """Token 0 wiggles between the strengths of a grid of step 1/4 and is a parabola at them; token 1 has a spike."""

    name, vocab_size = "hidden", 3

    def __init__(self, wiggle=0.0, spike=0.0):
        self.wiggle, self.spike = wiggle, spike

    def logits(self, tokens, strengths, *, layer, vector):
        x = np.asarray(strengths, np.float64)
        first = -(x**2) + self.wiggle * np.sin(8 * np.pi * x)
        second = -(x**2) / 2 + self.spike * np.exp(-((x - 1.3) ** 2) * 40)
        return np.stack([first, second, np.zeros_like(x)], axis=1)

    def derivative(self, tokens, strengths, *, layer, vector):
        x, h = np.asarray(strengths, np.float64), 1e-6
        return (self.logits(0, x + h, layer=0, vector=0) - self.logits(0, x - h, layer=0, vector=0)) / (2 * h)


def test_strengths_are_added_where_curves_bend():
    model = Hidden(spike=2.0)
    grid = np.linspace(-4, 4, 33)
    watched = Watched(tokens=[0, 1])
    coarse, fine = (
        observe_next_token(model, [0], grid, STEERING, watched, slope_every=4, budget=budget) for budget in (0, 40)
    )
    assert fine.attributes["strengths_added"] == len(fine.strengths) - 33 <= 40
    densest = fine.strengths[np.diff(fine.strengths).argmin()]
    assert abs(densest - 1.3) < 0.4
    assert np.isin(grid, fine.strengths).all()
    shown = np.isin(fine.strengths, grid)
    assert np.array_equal(fine.data["log_probability"][..., shown], coarse.data["log_probability"])


def test_a_wiggle_that_only_slopes_show_is_found_and_judged():
    grid = np.linspace(-4, 4, 33)
    watched = Watched(tokens=[0, 1])
    departures = []
    for budget in (0, 60):
        sweep = observe_next_token(Hidden(wiggle=0.05), [0], grid, STEERING, watched, slope_every=4, budget=budget)
        departures.append(float(sweep.data["shape_departure"].sel(shape="bump", bound="lower")[0, 0]))
    assert departures[0] == 0
    assert departures[1] > 0.005


def test_a_straight_tilt_needs_no_more_strengths_than_its_turns():
    class Straight(Hidden):
        def logits(self, tokens, strengths, *, layer, vector):
            return np.outer(strengths, [1e-3, 0.0, -1e-3])

    sweep = observe_next_token(Straight(), [0], np.linspace(-1, 1, 33), STEERING, Watched(tokens=[0]), budget=50)
    assert sweep.attributes["strengths_added"] == 0


def test_cross_entropy_gets_strengths_around_its_minimum():
    sweep = observe_cross_entropy(Wave(), [0.3], GRID, STEERING, budget=8)
    added = np.setdiff1d(sweep.strengths, GRID)
    assert 0 < added.size <= 8
    assert np.abs(added - 0.3).min() < np.diff(GRID).max() / 2
    exact = 2 + (sweep.strengths - 0.3) ** 2
    assert sweep.data["cross_entropy"].to_numpy()[0] == pytest.approx(exact)
