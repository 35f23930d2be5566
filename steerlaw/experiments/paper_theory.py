"""What the paper's figures of its theory show: the exact model, V = 9 tokens in G = 3 concepts."""

from collections.abc import Iterator

from steerlaw.experiments.experiment import Grid, observe
from steerlaw.experiments.toy import toy_experiments
from steerlaw.inputs.subjects import Observation

MODEL = "ufm-exact"
INSTANCES = ("weighted/random", "smoothing/contrastive", "smoothing/random")
"""The first has tokens of as many log-odds as there are; of the others the paper shows the cross-entropy."""


def theory_observations() -> Iterator[Observation]:
    """The exact model's instances, observed without controls; nothing in them is drawn by chance."""
    for experiment in toy_experiments(Grid()):
        if experiment.subject.model == MODEL and experiment.subject.instance in INSTANCES:
            yield from observe(experiment)
