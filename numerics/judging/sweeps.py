"""A law against a sweep: every claim on all of its curves at once, in counts, shares and the worst case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from numerics.bands.evidence import Evidence
from numerics.bands.outward import Side
from numerics.baseline import Baseline
from numerics.judging.assessment import Assessment, judge_curves, not_applied, noted
from numerics.judging.horizons.passages import Horizon
from numerics.judging.horizons.planted import TESTED_BELOW
from numerics.judging.horizons.skill import Skill
from numerics.judging.horizons.tolerance import Tolerance, tolerance_for
from numerics.judging.located import kept_horizons, kept_nats, located, spent_by
from numerics.judging.needed import by_shape
from numerics.judging.notes import Note, lacking, note, turning_notes
from numerics.judging.prediction import AFTER, BEFORE, UNKNOWN, condition_met, turning, turning_side
from numerics.judging.reasons import verdict_of
from numerics.judging.shares import Tally, tally
from numerics.judging.verdict import (
    DEPARTS,
    HOLDS,
    NOT_APPLICABLE,
    OUTCOMES,
    UNDECIDED,
    Verdict,
    decide,
    not_applicable,
    worst,
)
from numerics.lowering.setting import MissingInputError, Settings, settings_of
from numerics.observing.curve_bands import Curves
from numerics.observing.sweep import NotObservedError, Sweep
from numerics.observing.variables import BUMP, FALLING, RISING
from theory.claims import Claim, Turns
from theory.law import Law
from theory.quantities import Unit

Weighing = Literal["count", "mass", "chosen"]
LogOdds = Literal["prompts", "local"]
Asked = float | str | Tolerance | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Finding:
    """One claim judged on all of its curves in one sweep.

    `verdicts` (indices into `OUTCOMES`) and `departures` are arrays over the dimensions `per`, whose token ids are
    `tokens` (None: the whole vocabulary). `counts` are by outcome; `shares` are of the curves the claim applies to, by
    count, and `mass_shares` by base probability (None for quantities that have no token). `holding` is what holds of
    each context's judged curves: by `count`, by base probability (`mass`), and of the tokens `chosen` before the sweep,
    as far as the quantity has contexts and tokens. `worst` is the worst curve's verdict and `where` says which it is. A
    claim whose quantity was not observed has no curves: empty arrays.

    `tolerance` is what was asked for. `log_odds` says which of two predictions was judged, where there are two: by that
    of the prompts, or by each context's own derivative at strength 0. `horizons` are how far the claim holds on each
    curve, in sizes of strengths, and `nats` in what its context has spent by then; `skill` is how well it predicts;
    `push` is that of strength 1, where it is known; `mass` weighs curves by base probability, `chosen` are the columns
    of the tokens chosen before the sweep. `untested` counts the curves that hold because nothing like them could have
    broken the claim.
    """

    law: str
    claim: str
    quantity: str
    unit: Unit
    evidence: Evidence
    tolerance: Tolerance
    per: tuple[str, ...]
    verdicts: Int[np.ndarray, "*per"]
    departures: Float[np.ndarray, "*per"]
    tokens: Int[np.ndarray, " tokens"] | None
    counts: dict[str, int]
    shares: dict[str, float]
    mass_shares: dict[str, float] | None
    holding: dict[Weighing, Tally]
    worst: Verdict
    where: dict[str, int | str]
    mass: Float[np.ndarray, "*per"] | None = None
    horizons: Mapping[Side, Horizon] = field(default_factory=dict)
    nats: Horizon | None = None
    skill: Skill | None = None
    log_odds: LogOdds | None = None
    push: float | None = None
    chosen: Int[np.ndarray, " chosen"] | None = None
    untested: int = 0


def judge_sweep(
    law: Law, sweep: Sweep, baseline: Baseline | Settings | None, *, tolerance: Asked = None
) -> list[Finding]:
    """Judge every claim of a law on a sweep; predictions come from `baseline` alone.

    Claims on the shape of token curves are judged on the whole vocabulary, from the sweep's summary; closed forms on
    the curves the sweep holds. A turning point predicted outside the window makes a curve judged as monotone.
    `tolerance` is in each claim's unit, or a share of each curve's movement such as "5%" (default: 0.1 nat, a
    probability of 0.01, else 5%). A baseline that does not fit the sweep is a `ValueError`. Who
    judges many laws gives `Settings` of the baseline, in which what they have in common is computed once.
    """
    known = None if baseline is None else settings_of(baseline)
    _check_fit(sweep, None if known is None else known.baseline)
    return [_finding(law, claim, sweep, known, tolerance) for claim in law.claims]


def _finding(law: Law, claim: Claim, sweep: Sweep, known: Settings | None, asked: Asked) -> Finding:
    tokens, baseline = None, None if known is None else known.baseline
    tolerance = tolerance_for(asked, claim.quantity.unit)
    try:
        if isinstance(claim, Turns) and by_shape(claim) and "shape_departure" in sweep.data:
            assessment = _assess_vocabulary(claim, sweep, known, tolerance)
        else:
            curves = sweep.curves(claim.quantity)
            tokens = sweep.data["token"].to_numpy() if "token" in claim.quantity.per else None
            assessment = judge_curves(
                claim, curves, known, tolerance=tolerance, tokens=tokens, spent=spent_by(sweep, claim)
            )
    except NotObservedError as missing:
        blank = np.zeros((*[0] * len(claim.quantity.per), len(sweep.strengths)))
        nowhere = Curves(strengths=sweep.strengths, lower=blank, upper=blank)
        unobserved = not_applied(claim, nowhere, tolerance, note(Note.UNOBSERVED, missing=missing))
        return _summed(law, unobserved, sweep, baseline, None, str(missing), tolerance)
    return _summed(law, assessment, sweep, baseline, tokens, "no curves", tolerance)


def _assess_vocabulary(claim: Turns, sweep: Sweep, known: Settings | None, tolerance: Tolerance) -> Assessment:
    """As `judge_curves`, on the whole vocabulary: departures were computed when the sweep was made."""
    data, strengths = sweep.data, sweep.strengths
    departure = data["shape_departure"].to_numpy().astype(np.float64)
    per = departure.shape[:2]
    blank = np.zeros((*per, 0))
    nothing = Curves(strengths=strengths, lower=blank, upper=blank)
    unmet = note(Note.UNMET, condition=claim.condition.name)
    try:
        met, _ = condition_met(claim, per, known)
    except MissingInputError as missing:
        return not_applied(claim, nothing, tolerance, lacking(missing.field))
    if not met.any():
        return not_applied(claim, nothing, tolerance, unmet)
    window = strengths[[0, -1]]
    count, _ = turning(claim, per, known)
    side = turning_side(claim, count, window, known)
    first, second = (RISING, FALLING) if claim.first == "rising" else (FALLING, RISING)
    whole = first if claim.n == 0 else BUMP
    shape = np.select([side == AFTER, side == BEFORE], [first, second], whole)[..., None]
    least, most = (np.take_along_axis(departure[..., bound], shape, axis=2)[..., 0] for bound in (0, 1))
    allowed = _allowed(data, tolerance, per)
    codes = decide(least, most, allowed, met)
    monotone = (departure[..., [RISING, FALLING], 0] <= allowed[..., None]).any(axis=-1)
    codes = np.where((side == UNKNOWN) & (codes == HOLDS) & monotone, UNDECIDED, codes).astype(np.int8)
    witness, values = (
        np.take_along_axis(data[name].to_numpy(), shape[..., None], axis=2)[:, :, 0]
        for name in ("shape_witness", "shape_witness_value")
    )
    return Assessment(
        claim=claim,
        tolerance=allowed,
        relative=tolerance.relative,
        horizons=kept_horizons(sweep, tolerance, met) if claim.n == 1 else {},
        nats=kept_nats(sweep, tolerance, met) if claim.n == 1 else None,
        evidence=data["shape_departure"].attrs.get("evidence", "deterministic"),
        codes=codes,
        least=least,
        most=most,
        note=np.where(met, noted(side), Note.UNMET),
        notes=turning_notes(claim, *window) | unmet,
        strengths=strengths,
        witness=witness,
        values=values.astype(np.float64),
        halfwidth=(most - least) / 2,
    )


def _allowed(data: xr.Dataset, tolerance: Tolerance, per: tuple[int, ...]) -> Float[np.ndarray, "context vocab"]:
    """The tolerance of every token's curve: the same, or of its movement and never below its band.

    A band of width w has D+ - D- of w, or of at most w where an obeying curve is in it.
    """
    if not tolerance.relative:
        return np.full(per, tolerance.amount)
    if "movement" not in data:
        raise NotObservedError("the sweep does not hold movement, of which a relative tolerance is a share")
    least, most = (data["shape_departure"].to_numpy()[..., BUMP, bound] for bound in (0, 1))
    movement = data["movement"].transpose("context", "vocab").to_numpy().astype(np.float64)
    return np.maximum(tolerance.amount * movement, most - least)


def _summed(law: Law, found: Assessment, sweep: Sweep, baseline, tokens, missing: str, tolerance: Tolerance) -> Finding:
    claim, codes = found.claim, found.codes
    applied = codes != NOT_APPLICABLE
    verdict = not_applicable(claim, law.id, tolerance, found.evidence, missing)
    where: dict[str, int | str] = {}
    push = sweep.attributes.get("push")
    if codes.size:
        at = worst(codes, found.least, found.most)
        verdict = located(verdict_of(found, at, law.id), at, found.nats, push)
        where = {axis: _label(axis, n, sweep, tokens) for axis, n in zip(claim.quantity.per, at, strict=True)}
    mass = _mass(claim, codes.shape, baseline, tokens)
    return Finding(
        law=law.id,
        claim=claim.says,
        quantity=claim.quantity.id,
        unit=claim.quantity.unit,
        evidence=found.evidence,
        tolerance=tolerance,
        per=claim.quantity.per,
        verdicts=codes,
        departures=np.where(codes == DEPARTS, found.least, found.most),
        tokens=tokens,
        counts={outcome: int((codes == code).sum()) for code, outcome in enumerate(OUTCOMES)},
        shares=_shares(codes, applied.astype(np.float64)),
        mass_shares=None if mass is None else _shares(codes, np.where(applied, mass, 0.0)),
        holding=_holding(claim, codes, mass, sweep, tokens),
        worst=verdict,
        where=where,
        mass=mass,
        horizons=found.horizons,
        nats=found.nats,
        skill=found.skill,
        push=None if push is None else float(push),
        chosen=_chosen(claim, sweep, tokens),
        untested=0 if found.slack is None else int(((codes == HOLDS) & (found.slack >= TESTED_BELOW)).sum()),
    )


def _shares(codes: Int[np.ndarray, "*per"], weight: Float[np.ndarray, "*per"]) -> dict[str, float]:
    """Share of each outcome among the curves the claim applies to; nan where it applies to none."""
    total = weight.sum()
    judged = [(code, outcome) for code, outcome in enumerate(OUTCOMES) if code != NOT_APPLICABLE]
    return {outcome: float(weight[codes == code].sum() / total) if total else float("nan") for code, outcome in judged}


def _holding(claim: Claim, codes: Int[np.ndarray, "*per"], mass, sweep: Sweep, tokens) -> dict[Weighing, Tally]:
    if not codes.size or claim.quantity.per[:1] != ("context",):
        return {}
    holds, judged = codes == HOLDS, codes != NOT_APPLICABLE
    found: dict[Weighing, Tally] = {"count": tally(holds, judged=judged)}
    if mass is not None:
        found["mass"] = tally(holds, mass, judged)
    if (columns := _chosen(claim, sweep, tokens)) is not None:
        found["chosen"] = tally(holds[:, columns], judged=judged[:, columns])
    return found


def _chosen(claim: Claim, sweep: Sweep, tokens) -> Int[np.ndarray, " chosen"] | None:
    """The columns of the tokens chosen before the sweep."""
    if claim.quantity.per != ("context", "token") or "token" not in sweep.data:
        return None
    ids = sweep.data["token"].to_numpy()
    return ids if tokens is None else np.flatnonzero(np.isin(tokens, ids))


def _mass(claim: Claim, shape: tuple[int, ...], baseline: Baseline | None, tokens) -> Float[np.ndarray, "*per"] | None:
    """Base probability of each token times its context's share."""
    if claim.quantity.per != ("context", "token") or baseline is None or 0 in shape:
        return None
    mass = np.exp(baseline.log_probs if tokens is None else baseline.log_probs[:, tokens])
    weights = np.full(len(mass), 1 / len(mass)) if baseline.weights is None else baseline.weights
    return mass * weights[:, None]


def _label(axis: str, n: int, sweep: Sweep, tokens) -> Any:
    if axis == "token":
        return n if tokens is None else int(tokens[n])
    if axis == "concept":
        return str(sweep.data["concept"].to_numpy()[n])
    return n


def _check_fit(sweep: Sweep, baseline: Baseline | None) -> None:
    if baseline is None:
        return
    sizes, (contexts, vocab) = sweep.data.sizes, baseline.log_probs.shape
    concepts = None if baseline.concepts is None else len(baseline.concepts)
    for axis, expected in (("context", contexts), ("vocab", vocab), ("concept", concepts)):
        if axis in sizes and expected is not None and sizes[axis] != expected:
            raise ValueError(
                f"the sweep has {sizes[axis]} entries of {axis}, the baseline {expected}: they must be alike"
            )
