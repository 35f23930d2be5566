"""What is known before steering: all that a prediction may see."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True, kw_only=True)
class ConceptLaw:
    """Assumption 1: token z has probability `inside[z]` in contexts of its own concept and `outside[z]` in others.

    `negative_share[z]` is the share of the negative contexts that belong to the concept of z; `delta` is a concept's
    mass in its own contexts less its mass in others, the same for every concept.
    """

    inside: Float[np.ndarray, " vocab"]
    outside: Float[np.ndarray, " vocab"]
    negative_share: Float[np.ndarray, " vocab"]
    delta: float


@dataclass(frozen=True, kw_only=True)
class Sphere:
    """Steering into a final normalisation: `logit_z = (A_z + alpha B_z)/rho + offset_z`.

    `rho^2 = c + 2 e alpha + f alpha^2`, with `c = |h|^2/d + eps`, `e = <h, v>/d`, `f = |v|^2/d`, `A_z = <gamma w_z, h>`
    (`h_part`), `B_z = <gamma w_z, v>` (`v_part`); h and v centred for LayerNorm, whose bias gives the offset.
    """

    h_part: Float[np.ndarray, "contexts vocab"]
    v_part: Float[np.ndarray, " vocab"]
    offset: Float[np.ndarray, " vocab"]
    c: Float[np.ndarray, " contexts"]
    e: Float[np.ndarray, " contexts"]
    f: float


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The unsteered side of a comparison; arrays are NumPy float64, logs natural.

    `log_probs`: next-token law of each context. `log_odds`: M, one value per token. `weights`: the contexts' shares
    pi_j, summing to 1. `data`: the evaluation law r_j as log-probabilities `[contexts, vocab]`, or the observed next
    token of each context `[contexts]`; None means the model's own law. `concepts`: rows are concepts, the target
    first. `logit_shift`: mean logits of the positive less those of the negative contexts. `limit_logits`: rows are the
    predicted limits at -inf and +inf, to be trusted within `limit_remainder` from `limit_strength` on. `in_target`: the
    contexts that belong to the target concept. `data_law`: the law of concepts the model was trained on. `sphere`: the
    steered residual as the final normalisation sees it. `local_log_odds`: exact derivative of each context's logits at
    strength 0; `logit_curvature` bounds, at every strength, the oscillation over tokens of their second derivative.
    `other_log_odds`: those of a second vector.
    `facts` are the names of conditions that hold of the model as a whole (`pre_norm`, `final_norm`, `assumption_1`).
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
    in_target: Bool[np.ndarray, " contexts"] | None = None
    data_law: ConceptLaw | None = None
    sphere: Sphere | None = None
    local_log_odds: Float[np.ndarray, "contexts vocab"] | None = None
    logit_curvature: float | None = None
    other_log_odds: Float[np.ndarray, " vocab"] | None = None
    facts: frozenset[str] = frozenset()
