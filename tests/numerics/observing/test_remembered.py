"""A model that remembers: the same answers, and no question twice."""

import numpy as np
import pytest

from numerics.observing.remembered import Remembered


class Counting:
    name, vocab_size = "counting", 4

    def __init__(self):
        self.asked = []

    def logits(self, context, strengths, *, layer, vector):
        self.asked.append(np.asarray(strengths).tolist())
        return np.outer(strengths, np.arange(4.0)) + np.sum(context) + layer + np.sum(vector)

    def derivatives(self, context, strengths, order, *, layer, vector):
        self.asked.append(np.asarray(strengths).tolist())
        return np.stack([np.outer(strengths, np.arange(4.0)) * n for n in range(order + 1)])

    def cross_entropy(self, segments, strengths, *, layer, vector):
        self.asked.append(np.asarray(strengths).tolist())
        return np.outer(strengths, [sum(segment) for segment in segments])


def test_a_finer_grid_asks_only_for_what_it_adds():
    model, plain = Counting(), Counting()
    kept = Remembered(model)
    for grid in ([0.0, 1.0], [0.0, 0.5, 1.0], [1.0, 0.0]):
        for context in ([1, 2], [1, 2, 3]):
            found = kept.logits(context, grid, layer=1, vector=[1.0])
            assert np.array_equal(found, plain.logits(context, grid, layer=1, vector=[1.0]))
    assert model.asked == [[0.0, 1.0], [0.0, 1.0], [0.5], [0.5]]
    kept.logits([1, 2], [0.0], layer=2, vector=[1.0])
    kept.logits([1, 2], [0.0], layer=1, vector=[2.0])
    assert len(model.asked) == 6
    assert (kept.name, kept.vocab_size) == ("counting", 4)


def test_derivatives_and_ragged_blocks():
    model, plain = Counting(), Counting()
    kept = Remembered(model)
    for grid in ([0.0, 1.0], [2.0, 1.0, 0.0]):
        for order in (1, 2):
            found = kept.derivatives([1], grid, order, layer=0, vector=[0.0])
            assert np.array_equal(found, plain.derivatives([1], grid, order, layer=0, vector=[0.0]))
        for segments in ([[1, 2], [3]], [[1], [2, 3]]):
            found = kept.cross_entropy(segments, grid, layer=0, vector=[0.0])
            assert np.array_equal(found, plain.cross_entropy(segments, grid, layer=0, vector=[0.0]))
    assert model.asked == [[0.0, 1.0]] * 4 + [[2.0]] * 4


def test_what_finds_no_room_is_asked_again():
    model = Counting()
    kept = Remembered(model, room=100)
    for _ in range(2):
        kept.logits([1], [0.0, 1.0], layer=0, vector=[0.0])
        kept.logits([2], [0.0, 1.0], layer=0, vector=[0.0])
    assert model.asked == [[0.0, 1.0]] * 3


def test_what_a_model_lacks_it_lacks():
    assert not hasattr(Remembered(Counting()), "derivative")
    with pytest.raises(AttributeError):
        Remembered(Counting()).derivative([1], [0.0], layer=0, vector=[0.0])
