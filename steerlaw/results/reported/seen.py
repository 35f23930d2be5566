"""From a sweep of the next token, and what is known around strength 0, to what the statistics of claims are made of."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int
from scipy.special import log_softmax

from numerics.baseline import Baseline
from numerics.reported.statistics import Seen
from steerlaw.experiments.nearby import Nearby
from steerlaw.inputs.subjects import Observation


def seen_in(observation: Observation, near: Nearby | None) -> list[Seen]:
    """What was seen in every context of a block; its strengths in norms of the residual."""
    data, baseline, push = observation.sweep.data, observation.baseline, observation.subject.push
    assert push is not None
    found: dict[str, np.ndarray] = {}
    for name, of in (("efficiency", "efficiency"), ("concept_logit", "concept_logit")):
        if of in data:
            found[name] = data[of].isel(concept=0).transpose("context", "strength").to_numpy()
    if "kl_forward" in data:
        found["nats"] = data["kl_forward"].transpose("context", "strength").to_numpy()
    if baseline is not None and baseline.concepts is not None:
        found |= _of_concept(observation, baseline, push)
    if near is not None:
        found |= _nearby(near, push)
    if near is not None and "log_probability" in data:
        found["logits"] = data["log_probability"].transpose("context", "token", "strength").to_numpy()
    pushes = observation.sweep.strengths * push
    contexts = len(observation.subject.contexts)
    return [Seen(pushes=pushes, values={name: rows[n] for name, rows in found.items()}) for n in range(contexts)]


def _of_concept(observation: Observation, baseline: Baseline, push: float) -> Mapping[str, np.ndarray]:
    """The slope at 0 of the concept's logit, `E_p[M | C] - E_p[M | not C]`, per norm; and log-odds of pairs."""
    found, data = {}, observation.sweep.data
    assert baseline.concepts is not None
    target, probs = np.asarray(baseline.concepts[0], bool), np.exp(log_softmax(baseline.log_probs, axis=1))
    if baseline.local_log_odds is not None and 0 < target.sum() < target.size:
        local = np.asarray(baseline.local_log_odds) / push
        found["concept_slope"] = _mean(local, probs, target) - _mean(local, probs, ~target)
    if "log_probability" in data:
        curves = data["log_probability"].transpose("context", "token", "strength").to_numpy()
        tokens = data["token"].to_numpy()
        rows = [_pairs(tokens, target, p, curve) for p, curve in zip(probs, curves, strict=True)]
        if rows and len(rows[0]):
            found["pair_log_odds"] = np.stack(rows)
    return found


def _mean(values: np.ndarray, probs: np.ndarray, of: np.ndarray) -> Float[np.ndarray, " contexts"]:
    return (values * probs)[:, of].sum(axis=1) / probs[:, of].sum(axis=1)


def _pairs(
    tokens: Int[np.ndarray, " tokens"],
    target: np.ndarray,
    probs: Float[np.ndarray, " vocab"],
    curves: Float[np.ndarray, "tokens strengths"],
) -> Float[np.ndarray, "pairs strengths"]:
    """The n-th most probable watched token of the target set against the n-th most probable one outside it."""
    order = np.argsort(-probs[tokens], kind="stable")
    inside, outside = (order[target[tokens[order]] == member] for member in (True, False))
    pairs = min(len(inside), len(outside))
    return curves[inside[:pairs]] - curves[outside[:pairs]]


def _nearby(near: Nearby, push: float) -> Mapping[str, np.ndarray]:
    """In norms of the residual: the n-th derivative in the strength over the n-th power of the push."""
    powers = push ** np.arange(1, near.derivatives.shape[1] + 1)
    found = {
        "logit_derivatives": near.derivatives / powers[:, None],
        "nats_of_norm": near.nats_of_norm,
        "nats_of_angle": near.nats_of_angle,
    }
    return found if near.lens is None else found | {"lens": near.lens}
