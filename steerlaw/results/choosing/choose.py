"""How large the strength may be for one prompt: predicted before steering, measured by it, and how far to trust."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import expit, log_softmax, logsumexp, softmax

from numerics import sweet_spot
from numerics.closed_forms.validity import tilt_gaps
from numerics.observing.model import SteeredModel
from steerlaw.results.choosing.budgets import BudgetSeen, budget_seen, reverse_divergence
from steerlaw.results.choosing.choice import Choice, Norms, Target

POINTS = 33
"""Strengths a round; every round runs the model once on all of them."""
REFINEMENTS = 3
"""Rounds that narrow the crossing down, each by a factor of POINTS - 1."""
DOUBLINGS = 10
"""How often the window is doubled before the budget counts as out of reach."""

Logits = Callable[[Float[np.ndarray, " strengths"]], Float[np.ndarray, "strengths vocab"]]
Curve = Callable[[Float[np.ndarray, " strengths"]], Float[np.ndarray, " strengths"]]


def choose(
    model: SteeredModel,
    prompt: Any,
    *,
    layer: Any,
    vector: Float[np.ndarray, "..."],
    budget: float,
    tolerance: float = 0.01,
    concept: Bool[np.ndarray, " vocab"] | None = None,
    top: int = 5,
    target: float | None = None,
    explained: Sequence[float] = (),
    negative: bool = False,
) -> Choice:
    """The strength for this prompt at a budget of KL(p_alpha, p), in nats: law `sweet_spot`, then the model itself.

    Needs a model with `derivative`. `tolerance` (nats) says how far the model may be from the local tilt to count as
    obeying it; `concept` marks tokens whose probability is reported, `top` how many leading tokens are. `target` is a
    probability that the concept is to reach, `explained` are other budgets; `negative` asks for strengths below 0.

    >>> print(choose(model, "def f(", layer=2, vector=v, budget=0.5).say())
    """
    check_nats(budget=budget, tolerance=tolerance)
    _check_target(target, concept)
    vector = -np.asarray(vector) if negative else vector
    where = {"layer": layer, "vector": vector}

    def logits(strengths: Float[np.ndarray, " strengths"]) -> Float[np.ndarray, "strengths vocab"]:
        return np.asarray(model.logits(prompt, strengths, **where), np.float64)

    slope, unsteered = _slope(model, prompt, where), logits(np.zeros(1))[0]
    base = log_softmax(unsteered)
    predicted = float(sweet_spot(base, slope, budget))
    start = predicted if np.isfinite(predicted) else 1.0 / max(np.ptp(slope), 1e-12)

    measured, within, searched = _first_crossing(lambda s: divergences(logits(s), base), budget, start)
    valid_to = _first_crossing(
        lambda s: tilt_gaps(s, logits(s), unsteered, slope).divergence, tolerance, start / POINTS
    )[0]
    named = {"unsteered": 0.0, "predicted": predicted, "measured": measured}
    shown = {name: logits(np.array([alpha]))[0] for name, alpha in named.items() if np.isfinite(alpha)}
    return Choice(
        budget=budget,
        predicted=predicted,
        measured=measured,
        within=within,
        searched=searched,
        spent=divergences(shown["predicted"][None], base)[0] if "predicted" in shown else None,
        tolerance=tolerance,
        valid_to=valid_to,
        concept=None if concept is None else tuple(_share(shown.get(name), concept) for name in named),
        concept_slope=None if concept is None else _logit_slope(base, slope, concept),
        leading={name: tuple(np.argsort(-row)[:top].tolist()) for name, row in shown.items()},
        norms=_norms(model, prompt, layer, vector),
        empty=prompt == "",
        reverse={name: reverse_divergence(row, base) for name, row in shown.items()},
        target=None if target is None else _target(target, concept, base, slope, logits, start),
        budgets=tuple(_seen(amount, logits, base, start) for amount in explained),
        sign=-1 if negative else 1,
    )


def _check_target(target: float | None, concept: Any) -> None:
    if target is not None and (concept is None or not 0 < target < 1):
        raise ValueError(
            f"target is {target!r}, expected a probability between 0 and 1 of a concept that is given, too"
        )


def _slope(model: Any, prompt: Any, where: dict[str, Any]) -> Float[np.ndarray, " vocab"]:
    """The derivative of the logits at strength 0."""
    derivative: Any = getattr(model, "derivative", None)
    if derivative is None:
        raise ValueError(f"{model.name}: offers no derivative, which the prediction is made of")
    return np.asarray(derivative(prompt, np.zeros(1), **where), np.float64)[0]


def _target(share: float, concept: Any, base: Any, slope: Any, logits: Logits, start: float) -> Target:
    """Where the concept's probability first is `share`, under the local tilt and measured."""

    def of(rows: Float[np.ndarray, "strengths vocab"]) -> Float[np.ndarray, " strengths"]:
        return np.array([_share(row, concept) for row in rows])

    tilted = _first_crossing(lambda s: of(base + s[:, None] * slope), share, start)[0]
    return Target(share=share, predicted=tilted, measured=_first_crossing(lambda s: of(logits(s)), share, start)[0])


