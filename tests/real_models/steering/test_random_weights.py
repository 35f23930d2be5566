"""The control of random weights: of the same shape and size, and nothing learnt."""

import jax
import numpy as np

from real_models import with_random_weights


def test_entries_are_shuffled_and_gains_stay(models):
    model = models("llama", "float32")
    random = with_random_weights(model, seed=3)
    moved = 0
    for ours, theirs in zip(jax.tree.leaves(model.params), jax.tree.leaves(random.params), strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        assert np.array_equal(np.sort(ours, axis=None), np.sort(theirs, axis=None))
        if ours.ndim < 2:
            assert np.array_equal(ours, theirs)
        else:
            moved += not np.array_equal(ours, theirs)
    assert moved
    assert not np.allclose(model.position_logits([1, 2]), random.position_logits([1, 2]))


def test_one_seed_is_one_model_in_every_dtype(models):
    low, high = (with_random_weights(models("llama", dtype), seed=1) for dtype in ("float32", "float64"))
    np.testing.assert_allclose(low.position_logits([1, 2, 3]), high.position_logits([1, 2, 3]), atol=1e-4)
    other = with_random_weights(models("llama", "float32"), seed=2)
    assert not np.allclose(low.position_logits([1, 2, 3]), other.position_logits([1, 2, 3]))
