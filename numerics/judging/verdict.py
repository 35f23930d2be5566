"""What a comparison concludes, and the rule by which it does."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.bands.evidence import TOLERANCE, Evidence
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
    band is farther); None where nothing was judged. `witness` holds the fewest points that show it:
    `{"strengths": [...], "values": [...]}`. `reason` says in words why, and what would decide what is undecided.
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

    def to_json(self) -> dict[str, Any]:
        """As a dictionary that JSON can hold: a departure without bound is null."""
        return {
            "law": self.law,
            "claim": self.claim,
            "verdict": self.verdict,
            "evidence": self.evidence,
            "departure": self.departure if self.departure is not None and math.isfinite(self.departure) else None,
            "tolerance": self.tolerance,
            "unit": self.unit,
            "witness": self.witness,
            "reason": self.reason,
        }


def not_applicable(claim: Claim, law: str | None, tolerance: float, evidence: Evidence, reason: str) -> Verdict:
    """The verdict on a claim of which nothing was judged, and why."""
    return Verdict(
        law=law,
        claim=claim.says,
        verdict="not_applicable",
        departure=None,
        tolerance=tolerance,
        unit=claim.quantity.unit,
        evidence=evidence,
        reason=reason,
    )


def decide(
    least: Float[np.ndarray, "..."],
    most: Float[np.ndarray, "..."],
    tolerance: float,
    applies: Bool[np.ndarray, "..."] | bool,
) -> Int[np.ndarray, "..."]:
    """The rule, for many curves at once: indices into `OUTCOMES`.

    not applicable where the claim does not apply; else departs where D- > 0; else holds where D+ <= tolerance; else
    undecided.
    """
    judged = np.where(least > 0, DEPARTS, np.where(most <= tolerance, HOLDS, UNDECIDED))
    return np.where(applies, judged, NOT_APPLICABLE).astype(np.int8)


def worst(
    codes: Int[np.ndarray, "*per"], least: Float[np.ndarray, "*per"], most: Float[np.ndarray, "*per"]
) -> tuple[int, ...]:
    """Index of the worst curve: by severity, then by the size of the departure (not a number counts as none)."""
    rank = np.empty(len(OUTCOMES))
    rank[list(SEVERITY)] = np.arange(len(OUTCOMES))
    size = np.nan_to_num(np.where(codes == DEPARTS, least, most).ravel(), nan=-1.0)
    first = np.lexsort((-size, rank[codes.ravel()]))[0]
    return tuple(int(n) for n in np.unravel_index(first, codes.shape))


def check_tolerance(tolerance: float | None) -> float:
    """The tolerance, or the default; `ValueError` if it is negative or no number."""
    if tolerance is None:
        return TOLERANCE
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise ValueError(f"a tolerance is a number of 0 or more, in the claim's unit; got {tolerance}")
    return float(tolerance)
