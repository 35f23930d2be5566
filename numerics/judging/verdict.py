"""What a comparison concludes, and the rule by which it does."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.bands.evidence import Evidence
from numerics.judging.horizons.tolerance import Tolerance
from theory.claims import Claim
from theory.quantities import Unit

Outcome = Literal["holds", "departs", "undecided", "not_applicable"]

OUTCOMES: tuple[Outcome, ...] = ("holds", "departs", "undecided", "not_applicable")
"""Arrays of verdicts hold indices into this."""
HOLDS, DEPARTS, UNDECIDED, NOT_APPLICABLE = range(4)

SEVERITY = (DEPARTS, UNDECIDED, HOLDS, NOT_APPLICABLE)
"""Worst first: of several verdicts on one law, the first of these that occurs speaks for it."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One claim judged on one curve.

    `departure` is in `unit`: D- (no curve in the band comes closer) where the claim departs, else D+ (no curve in the
    band is farther); None where nothing was judged. So is `tolerance`, which `relative` says was asked for as a share
    of the curve's movement. `exact`: D- is 0, so that the law may hold to the letter. `tested`: data like these could
    have broken the claim; `slack` by what factor they could have moved farther and still obey a bound. `horizon` gives
    how far the claim holds as [certainly, no farther than (None: no end was seen)], in `strength`, `push` and `nats` as
    far as these are known. `witness` holds the fewest points that show the departure: `{"strengths": [...], "values":
    [...]}`. `reason` says in words why, and what would decide what is undecided.
    """

    law: str | None
    claim: str
    verdict: Outcome
    departure: float | None
    tolerance: float
    unit: Unit
    evidence: Evidence
    witness: dict[str, list[float]] | None = None
    reason: str = ""
    relative: bool = False
    exact: bool | None = None
    tested: bool | None = None
    slack: float | None = None
    horizon: dict[str, list[float | None]] | None = None

    def to_json(self) -> dict[str, Any]:
        """As a dictionary that JSON can hold: a departure without bound is null, and so is a horizon's unknown unit."""
        horizon = self.horizon and {unit: self.horizon.get(unit) for unit in ("strength", "push", "nats")}
        return {
            "law": self.law,
            "claim": self.claim,
            "verdict": self.verdict,
            "evidence": self.evidence,
            "departure": self.departure if self.departure is not None and math.isfinite(self.departure) else None,
            "exact": self.exact,
            "tested": self.tested,
            "slack": self.slack,
            "horizon": horizon,
            "tolerance": self.tolerance,
            "relative": self.relative,
            "unit": self.unit,
            "witness": self.witness,
            "reason": self.reason,
        }


def not_applicable(claim: Claim, law: str | None, tolerance: Tolerance, evidence: Evidence, reason: str) -> Verdict:
    """The verdict on a claim of which nothing was judged, and why."""
    return Verdict(
        law=law,
        claim=claim.says,
        verdict="not_applicable",
        departure=None,
        tolerance=tolerance.amount,
        relative=tolerance.relative,
        unit=claim.quantity.unit,
        evidence=evidence,
        reason=reason,
    )


def decide(
    least: Float[np.ndarray, "..."],
    most: Float[np.ndarray, "..."],
    tolerance: Float[np.ndarray, "..."] | float,
    applies: Bool[np.ndarray, "..."] | bool,
) -> Int[np.ndarray, "..."]:
    """The rule, for many curves at once: indices into `OUTCOMES`.

    not applicable where the claim does not apply; else departs where D- > tolerance; else holds where D+ <= tolerance;
    else undecided.
    """
    judged = np.where(least > tolerance, DEPARTS, np.where(most <= tolerance, HOLDS, UNDECIDED))
    return np.where(applies, judged, NOT_APPLICABLE).astype(np.int8)


def worst(
    codes: Int[np.ndarray, "*per"], least: Float[np.ndarray, "*per"], most: Float[np.ndarray, "*per"]
) -> tuple[int, ...]:
    """Index of the worst curve: by severity, then by the size of the departure (not a number counts as none)."""
    rank = np.empty(len(OUTCOMES))
    rank[list(SEVERITY)] = np.arange(len(OUTCOMES))
    size = np.nan_to_num(np.where(codes == DEPARTS, least, most).ravel(), nan=-1.0)
    severity = rank[codes.ravel()]
    first = np.argmax(np.where(severity == severity.min(), size, -np.inf))
    return tuple(int(n) for n in np.unravel_index(first, codes.shape))
