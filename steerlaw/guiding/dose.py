"""One strength for many prompts: what each can take, and what the prompts promise about the next one."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import log_softmax, logsumexp, softmax

from real_models import LanguageModel
from steerlaw.results.choosing.choice import Choice
from steerlaw.results.choosing.choose import choose
from steerlaw.results.choosing.order_statistics import rank_at_risk


@dataclass(frozen=True, kw_only=True)
class Dose:
    """A strength, the share of the prompts on which it keeps within the budget, and what it does there (medians).

    `confidence` is the chance that it keeps within the budget on one more prompt of the same kind. The concept's
    probability is given at strength 0, at half the dose and at the dose; `nats` is KL(p_alpha, p) at the dose; `push`
    is alpha |v|/|h| (None where the residual is 0). Up to `tilt_reach` the local tilt predicts the model within a
    hundredth of a nat.
    """

    strength: float
    push: float | None
    kept: float
    confidence: float
    nats: float
    concept: tuple[float, float, float]
    tilt_reach: float
    prompts: int

    def to_json(self) -> dict[str, Any]:
        """As plain data; what is infinite is None."""
        return {name: None if value == np.inf else value for name, value in asdict(self).items()}


def dose_for(
    model: LanguageModel,
    prompts: Sequence[Any],
    *,
    layer: int,
    vector: Float[np.ndarray, " d"],
    concept: Bool[np.ndarray, " vocab"],
    budget: float,
    risk: float,
    tell: Callable[[], None] = lambda: None,
) -> Dose | None:
    """The largest strength that keeps within a budget of KL(p_alpha, p) nats on all but a share `risk` of prompts.

    Of n prompts the strengths that just spend the budget are sorted; the k-th smallest, k = floor(risk (n + 1)), is
    exceeded by what one more prompt can take with a chance of at least 1 - k/(n + 1), if the prompts are exchangeable.
    Where n is too small for that (k = 0), the smallest is taken, and its chance is n/(n + 1) whatever the risk asked
    for. None where no prompt ever spends the budget. `tell` is called after each prompt.

    Source: V. Vovk, A. Gammerman and G. Shafer, Algorithmic Learning in a Random World (2005), for order statistics.
    """
    choices: list[Choice] = []
    for prompt in prompts:
        choices.append(choose(model, prompt, layer=layer, vector=vector, budget=budget, concept=concept))
        tell()
    spend = np.array([choice.measured - choice.within for choice in choices])
    rank = max(rank_at_risk(len(spend), risk), 1)
    strength = float(np.sort(spend)[rank - 1])
    if not np.isfinite(strength):
        return None
    effects = [_effect(model, prompt, strength, layer, vector, concept) for prompt in prompts]
    norms = [choice.norms for choice in choices if choice.norms is not None]
    return Dose(
        strength=strength,
        push=float(np.median([strength * norm.vector / norm.residual for norm in norms])) if norms else None,
        kept=float(np.mean(spend >= strength)),
        confidence=1 - rank / (len(spend) + 1),
        nats=float(np.median([nats for nats, _ in effects])),
        concept=tuple(np.median([shares for _, shares in effects], axis=0).tolist()),
        tilt_reach=float(np.median([choice.valid_to for choice in choices])),
        prompts=len(prompts),
    )


def _effect(
    model: LanguageModel,
    prompt: Any,
    strength: float,
    layer: int,
    vector: Float[np.ndarray, " d"],
    concept: Bool[np.ndarray, " vocab"],
) -> tuple[float, Float[np.ndarray, "3"]]:
    """KL(p_alpha, p) in nats at the strength, and the concept's probability at 0, half of it and all of it."""
    at = np.array([0.0, strength / 2, strength])
    ell = log_softmax(np.asarray(model.logits(prompt, at, layer=layer, vector=vector), np.float64), axis=1)
    return float(softmax(ell[2]) @ (ell[2] - ell[0])), np.exp(np.asarray(logsumexp(ell[:, concept], axis=1)))
