"""What the paper's figures of its theory show: the exact model, V = 9 tokens in G = 3 concepts."""

from collections.abc import Iterator

from steerlaw.experiments.experiment import Grid, run
from steerlaw.experiments.toy import toy_experiments
from steerlaw.inputs.subjects import Observation

MODEL = "ufm-exact"


def theory_observations() -> Iterator[Observation]:
    """The exact model's instances, observed; nothing in them is drawn by chance."""
    own = [experiment for experiment in toy_experiments(Grid()) if experiment.subject.model == MODEL]
    for observation in run(own, 0):
        if observation.subject.control is None:
            yield observation