def _seen(amount: float, logits: Logits, base: Float[np.ndarray, " vocab"], start: float) -> BudgetSeen:
    """What a budget looks like at the strength that spends it."""
    check_nats(explained=amount)
    strength = _first_crossing(lambda s: divergences(logits(s), base), amount, start)[0]
    return budget_seen(amount, strength, logits(np.array([strength]))[0] if np.isfinite(strength) else None, base)


def check_nats(**amounts: float) -> None:
    """`ValueError` that names the first amount that is no positive finite number of nats."""
    for name, amount in amounts.items():
        if not (np.isfinite(amount) and amount > 0):
            raise ValueError(f"{name}: expected a positive number of nats, got {amount!r}")


def _norms(model: Any, prompt: Any, layer: Any, vector: Float[np.ndarray, "..."]) -> Norms | None:
    """Of the vector and of the residual it is added to; None for several blocks, or a model that shows none."""
    if not hasattr(model, "residual") or np.ndim(vector) != 1 or np.ndim(layer) != 0:
        return None
    residual = np.asarray(model.residual(prompt, layer), np.float64)[-1]
    size, length = (float(np.linalg.norm(np.asarray(v, np.float64))) for v in (vector, residual))
    return Norms(vector=size, residual=length) if length else None


def _logit_slope(
    log_probs: Float[np.ndarray, " vocab"], slope: Float[np.ndarray, " vocab"], concept: Bool[np.ndarray, " vocab"]
) -> float:
    """The derivative of the concept's logit: the mean slope of its tokens less that of the others."""
    inside, outside = (softmax(log_probs[mask]) @ slope[mask] for mask in (concept, ~concept))
    return float(inside - outside)


def divergences(
    logits: Float[np.ndarray, "strengths vocab"], base: Float[np.ndarray, " vocab"]
) -> Float[np.ndarray, " strengths"]:
    """KL(p_alpha, p) at each strength."""
    steered = log_softmax(logits, axis=1)
    return (np.exp(steered) * (steered - base)).sum(axis=1)


def _first_crossing(measure: Curve, level: float, start: float) -> tuple[float, float, float]:
    """The first positive strength at which `measure` reaches `level`, on grids that widen and then narrow.

    With it: the width of the last bracket, and how far was searched; `inf` where the level is never reached.
    """
    low, high = 0.0, 2 * start
    for _ in range(DOUBLINGS):
        grid = np.linspace(low, high, POINTS)
        reached = np.flatnonzero(measure(grid) >= level)
        if reached.size:
            break
        low, high = high, 2 * high
    else:
        return float("inf"), 0.0, low
    searched = high
    for _ in range(REFINEMENTS):
        low, high = grid[max(reached[0] - 1, 0)], grid[reached[0]]
        grid = np.linspace(low, high, POINTS)
        reached = np.flatnonzero(measure(grid) >= level)
        if reached.size == 0:
            break
    return float(high), float(high - low), searched


def _share(logits: Float[np.ndarray, " vocab"] | None, concept: Bool[np.ndarray, " vocab"]) -> float | None:
    """The concept's probability."""
    if logits is None:
        return None
    inside, outside = (np.asarray(logsumexp(logits[mask])) if mask.any() else -np.inf for mask in (concept, ~concept))
    return float(expit(inside - outside))
