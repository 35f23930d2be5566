"""The trained unconstrained features model, and the embedded instances."""

from fractions import Fraction

import numpy as np
import pytest

from toy_models import ufm_instances
from toy_models.data_law import DataLaw
from toy_models.training import train_ufm, training_loss

pytestmark = pytest.mark.slow

PAPER = DataLaw.smoothing(3, 3, Fraction(1, 20))
INSTANCES = {instance.name: instance for instance in ufm_instances()}


@pytest.mark.parametrize("d_model", [4, 9])
def test_training_reaches_the_entropy(d_model: int) -> None:
    model = train_ufm(PAPER, d_model=d_model, seed=1)
    assert model.d_model == d_model
    assert training_loss(model) == pytest.approx(1.331785, abs=1e-4)
    assert training_loss(model) >= PAPER.entropy - 1e-14


def test_more_steps_come_nearer_and_the_seed_decides() -> None:
    excess = [training_loss(train_ufm(PAPER, steps=steps)) - PAPER.entropy for steps in (1, 10, 100)]
    assert excess[0] > excess[1] > excess[2] > 1e-7
    first, again, other = (train_ufm(PAPER, seed=seed, steps=30) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.features, again.features)
    assert not np.allclose(first.features, other.features)


def test_rare_contexts_are_learned_at_their_weight() -> None:
    """Halfway through training, the context that is seen often fits better than the one that is not."""
    law = DataLaw.smoothing(2, 3, Fraction(1, 20))
    model = train_ufm(DataLaw(a=law.a, b=law.b, weights=(9, 1)), steps=25, learning_rate=0.3, momentum=0.5)
    gap = -(law.probabilities * (model.log_probs - np.log(law.probabilities))).sum(axis=1)
    assert gap[0] < gap[1] / 2


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ValueError, match=r"the loss diverged at learning_rate = 1000.0; lower it"):
        train_ufm(PAPER, learning_rate=1e3, steps=200)
    with pytest.raises(ValueError, match=r"expected steps >= 1, .* got 0, 1.0, 0.95"):
        train_ufm(PAPER, steps=0)


def test_the_embedded_instances_cover_the_grid() -> None:
    kinds = {tuple(name.split("/")) for name in INSTANCES}
    assert kinds == {
        (kind, law, contrast)
        for kind in ("ufm-exact", "ufm-trained")
        for law in ("smoothing", "weighted")
        for contrast in ("contrastive", "random")
    }


@pytest.mark.parametrize("name", INSTANCES)
def test_an_embedded_instance_is_what_its_name_says(name: str) -> None:
    instance = INSTANCES[name]
    concept = np.array(instance.data.contexts)
    assert len(instance.positive) != len(instance.negative)
    assert set(concept[list(instance.positive)]) == {0}
    assert len(set(concept[list(instance.negative)])) == (1 if name.endswith("contrastive") else 2)
    assert set(concept[list(instance.contexts)]) == set(range(len(instance.data.a)))
    assert not set(instance.contexts) & {*instance.positive, *instance.negative}
    np.testing.assert_allclose(instance.model.log_probs, np.log(instance.data.probabilities), atol=1e-9)
