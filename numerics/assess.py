"""One claim against many observed curves at once: where the law's own prediction meets the band."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics import shapes
from numerics.bands import Band
from numerics.baseline import Baseline
from numerics.lowering import MissingInputError
from numerics.predict import (
    AFTER,
    BEFORE,
    INSIDE,
    UNKNOWN,
    condition_met,
    judged_strengths,
    predicted,
    turning_side,
)
from numerics.shapes import Departures, Direction
from numerics.verdict import HOLDS, NOT_APPLICABLE, UNDECIDED, Evidence, decide
from theory.claims import Bounded, Claim, Close, Turns


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Observed curves of one quantity: bounds `[*per, strengths]`, NumPy float64, and the kind of evidence they are."""

    strengths: Float[np.ndarray, " strengths"]
    lower: Float[np.ndarray, "*per strengths"]
    upper: Float[np.ndarray, "*per strengths"]
    evidence: Evidence = "deterministic"

    @property
    def per(self) -> tuple[int, ...]:
        """How many curves there are, dimension by dimension."""
        return self.lower.shape[:-1]

    @property
    def band(self) -> Band:
        """All curves side by side, strengths first."""
        flat = (np.ascontiguousarray(b.reshape(-1, len(self.strengths)).T) for b in (self.lower, self.upper))
        lower, upper = flat
        return Band(strengths=self.strengths, lower=lower, upper=upper)


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessment:
    """One claim judged on many curves; arrays over the curves, dimension by dimension (`codes` index `OUTCOMES`).

    `note` gives for each curve which of `notes` belongs to its reason; `witness` holds indices into `strengths`.
    """

    claim: Claim
    tolerance: float
    evidence: Evidence
    codes: Int[np.ndarray, "*per"]
    least: Float[np.ndarray, "*per"]
    most: Float[np.ndarray, "*per"]
    note: Int[np.ndarray, "*per"]
    notes: tuple[str, ...]
    strengths: Float[np.ndarray, " strengths"]
    witness: Int[np.ndarray, "*per points"]
    values: Float[np.ndarray, "*per points"]
    halfwidth: Float[np.ndarray, "*per"]
    assumed: str = ""


def assess(
    claim: Claim,
    curves: Curves,
    baseline: Baseline | None,
    *,
    tolerance: float,
    tokens: Int[np.ndarray, " tokens"] | None = None,
    assume: str | None = None,
) -> Assessment:
    """Judge one claim on every curve. `tokens` are the vocabulary ids of the token dimension (default: all).

    A condition that cannot be checked for want of an input makes the claim not applicable; with `assume` it is taken as
    met, and the note says so and why: `assume`, or the input that is missing where that is "".
    """
    try:
        met, assumed = condition_met(claim, curves.per, baseline, tokens, assume=assume)
        if not met.any():
            return not_applied(claim, curves, tolerance, f"condition unmet: {claim.condition.name}")
        inside, beyond = judged_strengths(claim, curves.strengths, baseline, tolerance)
        if not inside.any():
            return not_applied(claim, curves, tolerance, beyond, met=met)
        departures, side = _departures(claim, curves, inside, baseline, tokens)
    except MissingInputError as missing:
        return not_applied(claim, curves, tolerance, f"needs {missing.field}, which is not given")
    least, most = departures.least.reshape(curves.per), departures.most.reshape(curves.per)
    finite = np.isfinite(least)
    codes = decide(least, most, tolerance, met & finite)
    unseen = (side == UNKNOWN) & (codes == HOLDS)
    if unseen.any():
        codes = np.where(unseen & may_be_monotone(curves.band[inside]).reshape(curves.per), UNDECIDED, codes)
    window = curves.strengths[inside][[0, -1]]
    notes = (
        *side_notes(claim, window),
        f"condition unmet: {claim.condition.name}",
        "the prediction is not finite here",
    )
    note = np.where(met, np.where(finite, side, len(notes) - 1), len(notes) - 2)
    if assumed:
        notes = tuple(f"{text}; {assumed}" if text else assumed for text in notes)
    shown = _shown(curves, departures.witness.reshape(*curves.per, -1), np.flatnonzero(inside))
    return Assessment(
        claim=claim,
        tolerance=tolerance,
        evidence=curves.evidence,
        codes=codes.astype(np.int8),
        least=least,
        most=most,
        note=note,
        notes=notes,
        strengths=curves.strengths,
        assumed=assumed,
        **shown,
    )


def side_notes(claim: Claim, window: Float[np.ndarray, "2"]) -> tuple[str, ...]:
    """What to say of a curve for each of INSIDE, AFTER, BEFORE, UNKNOWN."""
    if not isinstance(claim, Turns) or claim.n != 1:
        return ("", "", "", "")
    first, second = ("rising", "falling") if claim.first == "rising" else ("falling", "rising")
    point = "peak" if claim.first == "rising" else "minimum"
    return (
        "",
        f"judged as {first}: its {point} is predicted beyond the window, at a strength above {window[1]:g}",
        f"judged as {second}: its {point} is predicted before the window, at a strength below {window[0]:g}",
        f"where its {point} lies is not predicted",
    )


