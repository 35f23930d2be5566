"""What a budget of nats looks like on a prompt: the strength it buys, and how different the next token then is."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import log_softmax

EXPLAINED = (0.1, 0.5, 2.0)
"""Nats of KL(p_alpha, p) that are shown."""


@dataclass(frozen=True, kw_only=True)
class BudgetSeen:
    """At the `strength` that spends `nats` of KL(p_alpha, p): KL(p, p_alpha), the changed share of tokens, the leader.

    `changed` is the total variation `sum_z |p_alpha(z) - p(z)| / 2`: how often, at the least, the next token is another
    one. `leading` is the likeliest token's id. `strength` is infinite, the others None, where so much is never spent.
    """

    nats: float
    strength: float
    reverse: float | None
    changed: float | None
    leading: int | None


def budget_seen(
    nats: float, strength: float, logits: Float[np.ndarray, " vocab"] | None, base: Float[np.ndarray, " vocab"]
) -> BudgetSeen:
    """What steering by `strength` makes of the distribution whose log-probabilities are `base`."""
    if logits is None:
        return BudgetSeen(nats=nats, strength=strength, reverse=None, changed=None, leading=None)
    steered = log_softmax(logits)
    return BudgetSeen(
        nats=nats,
        strength=strength,
        reverse=reverse_divergence(logits, base),
        changed=float(np.abs(np.exp(steered) - np.exp(base)).sum() / 2),
        leading=int(np.argmax(steered)),
    )


def reverse_divergence(logits: Float[np.ndarray, " vocab"], base: Float[np.ndarray, " vocab"]) -> float:
    """KL(p, p_alpha) in nats, p the distribution whose log-probabilities are `base`."""
    return max(0.0, float(np.exp(base) @ (base - log_softmax(logits))))
