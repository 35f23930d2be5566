"""The entropy of the steered model's next-token distribution, as observed."""

import numpy as np

from numerics.bands.band import rounding_halfwidth
from numerics.observing.observers.view import View


def observe_entropy(view: View) -> dict[str, np.ndarray]:
    """`entropy`: H = -sum p log p in nats, at every strength.

    Logits that move by at most h move H at the rate Cov(-log p, their move), at most h A with A = E|log p + H|, and A
    itself at most at the rate h (3 A + 2): for h < 1/3 the entropy is within h A + 3 h^2 (A + 1) of exact.
    """
    entropy, deviation = np.zeros((2, len(view.strengths)))
    for _, logits in view.slices():
        logs = logits - view.log_normaliser[:, None]
        entropy -= (np.exp(logs) * logs).sum(axis=1)
    for _, logits in view.slices():
        logs = logits - view.log_normaliser[:, None]
        deviation += (np.exp(logs) * np.abs(logs + entropy[:, None])).sum(axis=1)
    off = view.halfwidth * deviation + 3 * view.halfwidth**2 * (deviation + 1)
    return {"entropy": entropy, "entropy_halfwidth": off + rounding_halfwidth(np.float64, entropy + 1)}
