"""Figures of the laws themselves: what is drawn is read back and compared with plain NumPy on the tilted law."""

from typing import Any

import numpy as np
import pytest

from steerlaw.rendering.figures.bounds import Region, bounds_figure
from steerlaw.rendering.figures.curves import Curve, Panel
from steerlaw.rendering.figures.greedy import greedy_figure
from steerlaw.rendering.figures.price import price_figure
from steerlaw.rendering.figures.turns import TurningSet, turns_figure

LOG_ODDS = np.array([-2.0, -0.5, 0.3, 1.0, 2.5])
LAW = np.array([0.1, 0.3, 0.35, 0.15, 0.1])
STRENGTHS = np.linspace(0, 3, 61)


def tilted(strengths: np.ndarray, law: np.ndarray = LAW) -> np.ndarray:
    weights = law * np.exp(np.multiply.outer(strengths, LOG_ODDS))
    return weights / weights.sum(axis=1, keepdims=True)


def test_greedy_steps_are_the_likeliest_tokens():
    figure: Any = greedy_figure(np.log(LAW), LOG_ODDS, np.array([0, 0, 1, 1, 1]), ["a", "b"], reach=3)
    values, edges, _ = figure.axes[1].patches[0].get_data()
    middles = (edges[1:] + edges[:-1]) / 2
    assert np.array_equal(values, LOG_ODDS[tilted(middles).argmax(axis=1)])
    apart = tilted(np.repeat(edges[1:-1], 2) + np.tile([-1e-6, 1e-6], len(edges) - 2)).argmax(axis=1)
    assert (apart[::2] != apart[1::2]).all()
    assert edges[[0, -1]].tolist() == [-3, 3]
    assert [text.get_text() for text in figure.axes[1].texts] == [f"token {z}" for z in tilted(middles).argmax(axis=1)]


def test_turns_are_where_the_set_turns():
    law, members = np.array([0.02, 0.87, 0.07, 0.02, 0.02]), np.array([True, False, True, False, False])
    grid = np.linspace(-8, 8, 1601)
    one = TurningSet(title="set", log_probs=np.log(law), log_odds=LOG_ODDS, members=members)
    figure: Any = turns_figure([one], grid)
    curve, dots, _ = figure.axes[1].lines
    expected = tilted(grid, law)[:, members].sum(axis=1)
    assert np.allclose(curve.get_ydata(), expected, atol=1e-12)
    slopes = np.sign(np.diff(expected))
    turns = grid[1:-1][slopes[1:] != slopes[:-1]]
    assert turns.size == 2
    assert np.allclose(np.sort(dots.get_xdata()), turns, atol=0.01)


def test_a_monotone_set_has_no_dots():
    one = TurningSet(title="top", log_probs=np.log(LAW), log_odds=LOG_ODDS, members=LOG_ODDS > 1)
    figure: Any = turns_figure([one], STRENGTHS)
    assert figure.axes[1].lines[1].get_xdata().size == 0


def test_price_never_beats_the_boundary():
    concept = LOG_ODDS > 0.5
    figure: Any = price_figure(np.log(LAW), concept, {"v": LOG_ODDS, "its own": concept + 0.0}, STRENGTHS)
    (spent, bought), own, (nats, best) = (line.get_data() for line in figure.axes[0].lines)
    steered = tilted(STRENGTHS)
    assert np.allclose(bought, steered[:, concept].sum(axis=1), atol=1e-12)
    assert np.allclose(spent, (steered * np.log(steered / LAW)).sum(axis=1), atol=1e-12)
    base = LAW @ concept

    def cheapest(f: np.ndarray) -> np.ndarray:
        return f * np.log(f / base) + (1 - f) * np.log((1 - f) / (1 - base))

    assert (cheapest(bought[1:]) < spent[1:]).all()
    assert np.allclose(cheapest(own[1]), own[0], atol=1e-12)
    assert np.allclose(cheapest(best[:-1]), nats[:-1], atol=1e-12)
    assert nats[-1] == pytest.approx(-np.log(base))
    centred, inside = LOG_ODDS - LAW @ LOG_ODDS, concept - LAW @ concept
    correlation = (LAW @ (centred * inside)) ** 2 / (LAW @ centred**2 * (LAW @ inside**2))
    assert figure.axes[1].lines[0].get_ydata()[0] == pytest.approx(correlation, rel=1e-9)


def test_regions_stop_where_a_law_says_nothing():
    x = np.linspace(-1, 1, 21)
    open_ended = Region(lower=np.where(x < 0, -np.inf, x - 1), upper=np.full(21, np.inf), text="region")
    panel = Panel(title="curve", strengths=x, curves=[Curve(values=x), Curve(values=50 * x, kind="approximation")])
    axes: Any = bounds_figure([panel], [[open_ended]], value="y").axes[0]
    (path,) = axes.collections[0].get_paths()
    assert path.vertices[:, 0].min() >= 0
    assert np.isfinite(path.vertices).all()
    assert axes.get_ylim() == pytest.approx((-1.1, 1.1))
