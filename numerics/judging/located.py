"""Where on a sweep the horizons of a claim's curves lie: in strengths, in push, and in nats of their contexts."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from numerics.bands.outward import SIDES, Side, reaches
from numerics.judging.horizons.nats import in_nats
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


def nats_of(horizons: Horizons, claim: Claim, sweep: Sweep) -> Horizons:
    """The same in nats, where there is one curve or several a context and the sweep holds the divergence of each."""
    if not horizons or claim.quantity.per[:1] != ("context",):
        return {}
    try:
        spent = sweep.curves(KL_FORWARD)
    except NotObservedError:
        return {}
    middle = np.maximum((spent.lower + spent.upper) / 2, 0.0)
    return {side: in_nats(found, spent.strengths, middle, side) for side, found in horizons.items()}


def located(verdict: Verdict, at: tuple[int, ...], nats: Horizons, push: float | None) -> Verdict:
    """A curve's verdict with its horizon in every unit that is known."""
    if verdict.horizon is None:
        return verdict
    low, high = verdict.horizon["strength"]
    found = dict(verdict.horizon)
    if push is not None and low is not None:
        found["push"] = [low * push, None if high is None else high * push]
    if "both" in nats:
        ends = nats["both"]
        found["nats"] = [float(ends.lower[at]), float(ends.upper[at]) if np.isfinite(ends.upper[at]) else None]
    return replace(verdict, horizon=found)
