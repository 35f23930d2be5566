"""One observed curve against a law: `compare("token_bump", strengths, values)`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.arrays import ArrayLike
from numerics.bands.band import Band, check_strengths
from numerics.bands.evidence import Evidence
from numerics.bands.measured import Bounds, observed_bounds
from numerics.bands.shapes import Departures
from numerics.baseline import Baseline
from numerics.checks import checked_log_odds, checked_log_probs
from numerics.judging.assessment import Assessment, judge_curves
from numerics.judging.horizons.tolerance import Tolerance, tolerance_for
from numerics.judging.notes import Note, Notes, lacking, note
from numerics.judging.p_values import ruled_out_from
from numerics.judging.reasons import verdict_of
from numerics.judging.verdict import OUTCOMES, SEVERITY, Verdict, not_applicable, worst
from numerics.lowering.setting import Settings, settings_of
from numerics.observing.curve_bands import Curves
from theory.catalogue import find_law
from theory.claims import Bounded, Claim, Close, Turns
from theory.law import Law
from theory.quantities import LOG_PROBABILITY, Quantity

OF_A_GRID = "said of these {count} strengths, not of what lies between them"
"""Of a curve that was measured at some strengths a departure is certain, but obeying is known there alone."""

SAME = 1e-6
"""How far, in nats, a curve at strength 0 may be from the base log-probability of the token it is of."""


def compare(
    law_or_claim: str | Law | Claim,
    strengths: Float[ArrayLike, " strengths"] | Sequence[float],
    values: Float[ArrayLike, " strengths *vocab"] | Sequence[float],
    lower: Float[ArrayLike, " strengths *vocab"] | Sequence[float] | None = None,
    upper: Float[ArrayLike, " strengths *vocab"] | Sequence[float] | None = None,
    *,
    log_probs: Float[ArrayLike, "*contexts vocab"] | None = None,
    log_odds: Float[ArrayLike, " vocab"] | None = None,
    tolerance: float | str | Tolerance | None = None,
    level: float = 0.05,
    token: int | None = None,
    concept: Bool[ArrayLike, " vocab"] | Sequence[int] | None = None,
    baseline: Baseline | None = None,
    trials: ArrayLike | None = None,
    scale: Literal["claim", "probability"] | None = None,
    evidence: Evidence | None = None,
) -> Verdict:
    """Judge a law, or one claim, on one observed curve; a law with several claims gets the worst of their verdicts.

    `values` are the claim's quantity (log-probability, concept logit, cross-entropy change in nats, ...) at each
    strength; `[strengths, vocab]` is one curve a token. Numbers in [0, 1] given for a log-probability cannot be
    log-probabilities: they are read as probabilities and judged on the log scale, as `scale="probability"` asks for
    concepts too. The band is `lower` to `upper`; or, with `trials`, simultaneous Clopper-Pearson bounds at `level` for
    values that are sampled proportions; or else the rounding of the values' dtype. Bounds count as statistical
    evidence, held simultaneously at `level`, unless `evidence` says otherwise.

    Predictions and conditions are computed from `log_probs` (unsteered, `[vocab]` or `[contexts, vocab]`) and
    `log_odds`, or from a whole `baseline`. `token` is the id of the token at hand (by default the one token whose base
    log-probability the curve passes through at strength 0); `concept` the tokens, as ids or a mask, of the concept at
    hand, taken as the target. A closed form that lacks what it needs is `not_applicable`. A claim about shape alone is
    judged without, its condition taken as met; where claims of one law rest on different conditions taken so, and
    disagree, the law is `undecided`. `tolerance` is in the claim's unit, or a share of the curve's own movement such as
    "5%" (default: 0.1 nat, a probability of 0.01, else 5%). Bad input is a `ValueError`.

    >>> compare("token_bump", np.linspace(-5, 5, 101), -np.linspace(-5, 5, 101) ** 2).verdict
    'holds'
    """
    law, claims = _claims(law_or_claim)
    measured = _measured(claims[0].quantity, strengths, values, lower, upper, trials, scale, level, evidence)
    known = _known(baseline, log_probs, log_odds, concept, measured.observed.lower.shape[1])
    asked = _Asked(
        law=law,
        measured=measured,
        known=None if known is None else settings_of(known),
        token=token,
        tolerance=tolerance_for(tolerance, claims[0].quantity.unit) if tolerance is not None else None,
    )
    verdict = _speaking([_judged(claim, asked) for claim in claims])
    said = OF_A_GRID.format(count=len(measured.strengths)) if verdict.verdict == "holds" else ""
    return replace(verdict, reason="; ".join(part for part in (verdict.reason, said, measured.observed.note) if part))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Measured:
    """What was measured of a quantity; `at_level` gives its bounds at another level, `samples` are those a strength."""

    quantity: Quantity
    strengths: Float[np.ndarray, " strengths"]
    observed: Bounds
    at_level: Callable[..., Bounds]
    samples: int | None
    evidence: Evidence


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asked:
    """What is judged: a measurement, beside what is known of it."""

    law: str | None
    measured: _Measured
    known: Settings | None
    token: int | None
    tolerance: Tolerance | None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Judged:
    """A claim's verdict; `lacks` says that an input was missing, `assumed` what was taken as met for want of one."""

    claim: Claim
    verdict: Verdict
    lacks: bool
    assumed: str = ""


