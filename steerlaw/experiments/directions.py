"""Directions with no concept in them, many, each predicted by its own derivative: what a vector is one of, or not.

Two kinds. A *random direction* is isotropic. A *context difference* is that of the unsteered residuals of two contexts:
a direction in which the model's own states differ, and so a harder control, though pairs share contexts.

All are treated alike, the steering vector first: log-odds are the mean of the contexts' exact derivatives at strength 0
along the direction itself (never what prompts say), and the window is where the direction's own tilt, to second order,
predicts a divergence of up to `NATS`, but at most `PUSH` residual norms. So a direction's length does not matter, and
one that moves the model little is not praised for moving it little. What a direction scores is then a function of the
direction, the model and the contexts alone, and its rank among others is exact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

from numerics.baseline import Baseline
from numerics.observing.grids import strength_grid
from numerics.observing.variables import REACHING
from steerlaw.experiments.experiment import Experiment, observe_next
from steerlaw.experiments.wanted import wanted_for
from steerlaw.inputs.subjects import Observation
from theory.claims import Claim
from theory.quantities import KL_FORWARD

Origin = Literal["random directions", "context differences"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)

PUSH = 2.0
"""Largest push of a direction, in norms of the residual."""
NATS = 1.0
"""Divergence up to which a direction is followed, by its own tilt to second order."""
STRENGTHS = 23
"""Strengths along each direction: so few that the model is asked at each (`numerics.observing.next_token.FEW`)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Followed:
    """What was observed along one direction; `origin` None is the steering vector itself."""

    origin: Origin | None
    observation: Observation


def follow(experiment: Experiment, claims: Sequence[Claim], count: int, seed: int) -> Iterator[Followed]:
    """The next token along the steering vector, then `count` random directions and as many context differences.

    Of the latter there are at most as many as pairs of contexts. What is observed is what the claims need.
    """
    rng = np.random.default_rng([seed, experiment.subject.layer or 0])
    directions: list[tuple[Origin | None, np.ndarray]] = [(None, experiment.vector)]
    directions.extend(("random directions", row) for row in rng.standard_normal((count, *experiment.vector.shape)))
    directions.extend(("context differences", row) for row in context_differences(experiment, count, rng))
    for origin, direction in directions:
        yield Followed(origin=origin, observation=_observed(experiment, direction, claims))


def can_be_followed(experiment: Experiment, count: int) -> bool:
    """Whether it is no control, has a push, and can say what is known along another vector."""
    subject = experiment.subject
    return count > 0 and experiment.along is not None and subject.push is not None and not subject.control


def context_differences(experiment: Experiment, count: int, rng: np.random.Generator) -> Float[np.ndarray, "pairs d"]:
    """Differences of the residuals of so many pairs of contexts, drawn without replacement, with a sign drawn too."""
    residuals = np.zeros((0, *experiment.vector.shape)) if experiment.residuals is None else experiment.residuals()
    first, second = np.triu_indices(len(residuals), 1)
    pairs = rng.permutation(len(first))[:count]
    signs = rng.choice([-1.0, 1.0], size=(len(pairs), 1))
    found = signs * (residuals[first[pairs]] - residuals[second[pairs]])
    return found[np.linalg.norm(found, axis=1) > 0]


def _observed(experiment: Experiment, direction: Float[np.ndarray, " d"], claims: Sequence[Claim]) -> Observation:
    """The sweep along the direction, at the vector's length, beside what its own derivative predicts."""
    assert experiment.along is not None
    assert experiment.subject.push is not None
    direction = direction * (np.linalg.norm(experiment.vector) / np.linalg.norm(direction))
    baseline = experiment.along(direction)
    along = replace(
        experiment,
        subject=replace(experiment.subject, kinds=frozenset({"next token"})),
        vector=direction,
        baseline=baseline,
        strengths=strength_grid(reach(baseline, experiment.subject.push), STRENGTHS),
        between=False,
        text_strengths=None,
        limits=None,
    )
    wanted = wanted_for(claims, along.subject)["next token"]
    return observe_next(along, wanted=wanted - {KL_FORWARD.id, *REACHING})  # horizons are not asked for here


def reach(baseline: Baseline, push: float) -> float:
    """The strength up to which a direction is followed: `min(PUSH/push, sqrt(2 NATS/mean Var_p[M_loc]))`."""
    assert baseline.local_log_odds is not None
    probs = np.exp(baseline.log_probs)
    centred = baseline.local_log_odds - (probs * baseline.local_log_odds).sum(axis=1, keepdims=True)
    variance = (probs * centred**2).sum(axis=1).mean()
    return float(min(PUSH / push, np.sqrt(2 * NATS / variance) if variance > 0 else np.inf))
