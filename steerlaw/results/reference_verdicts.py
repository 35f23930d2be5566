"""Results of the paper's own code judged by what laws say of curves without a model."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from numerics.judging.assessment import judge_curves
from numerics.judging.reasons import verdict_of
from numerics.judging.verdict import OUTCOMES, worst
from numerics.observing.curve_bands import Curves
from steerlaw.inputs.reference_results import ResultCurves, read_results
from theory.claims import ALWAYS, Bounded, Claim, Turns
from theory.law import Law


def result_verdicts(
    path: Path, laws: Iterable[Law], *, named: bool, tolerance: float, level: float = 0.05
) -> list[dict[str, Any]]:
    """Verdict records of every claim that curves of the file bear on by themselves; of `named` laws, of every claim."""
    curves = read_results(path, level=level)
    return [record for law in laws for record in _records(path, law, curves, named=named, tolerance=tolerance)]


def _records(
    path: Path, law: Law, curves: Sequence[ResultCurves], *, named: bool, tolerance: float
) -> Iterator[dict[str, Any]]:
    for claim in law.claims:
        about = [found for found in curves if found.quantity == claim.quantity]
        lacking = _lacking(claim, law)
        for found in about if not lacking else ():
            yield _judge(path, law, claim, found, tolerance)
        if named and (lacking or not about):
            reason = lacking or f"{path.name} does not hold curves of {claim.quantity.id}"
            yield _not_applied(path, law, claim, tolerance, reason, curves)


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


def _judge(path: Path, law: Law, claim: Claim, found: ResultCurves, tolerance: float) -> dict[str, Any]:
    shape = tuple(len(found.labels) if n == len(claim.quantity.per) - 1 else 1 for n in range(len(claim.quantity.per)))
    curves = Curves(
        strengths=found.strengths,
        lower=found.lower.T.reshape(*shape, -1),
        upper=found.upper.T.reshape(*shape, -1),
        evidence=found.evidence,
    )
    assessment = judge_curves(claim, curves, None, tolerance=tolerance, assume="no model is given")
    at = worst(assessment.codes, assessment.least, assessment.most)
    verdict = verdict_of(assessment, at, law.id).to_json()
    verdict["reason"] = "; ".join(part for part in (verdict["reason"], found.note) if part)
    counts = {outcome: int((assessment.codes == code).sum()) for code, outcome in enumerate(OUTCOMES)}
    return verdict | _about(path, claim, found.subject | found.labels[at[-1] if at else 0], counts)


def _about(path: Path, claim: Claim, known: dict[str, Any], counts: dict[str, int]) -> dict[str, Any]:
    place = dict.fromkeys(("layer", "context", "token", "concept", "control"))
    return {
        "subject": {"model": path.name, **place, "quantity": claim.quantity.id, **known},
        "counts": counts,
        "shares": None,
    }


def _not_applied(
    path: Path, law: Law, claim: Claim, tolerance: float, reason: str, curves: Sequence[ResultCurves]
) -> dict[str, Any]:
    counts = dict.fromkeys(OUTCOMES, 0) | {"not_applicable": 1}
    return {
        "law": law.id,
        "claim": claim.says,
        "verdict": "not_applicable",
        "evidence": curves[0].evidence if curves else "deterministic",
        "departure": None,
        "tolerance": tolerance,
        "unit": claim.quantity.unit,
        "witness": None,
        "reason": reason,
        **_about(path, claim, curves[0].subject if curves else {}, counts),
    }
