"""Where everything observed is judged: sweeps of models, curves from files, other people's results."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from numerics.judging.one_curve import compare
from numerics.judging.sweeps import Asked, Finding, LogOdds, judge_sweep
from numerics.lowering.expressions import needs
from numerics.lowering.setting import Settings, by_local_log_odds, settings_of
from steerlaw.experiments.wanted import kind_of
from steerlaw.inputs.precision import curve_error
from steerlaw.inputs.subjects import BareCurve, Observation, Subject
from steerlaw.results.verdict_rows import Place, VerdictRow, counted
from theory.claims import Claim
from theory.law import Law
from theory.quantities import GREEDY_LOG_ODDS, INTERPLAY, LOG_ODDS, MEAN_LOG_ODDS, PEAK

LOCAL = " (local log-odds)"
"""What a claim's words end in where it is predicted by each context's own log-odds, not those of the prompts."""


class Judged(NamedTuple):
    """A claim judged on everything observed of a subject."""

    subject: Subject
    finding: Finding


def in_brief(one: Judged) -> Judged:
    """Without what `horizon_rows` has been told by then, which is most of what is known of a claim on every token.

    How far each curve obeys on both sides stays where curves may be drawn: not those of controls.
    """
    kept = () if one.subject.control else ("both",)
    horizons = {side: found for side, found in one.finding.horizons.items() if side in kept}
    return one._replace(finding=replace(one.finding, horizons=horizons, nats=None, mass=None, skill=None))


def judged(observation: Observation, laws: Iterable[Law], tolerance: Asked) -> Iterator[Judged]:
    """Each claim that this kind of observation is about, judged on it.

    Where the derivative at strength 0 is known, claims that read log-odds are two predictions, judged apart: by the
    log-odds of the prompts, and by the local ones, each context's own.
    """
    known = observation.baseline and settings_of(observation.baseline)
    local = observation.baseline is not None and observation.baseline.local_log_odds is not None
    apart = by_local_log_odds(observation.baseline) if local and observation.baseline else None
    for law in laws:
        own = tuple(claim for claim in law.claims if kind_of(claim, observation.subject) == observation.kind)
        of_prompts: LogOdds | None = "prompts" if apart else None
        for claim in own:
            predicted = of_prompts if by_log_odds(claim) else None
            yield from _judged(law, claim, observation, known, tolerance, predicted)
        if apart is not None and observation.kind == "next token":
            for claim in filter(of_each_context, own):
                named = replace(claim, says=claim.says + LOCAL)
                yield from _judged(law, named, observation, apart, tolerance, "local")


def _judged(
    law: Law,
    claim: Claim,
    observation: Observation,
    known: Settings | None,
    tolerance: Asked,
    log_odds: LogOdds | None,
) -> Iterator[Judged]:
    for finding in judge_sweep(replace(law, claims=(claim,)), observation.sweep, known, tolerance=tolerance):
        yield Judged(observation.subject, replace(finding, log_odds=log_odds))


OBSERVED_BY_PROMPTS = (MEAN_LOG_ODDS, GREEDY_LOG_ODDS, LOG_ODDS, PEAK, INTERPLAY)
"""Quantities that are themselves made of the log-odds of the prompts."""


def by_log_odds(claim: Claim) -> bool:
    """Whether the claim, or the condition it is made on, reads log-odds."""
    return "log_odds" in needs(claim)


def of_each_context(claim: Claim) -> bool:
    """Whether the local log-odds, which differ from context to context, predict what the claim is about."""
    quantity = claim.quantity
    return by_log_odds(claim) and quantity.per[:1] == ("context",) and quantity not in OBSERVED_BY_PROMPTS


def curve_rows(curve: BareCurve, laws: Sequence[Law], *, tolerance: Asked, level: float) -> list[VerdictRow]:
    """Each law judged on one bare curve, taken to be of the quantity of the law's first claim.

    Without bounds of its own it is known as closely as it was printed and computed.
    """
    lower, upper, printed = curve.lower, curve.upper, False
    width = curve_error(curve.values, curve.precision) + (0.0 if curve.printed is None else curve.printed)
    if lower is None and upper is None and (width > 0).any():
        lower, upper, printed = curve.values - width, curve.values + width, True
    rows = []
    for law in laws:
        verdict = compare(
            law,
            curve.strengths,
            curve.values,
            lower,
            upper,
            tolerance=tolerance,
            level=level,
            evidence="deterministic" if printed else None,
        )
        if printed and verdict.verdict != "not_applicable":
            verdict = replace(verdict, reason=f"{verdict.reason}; values known to ±{width.max():.2g}, as printed")
        place = Place(model=curve.name, quantity=law.claims[0].quantity.id)
        rows.append(VerdictRow(verdict=replace(verdict, law=law.id), place=place, counts=counted([verdict.verdict])))
    return rows
