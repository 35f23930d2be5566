"""Where everything observed is judged: sweeps of models, curves from files, other people's results."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from numerics.judging.one_curve import compare
from numerics.judging.sweeps import Asked, Finding, judge_sweep
from numerics.lowering.setting import settings_of
from steerlaw.experiments.wanted import kind_of
from steerlaw.inputs.precision import curve_error
from steerlaw.inputs.subjects import BareCurve, Observation, Subject
from steerlaw.results.verdict_rows import Place, VerdictRow, counted
from theory.law import Law


class Judged(NamedTuple):
    """A claim judged on everything observed of a subject."""

    subject: Subject
    finding: Finding


def judged(observation: Observation, laws: Iterable[Law], tolerance: Asked) -> Iterator[Judged]:
    """Each claim that this kind of observation is about, judged on it."""
    known = observation.baseline and settings_of(observation.baseline)
    for law in laws:
        own = tuple(claim for claim in law.claims if kind_of(claim, observation.subject) == observation.kind)
        for finding in judge_sweep(replace(law, claims=own), observation.sweep, known, tolerance=tolerance):
            yield Judged(observation.subject, finding)


def curve_rows(curve: BareCurve, laws: Sequence[Law], *, tolerance: Asked, level: float) -> list[VerdictRow]:
    """Each law judged on one bare curve, taken to be of the quantity of the law's first claim.

    Without bounds of its own it is known as closely as it was printed and computed.
    """
    lower, upper, known = curve.lower, curve.upper, {}
    width = curve_error(curve.values, curve.precision) + (0.0 if curve.printed is None else curve.printed)
    if lower is None and upper is None and (width > 0).any():
        lower, upper, known = curve.values - width, curve.values + width, {"evidence": "deterministic"}
    rows = []
    for law in laws:
        verdict = compare(law, curve.strengths, curve.values, lower, upper, tolerance=tolerance, level=level, **known)
        if known and verdict.verdict != "not_applicable":
            verdict = replace(verdict, reason=f"{verdict.reason}; values known to ±{width.max():.2g}, as printed")
        place = Place(model=curve.name, quantity=law.claims[0].quantity.id)
        rows.append(VerdictRow(verdict=replace(verdict, law=law.id), place=place, counts=counted([verdict.verdict])))
    return rows
