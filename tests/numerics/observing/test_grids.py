"""Grids of strengths."""

import numpy as np
import pytest

from numerics.observing.grids import parse, strength_grid, with_zero


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