def _measured(quantity: Quantity, strengths, values, lower, upper, trials, scale, level, evidence) -> _Measured:
    """The arguments of `compare`, checked and as a band."""
    strengths = np.asarray(strengths, np.float64)
    check_strengths(strengths, least=3)
    at_level = partial(observed_bounds, quantity, strengths, values, lower, upper, trials=trials, scale=scale)
    sampled = trials is not None
    computed = lower is None and upper is None and not sampled
    return _Measured(
        quantity=quantity,
        strengths=strengths,
        observed=at_level(level=level),
        at_level=at_level,
        samples=int(np.min(trials)) if sampled else None,
        evidence=evidence or ("deterministic" if computed else "statistical"),
    )


def _judged(claim: Claim, asked: _Asked) -> _Judged:
    """One claim on the curve. Claims about shape alone are judged whatever is missing, the condition taken as met."""
    measured = asked.measured
    curves, tokens, missing = _placed(claim, asked)
    if claim.quantity != measured.quantity:
        missing = note(Note.OTHER_QUANTITY, given=measured.quantity.id, wanted=claim.quantity.id)
    why = "".join(missing.values())
    if missing and (isinstance(claim, Close) or claim.quantity != measured.quantity):
        tolerance = tolerance_for(asked.tolerance, claim.quantity.unit)
        refused = not_applicable(claim, asked.law, tolerance, measured.evidence, why)
        return _Judged(claim=claim, verdict=refused, lacks=True)
    found = judge_curves(
        claim, curves, None if missing else asked.known, tolerance=asked.tolerance, tokens=tokens, assume=why
    )
    at = worst(found.codes, found.least, found.most)
    verdict = verdict_of(found, at, asked.law)
    if measured.samples is not None and verdict.verdict == "departs":
        verdict = replace(verdict, reason=f"{verdict.reason}; {_level(found, at, measured.at_level)}")
    lacks = verdict.verdict == "not_applicable" and found.note[at] != Note.UNMET
    return _Judged(claim=claim, verdict=verdict, lacks=lacks, assumed=found.assumed)


def _claims(law_or_claim: str | Law | Claim) -> tuple[str | None, tuple[Claim, ...]]:
    if isinstance(law_or_claim, str):
        law_or_claim = find_law(law_or_claim)
    if isinstance(law_or_claim, Law):
        return law_or_claim.id, law_or_claim.claims
    if isinstance(law_or_claim, Close | Turns | Bounded):
        return None, (law_or_claim,)
    raise ValueError(f"expected the id of a law, a Law or a claim, got {type(law_or_claim).__name__}")


def _known(baseline: Baseline | None, log_probs, log_odds, concept, columns: int) -> Baseline | None:
    """The baseline of the call, the concept at hand its only one; None where nothing was given."""
    if baseline is not None and (log_probs is not None or log_odds is not None):
        raise ValueError("give either a baseline or log_probs and log_odds, not both")
    if baseline is None:
        if log_probs is None:
            return None
        base = np.atleast_2d(np.asarray(checked_log_probs(log_probs)))
        odds = None if log_odds is None else np.asarray(checked_log_odds(log_odds, vocab=base.shape[1]))
        baseline = Baseline(log_probs=base, log_odds=odds)
    vocab = baseline.log_probs.shape[1]
    if columns not in (1, vocab):
        raise ValueError(f"values have {columns} columns, expected one curve or one for each of the {vocab} tokens")
    if concept is not None:
        chosen = np.asarray(concept)
        mask = chosen if chosen.dtype == np.bool_ else np.isin(np.arange(vocab), chosen)
        if mask.shape != (vocab,) or mask.sum() in (0, vocab):
            raise ValueError(
                f"concept: expected some but not all of the {vocab} tokens, as ids or a mask, got {concept}"
            )
        return replace(baseline, concepts=mask[None])
    return baseline if baseline.concepts is None else replace(baseline, concepts=baseline.concepts[:1])


