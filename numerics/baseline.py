"""What is known before steering: all that a prediction may see."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The unsteered side of a comparison; arrays are NumPy float64, logs natural.

    `log_probs`: next-token law of each context. `log_odds`: M, one value per token. `weights`: the contexts' shares
    pi_j, summing to 1. `data`: the evaluation law r_j as log-probabilities `[contexts, vocab]`, or the observed next
    token of each context `[contexts]`; None means the model's own law. `concepts`: rows are concepts, the target
    first. `logit_shift`: mean logits of the positive less those of the negative contexts. `limit_logits`: rows are the
    predicted limits at -inf and +inf, to be trusted within `limit_remainder` from `limit_strength` on. `facts` are the
    names of conditions that hold of the model as a whole (`pre_norm`).
    """

    log_probs: Float[np.ndarray, "contexts vocab"]
    log_odds: Float[np.ndarray, " vocab"] | None = None
    weights: Float[np.ndarray, " contexts"] | None = None
    data: Float[np.ndarray, "contexts vocab"] | Int[np.ndarray, " contexts"] | None = None
    concepts: Bool[np.ndarray, "concepts vocab"] | None = None
    logit_shift: Float[np.ndarray, " vocab"] | None = None
    limit_logits: Float[np.ndarray, "2 vocab"] | None = None
    limit_strength: float | None = None
    limit_remainder: float | None = None
    facts: frozenset[str] = frozenset()
