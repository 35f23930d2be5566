"""Where on a sweep the horizons of a claim's curves lie: in strengths, in push, and in nats of their contexts."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from numerics.bands.outward import SIDES, Side, reaches
from numerics.judging.horizons.passages import Horizon
from numerics.judging.horizons.tolerance import Tolerance
from numerics.judging.verdict import Verdict
from numerics.observing.sweep import NotObservedError, Sweep
from theory.claims import Claim
from theory.quantities import KL_FORWARD

Horizons = Mapping[Side, Horizon]


def kept_horizons(sweep: Sweep, tolerance: Tolerance, applies: Bool[np.ndarray, "context vocab"]) -> Horizons:
    """How far every token's curve is a bump, from the sweep's summary; nothing for a tolerance it was not made for."""
    data = sweep.data
    if "bump_reach" not in data or str(tolerance) not in data["allowed"].to_numpy():
        return {}
    found = data["bump_reach"].sel(allowed=str(tolerance)).transpose("reach_side", "bound", "context", "vocab")
    kept: dict[Side, Horizon] = {}
    for side in SIDES:
        bounds = found.sel(reach_side=side).to_numpy().astype(np.float64)
        lower, upper, end = (
            np.where(applies, part, np.nan) for part in (*bounds, reaches(sweep.strengths, side).max(initial=0.0))
        )
        kept[side] = Horizon(lower=lower, upper=upper, end=end)
    return kept


def kept_nats(sweep: Sweep, tolerance: Tolerance, applies: Bool[np.ndarray, "context vocab"]) -> Horizon | None:
    """The same in nats, on both sides of strength 0."""
    data = sweep.data
    if "bump_nats" not in data or str(tolerance) not in data["allowed"].to_numpy():
        return None
    bounds = data["bump_nats"].sel(allowed=str(tolerance)).transpose("bound", "context", "vocab").to_numpy()
    spent = spent_by(sweep)
    end = np.inf if spent is None else spent.max(axis=1)[:, None]
    lower, upper, end = (np.where(applies, part, np.nan) for part in (*bounds.astype(np.float64), end))
    return Horizon(lower=lower, upper=upper, end=np.where(lower >= (1 - 1e-6) * end, lower, end))  # float32 is kept


def spent_by(sweep: Sweep, claim: Claim | None = None) -> Float[np.ndarray, "contexts strengths"] | None:
    """KL(p_alpha, p) of every context at the sweep's strengths, or at those of a claim's curves; None if not known."""
    if claim is not None and (claim.quantity.per[:1] != ("context",) or claim.quantity.along != "strength"):
        return None
    try:
        spent = sweep.curves(KL_FORWARD)
    except NotObservedError:
        return None
    middle = np.maximum((spent.lower + spent.upper) / 2, 0.0)
    if claim is None:
        return middle
    return middle[:, np.isin(spent.strengths, sweep.curves(claim.quantity).strengths)]


def located(verdict: Verdict, at: tuple[int, ...], nats: Horizon | None, push: float | None) -> Verdict:
    """A curve's verdict with its horizon in every unit that is known."""
    if verdict.horizon is None:
        return verdict
    low, high = verdict.horizon["strength"]
    found = dict(verdict.horizon)
    if push is not None and low is not None:
        found["push"] = [low * push, None if high is None else high * push]
    if nats is not None:
        found["nats"] = [float(nats.lower[at]), float(nats.upper[at]) if np.isfinite(nats.upper[at]) else None]
    return replace(verdict, horizon=found)