def _placed(claim: Claim, asked: _Asked) -> tuple[Curves, Int[np.ndarray, " tokens"] | None, Notes]:
    """The curves on the dimensions of the claim's quantity, their token, and what is missing to place them."""
    measured, per = asked.measured, claim.quantity.per
    columns = measured.observed.lower.shape[1]
    if columns > 1 and "token" not in per:
        raise ValueError(f"values have {columns} columns, but {claim.quantity.id} is one curve: expected [strengths]")
    shape = tuple(columns if axis == "token" else 1 for axis in per)
    lower, upper = (bound.T.reshape(*shape, -1) for bound in (measured.observed.lower, measured.observed.upper))
    curves = Curves(
        strengths=measured.strengths, lower=lower, upper=upper, evidence=measured.evidence, samples=measured.samples
    )
    if asked.known is None:
        return curves, None, lacking("log_probs")
    contexts, vocab = asked.known.baseline.log_probs.shape
    if "context" in per and contexts > 1:
        raise ValueError(
            f"{claim.quantity.id} is one curve a context: expected log_probs of one context, got {contexts}"
        )
    if "token" not in per or columns > 1:
        return curves, None, {}
    token = _token_of(claim, measured, asked.known.baseline) if asked.token is None else asked.token
    if token is None:
        return curves, None, note(Note.UNPLACED)
    if not 0 <= token < vocab:
        raise ValueError(f"token {token} is out of range: expected 0 to {vocab - 1}")
    return curves, np.array([token]), {}


def _token_of(claim: Claim, measured: _Measured, baseline: Baseline) -> int | None:
    """The token whose base log-probability the curve passes through at strength 0, if there is only one like it."""
    at, observed = np.flatnonzero(measured.strengths == 0), measured.observed
    if claim.quantity != LOG_PROBABILITY or at.size == 0:
        return None
    low, high = observed.lower[at[0], 0] - SAME, observed.upper[at[0], 0] + SAME
    fits = np.flatnonzero((baseline.log_probs[0] >= low) & (baseline.log_probs[0] <= high))
    alike = fits if baseline.log_odds is None else np.unique(baseline.log_odds[fits])
    return int(fits[0]) if alike.size == 1 else None


def _level(found: Assessment, at: tuple[int, ...], bounds: Callable[..., Bounds]) -> str:
    """From which level on samples rule the worst curve out."""
    assert found.found is not None
    band, column = found.found.band, int(np.ravel_multi_index(at, found.codes.shape)) if at else 0
    kept = np.isin(found.strengths, band.strengths)

    def at_levels(levels: Float[np.ndarray, "1"]) -> tuple[np.ndarray, np.ndarray]:
        known = bounds(level=float(levels[0]))
        return known.lower[kept][:, [column]], known.upper[kept][:, [column]]

    judge, allowed = partial(found.found.again, columns=[column]), found.tolerance[at]

    def beyond(other: Band) -> Departures:
        parts = judge(other)
        return replace(parts, least=parts.least - allowed)

    level = ruled_out_from(beyond, band.strengths, at_levels, curves=1)[0]
    return f"ruled out at every level above {level:.2g}"


def _speaking(judged: list[_Judged]) -> Verdict:
    """The verdict that speaks for all: the worst, unless it hangs on a condition nobody could check."""
    rank = {OUTCOMES[code]: place for place, code in enumerate(SEVERITY)}
    first, *_ = sorted(judged, key=lambda one: (rank[one.verdict.verdict], -(one.verdict.departure or 0.0)))
    rivals = [one for one in judged if one.assumed]
    disagree = (
        len({one.claim.condition.name for one in rivals}) > 1 and len({one.verdict.verdict for one in rivals}) > 1
    )
    if first.assumed and disagree:
        findings = "; ".join(f"{one.verdict.verdict} if {one.claim.condition.name}" for one in rivals)
        reason = f"{findings}: which applies depends on log_probs, log_odds and token"
        return replace(first.verdict, verdict="undecided", reason=reason)
    unjudged = [f"{one.verdict.claim} ({one.verdict.reason})" for one in judged if one.lacks]
    if first.verdict.verdict == "holds" and unjudged:
        return replace(first.verdict, reason=f"{first.verdict.reason}; not judged: {'; '.join(unjudged)}")
    return first.verdict