def may_be_monotone(band: Band) -> Bool[np.ndarray, " curves"]:
    """Whether the band leaves room for a curve that does not turn."""
    return (shapes.rising(band, "departing").least == 0) | (shapes.falling(band, "departing").least == 0)


def not_applied(
    claim: Claim, curves: Curves, tolerance: float, reason: str, *, met: Bool[np.ndarray, "*per"] | None = None
) -> Assessment:
    """Nothing judged: `not_applicable`, or `undecided` where the condition was met but no strength could be judged."""
    nothing, blank = np.full(curves.per, np.nan), np.zeros((*curves.per, 0))
    return Assessment(
        claim=claim,
        tolerance=tolerance,
        evidence=curves.evidence,
        codes=np.where(np.zeros(curves.per, bool) if met is None else met, UNDECIDED, NOT_APPLICABLE).astype(np.int8),
        least=nothing,
        most=nothing,
        note=np.zeros(curves.per, np.int8),
        notes=(reason,),
        strengths=curves.strengths,
        witness=blank.astype(np.int64),
        values=blank,
        halfwidth=nothing,
    )


def _departures(
    claim: Claim, curves: Curves, inside: Bool[np.ndarray, " strengths"], baseline: Baseline | None, tokens
) -> tuple[Departures, Int[np.ndarray, "*per"]]:
    band = curves.band[inside]
    settled = np.full(curves.per, INSIDE)
    match claim:
        case Turns():
            side = turning_side(claim, band.strengths[[0, -1]], curves.per, baseline, tokens)
            return _turn_departures(claim, band, side.ravel()), side
        case Close():
            value, error = predicted(claim.value, claim, band.strengths, curves.per, baseline, tokens)
            remainder, _ = predicted(claim.remainder, claim, band.strengths, curves.per, baseline, tokens)
            return shapes.close(band, value, remainder + error), settled
        case Bounded():
            return _bound_departures(claim, curves, band, baseline, tokens), settled


def _turn_departures(claim: Turns, band: Band, side: Int[np.ndarray, " curves"]) -> Departures:
    second: Direction = "falling" if claim.first == "rising" else "rising"
    classes: dict[int, tuple[int, Direction]] = {
        AFTER: (0, claim.first),
        BEFORE: (0, second),
        INSIDE: (claim.n, claim.first),
        UNKNOWN: (claim.n, claim.first),
    }
    present = np.unique(side)
    if len(present) == 1:
        return shapes.turns(band, *classes[int(present[0])])
    least, most = np.empty(side.size), np.empty(side.size)
    witness = np.full((side.size, claim.n + 2), -1)
    for one in present:
        kept = side == one
        part = shapes.turns(band.columns(kept), *classes[int(one)])
        least[kept], most[kept] = part.least, part.most
        witness[np.ix_(kept, np.arange(part.witness.shape[1]))] = part.witness
    return Departures(least=least, most=most, witness=witness)


def _bound_departures(claim: Bounded, curves: Curves, band: Band, baseline, tokens) -> Departures:
    bounds = {}
    for name, expr in (("at_least", claim.lower), ("at_most", claim.upper)):
        if expr is not None:
            value, error = predicted(expr, claim, band.strengths, curves.per, baseline, tokens)
            bounds[name] = value - error if name == "at_least" else value + error
    if claim.derivative == 0:
        return shapes.between(band, bounds.get("at_least", -np.inf), bounds.get("at_most", np.inf))
    if claim.derivative > 2:
        raise ValueError(f"{claim.says}: derivatives are judged up to the second, got {claim.derivative}")
    for name, bound in bounds.items():
        outermost = bound.min(axis=0) if name == "at_least" else bound.max(axis=0)
        if np.ptp(bound, axis=0).max() > 1e-9 * (1 + np.abs(outermost).max()):
            raise ValueError(f"{claim.says}: a bound on a derivative must be the same at every strength")
        bounds[name] = outermost
    return (shapes.slope if claim.derivative == 1 else shapes.curvature)(band, **bounds)


def _shown(curves: Curves, points: Int[np.ndarray, "*per points"], rows: Int[np.ndarray, " judged"]) -> dict:
    """The witness as indices into all strengths, the values there and the mean half-width of the band there."""
    where = rows[points]
    low, high = (np.take_along_axis(bound, where, axis=-1) for bound in (curves.lower, curves.upper))
    seen = points >= 0
    centre = np.where(np.isinf(low), high, np.where(np.isinf(high), low, (low + high) / 2))
    return {
        "witness": np.where(seen, where, -1),
        "values": np.where(seen, centre, np.nan),
        "halfwidth": np.where(seen, (high - low) / 2, 0.0).sum(axis=-1) / np.maximum(seen.sum(axis=-1), 1),
    }
