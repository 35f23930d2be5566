"""Results of the paper's own code judged by what laws say of curves without a model."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from numerics.judging.assessment import judge_curves
from numerics.judging.reasons import verdict_of
from numerics.judging.verdict import OUTCOMES, not_applicable, worst
from numerics.observing.curve_bands import Curves
from steerlaw.inputs.reference_results import ResultCurves
from steerlaw.results.verdict_rows import Place, Token, VerdictRow, counted
from theory.claims import ALWAYS, Bounded, Claim, Turns
from theory.law import Law


def result_rows(
    name: str, curves: Sequence[ResultCurves], laws: Iterable[Law], *, named: bool, tolerance: float
) -> list[VerdictRow]:
    """Verdicts on every claim that the curves of the file bear on by themselves; of `named` laws, on every claim."""
    return [row for law in laws for row in _rows(name, law, curves, named=named, tolerance=tolerance)]


def _rows(
    name: str, law: Law, curves: Sequence[ResultCurves], *, named: bool, tolerance: float
) -> Iterator[VerdictRow]:
    for claim in law.claims:
        about = [found for found in curves if found.quantity == claim.quantity]
        lacking = _lacking(claim, law)
        for found in about if not lacking else ():
            yield _judge(name, law, claim, found, tolerance)
        if named and (lacking or not about):
            reason = lacking or f"{name} does not hold curves of {claim.quantity.id}"
            yield _not_applied(name, law, claim, tolerance, reason, curves)


def _lacking(claim: Claim, law: Law) -> str:
    """What a claim needs beside its curve ("" for nothing).

    A condition nobody can check is taken as met where all of the law's claims rest on it; where they rest on different
    ones, which of them a curve meets is the very thing that is not known.
    """
    bounds = (claim.lower, claim.upper) if isinstance(claim, Bounded) else ()
    plain = isinstance(claim, Turns) and not hasattr(claim.n, "free_symbols") and isinstance(claim.first, str)
    if not plain and not (bounds and all(bound is None or bound.is_number for bound in bounds)):
        return "needs log_probs and log_odds, which are not given"
    if len({other.condition.name for other in law.claims if other.condition != ALWAYS}) > 1:
        return f"needs log_odds, to tell of which curves it speaks: {claim.condition.name}"
    return ""


def _judge(name: str, law: Law, claim: Claim, found: ResultCurves, tolerance: float) -> VerdictRow:
    shape = tuple(len(found.labels) if n == len(claim.quantity.per) - 1 else 1 for n in range(len(claim.quantity.per)))
    curves = Curves(
        strengths=found.strengths,
        lower=found.lower.T.reshape(*shape, -1),
        upper=found.upper.T.reshape(*shape, -1),
        evidence=found.evidence,
    )
    assessment = judge_curves(claim, curves, None, tolerance=tolerance, assume="no model is given")
    at = worst(assessment.codes, assessment.least, assessment.most)
    verdict = verdict_of(assessment, at, law.id)
    reason = "; ".join(part for part in (verdict.reason, found.note) if part)
    return VerdictRow(
        verdict=replace(verdict, reason=reason),
        place=_place(name, claim, found.subject | found.labels[at[-1] if at else 0]),
        counts=counted(OUTCOMES[code] for code in assessment.codes.ravel()),
    )


def _place(name: str, claim: Claim, known: dict[str, Any]) -> Place:
    token: dict[str, Any] | None = known.get("token")
    where = {"model": name, **known, "token": None if token is None else Token(**token)}
    return Place(quantity=claim.quantity.id, **where)


def _not_applied(
    name: str, law: Law, claim: Claim, tolerance: float, reason: str, curves: Sequence[ResultCurves]
) -> VerdictRow:
    verdict = not_applicable(claim, law.id, tolerance, curves[0].evidence if curves else "deterministic", reason)
    place = _place(name, claim, curves[0].subject if curves else {})
    return VerdictRow(verdict=verdict, place=place, counts=counted([verdict.verdict]))
