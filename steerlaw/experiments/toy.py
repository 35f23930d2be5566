"""The embedded toy models: their law is known exactly, so the laws must hold on them."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Float

from numerics.bands.band import ROUNDING
from numerics.baseline import Baseline
from numerics.observing.grids import strength_grid
from steerlaw.experiments.experiment import Experiment, Grid
from steerlaw.inputs.subjects import Subject
from toy_models import UFMInstance, ufm_instances
from toy_models.ufm import UFM

REACH = 6.0
"""Largest strength. At 1 the steering vector moves a logit by its whole log-odds; at 6 every curve has settled."""


def toy_experiments(grid: Grid) -> Iterator[Experiment]:
    """One experiment an instance of the unconstrained features model."""
    strengths = strength_grid(REACH, grid.count) if grid.strengths is None else grid.strengths
    for instance in ufm_instances():
        yield toy_experiment(instance, strengths)


def toy_experiment(instance: UFMInstance, strengths: Float[np.ndarray, " strengths"]) -> Experiment:
    """The instance with its own baseline; its text is the data law itself, one segment a context.

    The second vector, for what two do together, is a random direction of equal norm.
    """
    model = instance.model
    vector = model.steering_vector(instance.positive, instance.negative)
    other = np.random.default_rng(0).standard_normal(vector.shape)
    other *= np.linalg.norm(vector) / np.linalg.norm(other)
    baseline = replace(
        model.baseline(instance.positive, instance.negative, instance.contexts),
        other_log_odds=model.unembedding @ other,
    )
    contexts = [[j] for j in instance.contexts]
    return Experiment(
        subject=Subject(
            model=instance.kind,
            instance=instance.instance,
            layer=0,
            concept="target",
            concept_names=tuple("target" if k == 0 else f"concept {k}" for k in range(len(model.data.a))),
            contexts=contexts,
            kinds=frozenset({"next token", "cross-entropy"}),
        ),
        model=model,
        vector=vector,
        other_vector=other,
        baseline=baseline,
        strengths=strengths,
        rounding=ROUNDING,
        segments=contexts,
        text_baseline=baseline,
        along=partial(_known_along, model, baseline),
        text_strengths=strengths,
    )


def _known_along(model: UFM, baseline: Baseline, vector: Float[np.ndarray, " d"]) -> Baseline:
    """What is known along another vector, of which the data law says nothing: the logits' derivative, `U v`."""
    shift = model.unembedding @ vector
    local = np.broadcast_to(shift, baseline.log_probs.shape)
    known = {"data_law": None, "facts": baseline.facts - {"assumption_1"}}
    return replace(baseline, log_odds=shift, logit_shift=shift, local_log_odds=local, **known)
