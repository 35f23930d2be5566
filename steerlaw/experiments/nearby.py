"""What is known of a model around strength 0 and at one position, for claims of other papers: nothing of it is swept.

For each experiment, and its controls that have a direction of their own: what the logit lens reads of the concept, the
derivatives of the logits up to the third, and what the norm and the angle of a push cost, each without the other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int
from scipy.special import log_softmax, logsumexp

from real_models import LanguageModel
from real_models.decoding import decoder
from steerlaw.experiments.experiment import Experiment, with_controls
from steerlaw.inputs.subjects import Observation, Subject

ORDER = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Nearby:
    """Of every context: the lens's concept probability (None: no concept is fixed), derivatives in the strength of the
    logits of the sweep's watched tokens, and the nats that one norm of push costs, by its norm and by its angle alone.
    """

    lens: Float[np.ndarray, " contexts"] | None
    derivatives: Float[np.ndarray, "contexts order=3 tokens"]
    nats_of_norm: Float[np.ndarray, " contexts"]
    nats_of_angle: Float[np.ndarray, " contexts"]


Key = tuple[Any, ...]


def key(subject: Subject) -> Key:
    """What tells the subjects of one run apart."""
    return subject.model, subject.instance, subject.concept, subject.layer, subject.control


def nearby(
    experiments: Iterable[Experiment], observations: Iterable[Observation], seed: int
) -> Iterator[tuple[Key, Nearby]]:
    """For the variants of each language model's experiments that `run`, with the same seed, observed."""
    swept = {key(o.subject): o for o in observations if o.kind == "next token" and "log_probability" in o.sweep.data}
    for number, experiment in enumerate(experiments):
        if not isinstance(experiment.model, LanguageModel) or not isinstance(experiment.subject.layer, int):
            continue
        for variant in with_controls(experiment, seed + number):
            found = swept.get(key(variant.subject))
            if found is not None and variant.subject.control != "permuted_log_odds":
                yield key(variant.subject), _nearby(variant, found.sweep.data["token"].to_numpy())


def _nearby(experiment: Experiment, tokens: Int[np.ndarray, " tokens"]) -> Nearby:
    model, subject, vector = experiment.model, experiment.subject, experiment.vector
    assert isinstance(model, LanguageModel)
    assert subject.layer is not None
    assert experiment.residuals is not None
    residuals = experiment.residuals()
    costs = [_costs(experiment, context, h) for context, h in zip(subject.contexts, residuals, strict=True)]
    norm, angle = np.array(costs).T
    derivatives = [
        np.asarray(model.derivatives(context, [0.0], ORDER, layer=subject.layer, vector=vector))[1:, 0, tokens]
        for context in subject.contexts
    ]
    return Nearby(
        lens=_lens(model, residuals, experiment.baseline.concepts),
        derivatives=np.stack(derivatives).astype(np.float64),
        nats_of_norm=norm,
        nats_of_angle=angle,
    )


def _lens(model: LanguageModel, residuals: Float[np.ndarray, "contexts d"], concepts: Any) -> np.ndarray | None:
    """The first concept's probability where the residuals go into the final norm and the unembedding at once."""
    if concepts is None:
        return None
    logits = decoder.unembed(model.spec, model.params, jnp.asarray(residuals, jnp.float32))
    log_probs = log_softmax(np.asarray(logits, np.float64), axis=1)
    return np.exp(np.asarray(logsumexp(log_probs[:, np.asarray(concepts[0], bool)], axis=1)))


def _costs(experiment: Experiment, context: Any, h: Float[np.ndarray, " d"]) -> tuple[float, float]:
    """`KL(p', p)` where the last residual h gets the norm, or the direction, of `h + |h| v/|v|`, and keeps the other.

    >>> _costs(experiment, context, h)                                                             # doctest: +SKIP
    (0.31, 1.2)
    """
    model, vector, layer = experiment.model, experiment.vector, experiment.subject.layer
    assert isinstance(model, LanguageModel)
    assert layer is not None
    size = np.linalg.norm(h)
    steered = h + size * vector / np.linalg.norm(vector)
    grown = np.linalg.norm(steered) / size
    to = np.stack([grown * h, steered / grown]) - h
    rows = model.logits_each(context, [0.0, 1.0], layer=layer, vectors=to, positions="last")
    log_probs = log_softmax(np.asarray(rows, np.float64), axis=-1)
    before, after = log_probs[:, 0], log_probs[:, 1]
    norm, angle = (np.exp(after) * (after - before)).sum(axis=-1)
    return float(norm), float(angle)
