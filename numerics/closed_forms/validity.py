"""How far the tilt applies to a model that need not obey it: its departure along the exact local tilt.

With M_eff = d logit/d alpha at 0 and r(alpha) = logit(alpha) - logit(0) - alpha M_eff, every
|log p_alpha - log p_tilt| is at most osc_z r(alpha) (law `local_tilt`). The oscillation counts every token alike;
KL(p_alpha, p_tilt) counts tokens by their probability.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import log_softmax

from numerics.arrays import ArrayLike


@dataclass(frozen=True, kw_only=True, eq=False)
class TiltGaps:
    """Departure from the local tilt at each strength: `oscillation` in logits, `divergence` in nats, both >= 0."""

    strengths: Float[np.ndarray, " strengths"]
    oscillation: Float[np.ndarray, " strengths"]
    divergence: Float[np.ndarray, " strengths"]


def tilt_gaps(
    strengths: Float[ArrayLike, " strengths"],
    logits: Float[ArrayLike, "strengths vocab"],
    unsteered: Float[ArrayLike, " vocab"],
    slope: Float[ArrayLike, " vocab"],
) -> TiltGaps:
    """The gaps of steered `logits` from the tilt of the `unsteered` logits by their `slope` at strength 0.

    `oscillation = max_z r - min_z r`; `divergence = KL(p_alpha, p_tilt)`. Logits are used in float64.
    """
    alpha, steered = np.asarray(strengths, np.float64), np.asarray(logits, np.float64)
    if steered.ndim != 2 or len(steered) != alpha.size:
        raise ValueError(f"logits have shape {steered.shape}, expected [{alpha.size} strengths, vocab]")
    tilt = np.asarray(unsteered, np.float64) + alpha[:, None] * np.asarray(slope, np.float64)
    remainder = steered - tilt
    log_probs, log_tilt = log_softmax(steered, axis=1), log_softmax(tilt, axis=1)
    divergence = (np.exp(log_probs) * (log_probs - log_tilt)).sum(axis=1)
    return TiltGaps(strengths=alpha, oscillation=np.ptp(remainder, axis=1), divergence=np.maximum(divergence, 0.0))


def validity_radius(
    strengths: Float[ArrayLike, " strengths"] | Sequence[float],
    gaps: Float[ArrayLike, " strengths"] | Sequence[float],
    tolerance: float,
) -> float:
    """The largest strength of the grid up to which, from 0 on, every gap is at most the tolerance.

    `strengths` are at least 0 and ascending. Nothing is said of what happens between them.

    >>> validity_radius([0.0, 1.0, 2.0, 3.0], [0.0, 0.1, 0.5, 0.2], tolerance=0.2)
    1.0
    """
    alpha, gap = np.asarray(strengths, np.float64), np.asarray(gaps, np.float64)
    if alpha.size == 0 or (alpha < 0).any() or (np.diff(alpha) <= 0).any():
        raise ValueError(f"strengths: expected ascending ones from 0 on, got {strengths}")
    beyond = np.flatnonzero(~(gap <= tolerance))
    if beyond.size == 0:
        return float(alpha[-1])
    return float(alpha[beyond[0] - 1]) if beyond[0] else 0.0
