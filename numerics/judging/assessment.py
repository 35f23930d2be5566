"""One claim against many observed curves at once: where the law's own prediction meets the band."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.bands import shapes
from numerics.bands.band import Band
from numerics.bands.evidence import Evidence
from numerics.baseline import Baseline
from numerics.judging.departures import Departed, departed, points_needed
from numerics.judging.notes import Note, Notes, lacking, note, turning_notes
from numerics.judging.prediction import UNKNOWN, Side, condition_met, judged_strengths, limit_reach
from numerics.judging.verdict import HOLDS, NOT_APPLICABLE, UNDECIDED, decide
from numerics.lowering.setting import MissingInputError, Settings, settings_of
from numerics.observing.curve_bands import Curves
from theory.claims import Claim


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessment:
    """One claim judged on many curves; arrays over the curves, dimension by dimension (`codes` index `OUTCOMES`).

    `note` gives for each curve the `Note` that belongs to its reason, and `notes` their words; `witness` holds indices
    into `strengths`.
    `found` has the judged bands, where they are at hand; `samples` is how many a strength they rest on, where known.
    """

    claim: Claim
    tolerance: float
    evidence: Evidence
    codes: Int[np.ndarray, "*per"]
    least: Float[np.ndarray, "*per"]
    most: Float[np.ndarray, "*per"]
    note: Int[np.ndarray, "*per"]
    notes: Notes
    strengths: Float[np.ndarray, " strengths"]
    witness: Int[np.ndarray, "*per points"]
    values: Float[np.ndarray, "*per points"]
    halfwidth: Float[np.ndarray, "*per"]
    found: Departed | None = None
    samples: int | None = None
    assumed: str = ""


def judge_curves(
    claim: Claim,
    curves: Curves,
    baseline: Baseline | Settings | None,
    *,
    tolerance: float,
    tokens: Int[np.ndarray, " tokens"] | None = None,
    assume: str | None = None,
) -> Assessment:
    """Judge one claim on every curve. `tokens` are the vocabulary ids of the token dimension (default: all).

    A condition that cannot be checked for want of an input makes the claim not applicable; with `assume` it is taken as
    met, and the note says so and why: `assume`, or the input that is missing where that is "". Given `Settings` in
    place of the baseline, what several claims have in common is computed once.
    """
    tolerance, known = max(tolerance, curves.resolution), None if baseline is None else settings_of(baseline)
    try:
        met, assumed = condition_met(claim, curves.per, known, tokens, assume=assume)
        if not met.any():
            return not_applied(claim, curves, tolerance, note(Note.UNMET, condition=claim.condition.name))
        inside, beyond = judged_strengths(claim, curves.strengths, known)
        if beyond or inside.sum() < points_needed(claim):
            few = note(Note.FEW_POINTS, count=inside.sum(), needed=points_needed(claim))
            return not_applied(claim, curves, tolerance, beyond or few, met=met)
        found = departed(claim, curves, inside, known, tolerance=tolerance, tokens=tokens)
        far = limit_reach(claim, curves.strengths, known, tolerance) if found.unjudged.any() else {}
    except MissingInputError as missing:
        return not_applied(claim, curves, tolerance, lacking(missing.field))
    return _assessed(claim, curves, inside, found, met, tolerance, far, assumed)


def _assessed(
    claim: Claim,
    curves: Curves,
    inside: Bool[np.ndarray, " strengths"],
    found: Departed,
    met: Bool[np.ndarray, "*per"],
    tolerance: float,
    far: Notes,
    assumed: str,
) -> Assessment:
    """Departures to outcomes and what to say of them."""
    departures = found.departures
    unjudged, silent, side = (part.reshape(curves.per) for part in (found.unjudged, found.silent, found.side))
    least, most = (
        np.where(unjudged | silent, np.nan, part.reshape(curves.per)) for part in (departures.least, departures.most)
    )
    unpredicted = np.isnan(least) & ~unjudged & ~silent | np.isinf(least)
    codes = decide(least, most, tolerance, met & ~unpredicted & ~silent)
    unseen = (side == UNKNOWN) & (codes == HOLDS)
    if unseen.any():
        codes = np.where(unseen & may_be_monotone(curves.band[inside]).reshape(curves.per), UNDECIDED, codes)
    faults = {Note.UNMET: ~met, Note.UNPREDICTED: unpredicted, Note.SILENT: silent, Note.UNREACHED: unjudged}
    words = turning_notes(claim, *curves.strengths[inside][[0, -1]]) | far | note(Note.UNPREDICTED) | note(Note.SILENT)
    words |= note(Note.UNMET, condition=claim.condition.name)
    if assumed:
        words = {kind: "; ".join(part for part in (text, assumed) if part) for kind, text in words.items()}
    return Assessment(
        claim=claim,
        tolerance=tolerance,
        evidence=curves.evidence,
        codes=codes.astype(np.int8),
        least=least,
        most=most,
        note=np.select(list(faults.values()), list(faults), noted(side)),
        notes=words,
        strengths=curves.strengths,
        found=found,
        samples=curves.samples,
        assumed=assumed,
        **_shown(curves, departures.witness.reshape(*curves.per, -1), np.flatnonzero(inside)),
    )


OF_SIDE = {
    Side.INSIDE: Note.NOTHING,
    Side.AFTER: Note.TURNS_AFTER,
    Side.BEFORE: Note.TURNS_BEFORE,
    Side.UNKNOWN: Note.TURN_UNKNOWN,
}


def noted(side: Int[np.ndarray, "*per"]) -> Int[np.ndarray, "*per"]:
    """What to say of a curve by where its turning point is predicted."""
    return np.select([side == place for place in OF_SIDE], list(OF_SIDE.values()))


def may_be_monotone(band: Band) -> Bool[np.ndarray, " curves"]:
    """Whether the band leaves room for a curve that does not turn."""
    return (shapes.rising(band, "departing").least == 0) | (shapes.falling(band, "departing").least == 0)


def not_applied(
    claim: Claim, curves: Curves, tolerance: float, notes: Notes, *, met: Bool[np.ndarray, "*per"] | None = None
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
        note=np.full(curves.per, next(iter(notes)), np.int8),
        notes=notes,
        strengths=curves.strengths,
        witness=blank.astype(np.int64),
        values=blank,
        halfwidth=nothing,
    )


def _shown(curves: Curves, points: Int[np.ndarray, "*per points"], rows: Int[np.ndarray, " judged"]) -> dict:
    """The witness as indices into all strengths, the values there and the mean half-width of the band there."""
    where = rows[points]
    low, high = (np.take_along_axis(bound, where, axis=-1) for bound in (curves.lower, curves.upper))
    seen = points >= 0
    with np.errstate(invalid="ignore"):  # of a band without bounds, the centre is nan
        centre = np.where(np.isinf(low), high, np.where(np.isinf(high), low, (low + high) / 2))
    return {
        "witness": np.where(seen, where, -1),
        "values": np.where(seen, centre, np.nan),
        "halfwidth": np.where(seen, (high - low) / 2, 0.0).sum(axis=-1) / np.maximum(seen.sum(axis=-1), 1),
    }
