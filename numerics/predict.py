"""What a claim says of a curve before it is looked at: whether it applies, where it is judged, what it predicts.

All of it sees the baseline alone. A float64 prediction is itself rounded, so it comes with its own error, which
`numerics.lowering` states, and never rules a curve out by less.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.baseline import Baseline
from numerics.lowering import MissingInputError, lower, lower_domain
from theory.claims import ALWAYS, Claim, Close, Turns
from theory.tilted import Expr

INSIDE, AFTER, BEFORE, UNKNOWN = range(4)
"""Where a turning point is predicted to lie: in the window, beyond its end, before its start, or unknown."""

NEAR_ZERO = 1e-9
"""A domain that keeps this far from 0 is a tail."""

REACH = 2.0 ** np.arange(1, 41)
"""How many times farther out a limit is tried, to say from where on it could be judged."""


def condition_met(
    claim: Claim,
    per: tuple[int, ...],
    baseline: Baseline | None,
    tokens: Int[np.ndarray, " tokens"] | None = None,
    *,
    assume: str | None = None,
) -> tuple[Bool[np.ndarray, "*per"], str]:
    """Where the claim's condition is met, and what had to be assumed to say so ("" for nothing)."""
    if claim.condition == ALWAYS:
        return np.ones(per, bool), ""
    try:
        if baseline is None:
            raise MissingInputError("log_probs and log_odds")
        met = np.asarray(lower(claim.condition.holds, claim.quantity.per)(baseline, np.zeros(1), tokens), bool)
        return np.broadcast_to(met[..., 0], per), ""
    except MissingInputError as missing:
        if assume is None:
            raise
        why = assume or f"needs {missing.field}, which is not given"
        return np.ones(per, bool), f"taken as met, unchecked ({why}): {claim.condition.name}"


def turning_side(
    claim: Turns,
    window: Float[np.ndarray, "2"],
    per: tuple[int, ...],
    baseline: Baseline | None,
    tokens: Int[np.ndarray, " tokens"] | None = None,
) -> Int[np.ndarray, "*per"]:
    """Where the predicted turning point lies: the root of `claim.turn`, which is monotone in the strength."""
    if claim.n == 0:
        return np.full(per, INSIDE)
    if claim.n > 1 or claim.turn is None or baseline is None:
        return np.full(per, UNKNOWN if claim.n == 1 else INSIDE)
    try:
        turn = lower(claim.turn, claim.quantity.per)(baseline, window, tokens)
    except MissingInputError:
        return np.full(per, UNKNOWN)
    start, end = (np.broadcast_to(np.asarray(turn)[..., at], per) for at in (0, 1))
    nearer_end = np.where(np.abs(end) < np.abs(start), AFTER, np.where(np.abs(end) > np.abs(start), BEFORE, UNKNOWN))
    return np.where(np.isnan(start + end), UNKNOWN, np.where(start * end < 0, INSIDE, nearer_end))


def judged_strengths(
    claim: Claim, strengths: Float[np.ndarray, " strengths"], baseline: Baseline | None, tolerance: float
) -> tuple[Bool[np.ndarray, " strengths"], str]:
    """The strengths at which a claim is judged, and what to say if there are none.

    A limit (a `Close` on a tail) is judged only where its proved remainder is at most half the tolerance: elsewhere it
    would hold without having been looked at.
    """
    at = baseline if baseline is not None else Baseline(log_probs=np.zeros((1, 1)))
    domain = lower_domain(claim.domain)
    inside = np.broadcast_to(np.asarray(domain(at, strengths), bool), strengths.shape)
    farther = np.concatenate([-np.abs(strengths).max() * REACH[::-1], np.abs(strengths).max() * REACH])
    if not inside.any():
        there = farther[np.broadcast_to(np.asarray(domain(at, farther), bool), farther.shape)]
        return inside, f"no strength of the window lies in the claim's domain; {_nearest(there)}"
    if not isinstance(claim, Close) or np.asarray(domain(at, np.array([-NEAR_ZERO, 0.0, NEAR_ZERO]))).any():
        return inside, ""
    remainder = lower(claim.remainder, claim.quantity.per)

    def small(where: Float[np.ndarray, " some"]) -> Bool[np.ndarray, " some"]:
        sizes = np.asarray(remainder(at, where))
        worst = sizes.reshape(-1, sizes.shape[-1]).max(axis=0)
        return (worst <= tolerance / 2) & np.asarray(domain(at, where), bool)

    return inside & small(strengths), (
        f"the limit's proved remainder is nowhere below half the tolerance ({tolerance / 2:.2g}) in the window; "
        f"{_nearest(farther[small(farther)])}"
    )


def predicted(
    expr: Expr,
    claim: Claim,
    strengths: Float[np.ndarray, " strengths"],
    per: tuple[int, ...],
    baseline: Baseline | None,
    tokens: Int[np.ndarray, " tokens"] | None = None,
) -> tuple[Float[np.ndarray, "strengths curves"], Float[np.ndarray, "strengths curves"] | float]:
    """A closed form at the judged strengths, `[strengths, curves]`, and the rounding error of that prediction."""
    if baseline is None:
        if expr.is_number:
            return np.full((len(strengths), int(np.prod(per))), float(expr)), 0.0
        raise MissingInputError("log_probs")
    value = np.asarray(lower(expr, claim.quantity.per)(baseline, strengths, tokens), np.float64)
    value = np.broadcast_to(value, (*per, len(strengths))).reshape(-1, len(strengths)).T
    if expr.is_number:
        return value, 0.0
    spread = 0.0 if baseline.log_odds is None else np.abs(baseline.log_odds).max()
    error = 1e-12 * (1 + np.abs(value)) + 4 * np.finfo(float).eps * np.abs(strengths)[:, None] * spread
    return value, np.where(np.isfinite(value), error, 0.0)


def _nearest(strengths: Float[np.ndarray, " some"]) -> str:
    if strengths.size == 0:
        return "no strength, however large, would do"
    return f"go as far as {strengths[np.abs(strengths).argmin()]:g}"
