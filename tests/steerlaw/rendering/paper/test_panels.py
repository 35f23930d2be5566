"""What was observed stays visible in a panel, however far off the prediction is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steerlaw.rendering.figures.paper.panels import Framed, Line, grid

STRENGTHS = np.linspace(0, 4, 9)


@given(scale=st.floats(-6, 6).map(lambda x: 10.0**x), off=st.floats(-1e6, 1e6), floor=st.floats(-10, 10))
def test_what_was_observed_takes_half_the_height_or_more(scale, off, floor):
    seen = floor + scale * np.sin(STRENGTHS)
    told = floor + off * scale * STRENGTHS
    lines = [Line(strengths=STRENGTHS, values=seen), Line(strengths=STRENGTHS, values=told, kind="predicted")]
    figure = grid([[Framed(title="t", verdict="v", lines=lines)]], "y", [])
    low, high = figure.axes[0].get_ylim()
    assert low <= seen.min()
    assert high >= seen.max()
    assert np.ptp(seen) >= 0.49 * (high - low) or np.ptp(seen) < 1e-9 * np.abs(seen).max()


@pytest.mark.parametrize("told", [np.zeros(9), np.sin(STRENGTHS) / 2])
def test_a_prediction_that_is_near_is_seen_whole(told):
    lines = [
        Line(strengths=STRENGTHS, values=np.sin(STRENGTHS)),
        Line(strengths=STRENGTHS, values=told, kind="predicted"),
    ]
    low, high = grid([[Framed(title="t", verdict="v", lines=lines)]], "y", []).axes[0].get_ylim()
    assert low <= told.min()
    assert high >= told.max()
