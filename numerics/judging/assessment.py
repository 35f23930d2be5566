"""One claim against many observed curves at once: where the law's own prediction meets the band."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.bands import shapes
from numerics.bands.band import Band
from numerics.bands.evidence import Evidence
from numerics.bands.outward import SIDES, Side, signed_nats, windows, windows_of_each
from numerics.baseline import Baseline
from numerics.judging.departures import Departed, departed, points_needed
from numerics.judging.horizons.passages import Horizon
from numerics.judging.horizons.planted import leaves_room, slack
from numerics.judging.horizons.skill import Skill, skill
from numerics.judging.horizons.tolerance import Tolerance, tolerance_for
from numerics.judging.notes import Note, Notes, lacking, note, turning_notes
from numerics.judging.prediction import UNKNOWN, TurnSide, condition_met, judged_strengths, limit_reach
from numerics.judging.verdict import HOLDS, NOT_APPLICABLE, UNDECIDED, decide
from numerics.lowering.setting import MissingInputError, Settings, settings_of
from numerics.observing.curve_bands import Curves
from theory.claims import Claim
from theory.quantities import LOG_RATIO


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessment:
    """One claim judged on many curves; arrays over the curves, dimension by dimension (`codes` index `OUTCOMES`).

    `note` gives for each curve the `Note` that belongs to its reason, and `notes` their words; `witness` holds indices
    into `strengths`. `tolerance` is each curve's, in the claim's unit; `relative` if it was asked for as a share.
    `horizons` are in sizes of strengths, on either side of 0 and on both, `nats` on both in what is spent by then, of
    the claims whose domain grows with the window; `skill` is that of all predicted curves together, `slack`
    (`numerics.judging.horizons.planted`) that of bounds. `found` has the judged bands, where they are at hand;
    `samples` is how many a strength they rest on, where known.
    """

    claim: Claim
    tolerance: Float[np.ndarray, "*per"]
    relative: bool
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
    horizons: Mapping[Side, Horizon] = field(default_factory=dict)
    nats: Horizon | None = None
    skill: Skill | None = None
    slack: Float[np.ndarray, "*per"] | None = None
    found: Departed | None = None
    samples: int | None = None
    assumed: str = ""


def judge_curves(
    claim: Claim,
    curves: Curves,
    baseline: Baseline | Settings | None,
    *,
    tolerance: float | str | Tolerance | None,
    tokens: Int[np.ndarray, " tokens"] | None = None,
    assume: str | None = None,
    spent: Float[np.ndarray, "contexts strengths"] | None = None,
) -> Assessment:
    """Judge one claim on every curve. `tokens` are the vocabulary ids of the token dimension (default: all).

    A condition that cannot be checked for want of an input makes the claim not applicable; with `assume` it is taken as
    met, and the note says so and why: `assume`, or the input that is missing where that is "". Given `Settings` in
    place of the baseline, what several claims have in common is computed once. `tolerance` is as for `tolerance_for`;
    it is never below what the curves are known to. `spent` is KL(p_alpha, p) of each context, where curves are of one:
    horizons are then given in nats, too.
    """
    asked, known = tolerance_for(tolerance, claim.quantity.unit), None if baseline is None else settings_of(baseline)
    try:
        met, assumed = condition_met(claim, curves.per, known, tokens, assume=assume)
        if not met.any():
            return not_applied(claim, curves, asked, note(Note.UNMET, condition=claim.condition.name))
        inside, beyond = judged_strengths(claim, curves.strengths, known)
        if beyond or inside.sum() < points_needed(claim):
            few = note(Note.FEW_POINTS, count=inside.sum(), needed=points_needed(claim))
            return not_applied(claim, curves, asked, beyond or few, met=met)
        allowed = np.maximum(asked.of(curves.band[inside]), curves.resolution)
        found = departed(claim, curves, inside, known, tolerance=allowed, tokens=tokens)
        far = limit_reach(claim, curves.strengths, known, allowed.min()) if found.unjudged.any() else {}
    except MissingInputError as missing:
        return not_applied(claim, curves, asked, lacking(missing.field))
    return _assessed(claim, curves, inside, found, met, allowed, far, assumed, spent, relative=asked.relative)


def _assessed(
    claim: Claim,
    curves: Curves,
    inside: Bool[np.ndarray, " strengths"],
    found: Departed,
    met: Bool[np.ndarray, "*per"],
    allowed: Float[np.ndarray, " curves"],
    far: Notes,
    assumed: str,
    spent: Float[np.ndarray, "contexts strengths"] | None,
    *,
    relative: bool,
) -> Assessment:
    """Departures to outcomes and what to say of them; `allowed` is each curve's tolerance."""
    tolerance, itself = allowed.reshape(curves.per), of_itself(claim, curves)
    departures = found.departures
    unjudged, silent, side = (part.reshape(curves.per) for part in (found.unjudged, found.silent, found.side))
    least, most = (
        np.where(unjudged | silent, np.nan, part.reshape(curves.per)) for part in (departures.least, departures.most)
    )
    unpredicted = np.isnan(least) & ~unjudged & ~silent | np.isinf(least)
    codes = decide(least, most, tolerance, met & ~unpredicted & ~silent & ~itself)
    unseen = (side == UNKNOWN) & (codes == HOLDS)
    if unseen.any():
        codes = np.where(unseen & may_be_monotone(curves.band[inside], allowed).reshape(curves.per), UNDECIDED, codes)
    faults = {
        Note.ITSELF: itself,
        Note.UNMET: ~met,
        Note.UNPREDICTED: unpredicted,
        Note.SILENT: silent,
        Note.UNREACHED: unjudged,
    }
    words = turning_notes(claim, *curves.strengths[inside][[0, -1]]) | far | note(Note.UNPREDICTED) | note(Note.SILENT)
    words |= note(Note.UNMET, condition=claim.condition.name) | note(Note.ITSELF)
    if assumed:
        words = {kind: "; ".join(part for part in (text, assumed) if part) for kind, text in words.items()}
    reached, nats = _reached(found, codes, allowed, curves.strengths, spent, inside)
    return Assessment(
        claim=claim,
        tolerance=tolerance,
        relative=relative,
        evidence=curves.evidence,
        codes=codes.astype(np.int8),
        horizons=reached,
        skill=_skill(found, codes),
        nats=nats,
        slack=slack(found.again, found.band, allowed).reshape(curves.per) if leaves_room(claim) else None,
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


def of_itself(claim: Claim, curves: Curves) -> Bool[np.ndarray, "*per"]:
    """Which ratios are those of a token to itself: 0 at every strength, of no steering whatever."""
    if claim.quantity != LOG_RATIO:
        return np.zeros(curves.per, bool)
    return (curves.lower == -curves.upper).all(axis=-1)


OF_SIDE = {
    TurnSide.INSIDE: Note.NOTHING,
    TurnSide.AFTER: Note.TURNS_AFTER,
    TurnSide.BEFORE: Note.TURNS_BEFORE,
    TurnSide.UNKNOWN: Note.TURN_UNKNOWN,
}


def noted(side: Int[np.ndarray, "*per"]) -> Int[np.ndarray, "*per"]:
    """What to say of a curve by where its turning point is predicted."""
    return np.select([side == place for place in OF_SIDE], list(OF_SIDE.values()))


def may_be_monotone(band: Band, tolerance: Float[np.ndarray, " curves"]) -> Bool[np.ndarray, " curves"]:
    """Whether the band leaves room for a curve that, within the tolerance, does not turn."""
    ways = (shapes.rising(band, "departing").least, shapes.falling(band, "departing").least)
    return np.minimum(*ways) <= tolerance


def _reached(
    found: Departed,
    codes: Int[np.ndarray, "*per"],
    allowed: Float[np.ndarray, " curves"],
    strengths: Float[np.ndarray, " strengths"],
    spent: Float[np.ndarray, "contexts strengths"] | None,
    inside: Bool[np.ndarray, " strengths"],
) -> tuple[dict[Side, Horizon], Horizon | None]:
    """On either side of strength 0 and on both; and in nats, where each context's windows grow by what it spends.

    Not a number for the curves that the claim is not about.
    """
    if found.horizons is None:
        return {}, None
    families = [windows(found.band.strengths, side) for side in SIDES]
    if spent is not None:
        along = np.array([signed_nats(strengths, own)[inside] for own in spent])
        families.append(windows_of_each(along, found.band.lower.shape[1] // len(spent)))
    reached = [_where_applied(one, codes) for one in found.horizons(families, allowed)]
    return dict(zip(SIDES, reached, strict=False)), reached[len(SIDES)] if spent is not None else None


def _skill(found: Departed, codes: Int[np.ndarray, "*per"]) -> Skill | None:
    """Of the curves that the claim is about, on both sides of 0, by reach; None without predictions, or without 0."""
    zero, applies = np.flatnonzero(found.band.strengths == 0), (codes != NOT_APPLICABLE).ravel()
    if found.predicted is None or not zero.size or not applies.any():
        return None
    observed = (found.band.lower + found.band.upper)[:, applies] / 2
    if not (np.isfinite(observed).all() and np.isfinite(found.predicted[:, applies]).all()):
        return None
    return Skill(*skill(found.band.strengths, observed, found.predicted[:, applies], observed[zero[0]]))


def _where_applied(found: Horizon, codes: Int[np.ndarray, "*per"]) -> Horizon:
    applies = codes != NOT_APPLICABLE
    return Horizon(**{name: np.where(applies, part.reshape(codes.shape), np.nan) for name, part in vars(found).items()})


def not_applied(
    claim: Claim, curves: Curves, tolerance: Tolerance, notes: Notes, *, met: Bool[np.ndarray, "*per"] | None = None
) -> Assessment:
    """Nothing judged: `not_applicable`, or `undecided` where the condition was met but no strength could be judged."""
    nothing, blank = np.full(curves.per, np.nan), np.zeros((*curves.per, 0))
    return Assessment(
        claim=claim,
        tolerance=np.full(curves.per, tolerance.amount),
        relative=tolerance.relative,
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
