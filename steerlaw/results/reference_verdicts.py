"""Results of the paper's own code judged by what laws say of them: one finding a claim, concept and block."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from numerics.judging.assessment import Assessment, judge_curves, not_applied
from numerics.judging.horizons.tolerance import Tolerance, tolerance_for
from numerics.judging.notes import Note, Notes, note
from numerics.judging.one_curve import OF_A_GRID
from numerics.judging.reasons import verdict_of
from numerics.judging.shares import tally
from numerics.judging.sweeps import Asked, Finding
from numerics.judging.verdict import HOLDS, NOT_APPLICABLE, OUTCOMES, Outcome, Verdict, worst
from numerics.observing.curve_bands import Curves
from steerlaw.inputs.reference_results import ResultCurves, Steered, steered_of
from steerlaw.inputs.subjects import Subject
from steerlaw.results.judging import Judged
from theory.claims import ALWAYS, Bounded, Claim, Turns
from theory.law import Law
from theory.quantities import Quantity, Unit

ABSENT = -1
"""Among verdicts by context and token: this context's file does not hold the token."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessed:
    """A claim judged on the curves of one file."""

    curves: ResultCurves
    assessment: Assessment


def judge_results(
    curves: Sequence[ResultCurves],
    laws: Iterable[Law],
    *,
    named: bool,
    tolerance: Asked,
    token_text: Callable[[int], str] | None = None,
) -> list[Judged]:
    """Every claim on the curves that bear on it, contexts together; of `named` laws, also the claims none bear on."""
    found = []
    for law in laws:
        for claim in law.claims:
            for steered in steered_of(curves):
                own = [c for c in curves if c.steered == steered]
                found += _judged(law, claim, steered, own, named, tolerance, token_text)
    return found


def _judged(law: Law, claim: Claim, steered: Steered, own: list[ResultCurves], named: bool, tolerance, token_text):
    """The findings of one claim on one model, concept and block: one for each part of the contexts."""
    about = [c for c in own if c.quantity == claim.quantity]
    lacking = "" if about else f"the results do not hold curves of {claim.quantity.id}"
    for part in dict.fromkeys(c.part for c in about):
        assessed = [_assessed(law, claim, c, tolerance) for c in about if c.part == part]
        if named or any((a.assessment.codes != NOT_APPLICABLE).any() for a in assessed):
            yield Judged(_subject(steered, assessed, token_text), _finding(law, claim, assessed))
    if named and lacking:
        blank = _refused(claim, own[0], tolerance, note(Note.UNOBSERVED, missing=lacking))
        yield Judged(_subject(steered, [blank], token_text), _finding(law, claim, [blank]))


def _assessed(law: Law, claim: Claim, found: ResultCurves, tolerance: Asked) -> Assessed:
    if found.shape_only and not isinstance(claim, Turns):
        return _refused(claim, found, tolerance, note(Note.NO_PROBABILITY))
    lacking = "" if found.baseline is not None else _lacking(claim, law)
    if lacking:
        return _refused(claim, found, tolerance, note(Note.UNOBSERVED, missing=lacking))
    slack = 0.0 if isinstance(claim, Turns) else np.reshape(found.slack, (-1, 1))
    curves = _curves(claim.quantity, replace(found, lower=found.lower - slack, upper=found.upper + slack))
    if found.baseline is None:
        return Assessed(
            curves=found, assessment=judge_curves(claim, curves, None, tolerance=tolerance, assume="no model is given")
        )
    return Assessed(curves=found, assessment=judge_curves(claim, curves, found.baseline, tolerance=tolerance))


def _curves(quantity: Quantity, found: ResultCurves) -> Curves:
    count = found.lower.shape[1]
    shape = tuple(count if n == len(quantity.per) - 1 else 1 for n in range(len(quantity.per)))
    return Curves(
        strengths=found.strengths,
        lower=found.lower.T.reshape(*shape, -1),
        upper=found.upper.T.reshape(*shape, -1),
        evidence=found.evidence,
    )


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


def _refused(claim: Claim, found: ResultCurves, tolerance: Asked, reason: Notes) -> Assessed:
    curves = found if found.quantity == claim.quantity else _none(claim.quantity, found)
    asked = tolerance_for(tolerance, claim.quantity.unit)
    return Assessed(curves=curves, assessment=not_applied(claim, _curves(claim.quantity, curves), asked, reason))


def _none(quantity: Quantity, found: ResultCurves) -> ResultCurves:
    """A stand-in for the one curve that a claim is about and the results do not hold."""
    blank = np.zeros((len(found.strengths), 1))
    return ResultCurves(
        steered=found.steered,
        quantity=quantity,
        strengths=found.strengths,
        lower=blank,
        upper=blank,
        evidence=found.evidence,
        notes=(),
    )


def _subject(steered: Steered, assessed: Sequence[Assessed], token_text: Callable[[int], str] | None) -> Subject:
    return Subject(
        model=steered.model,
        instance=steered.directory or None,
        layer=steered.layer,
        concept=steered.concept,
        contexts=[one.curves.context for one in assessed],
        token_text=token_text,
    )


def _finding(law: Law, claim: Claim, assessed: Sequence[Assessed]) -> Finding:
    """The claim on all contexts together, the worst curve of all of them in full."""
    codes, departures, tokens = _table(assessed)
    judged = codes >= 0
    counts = {outcome: int((codes == code).sum()) for code, outcome in enumerate(OUTCOMES)}
    applied = sum(counts[outcome] for outcome in OUTCOMES if outcome != OUTCOMES[NOT_APPLICABLE])
    verdict, where = _worst(law, assessed)
    by_context = claim.quantity.per[:1] == ("context",) and all(one.curves.context is not None for one in assessed)
    return Finding(
        law=law.id,
        claim=claim.says,
        quantity=claim.quantity.id,
        unit=claim.quantity.unit,
        evidence=verdict.evidence,
        tolerance=Tolerance(amount=verdict.tolerance, relative=verdict.relative),
        per=claim.quantity.per,
        verdicts=np.where(judged, codes, NOT_APPLICABLE).astype(np.int8),
        departures=departures,
        tokens=tokens,
        counts=counts,
        shares={o: counts[o] / applied if applied else float("nan") for o in OUTCOMES if o != "not_applicable"},
        mass_shares=None,
        holding={"count": tally(codes == HOLDS, judged=judged & (codes != NOT_APPLICABLE))} if by_context else {},
        worst=verdict,
        where=where,
    )


def _table(assessed: Sequence[Assessed]) -> tuple[Int[np.ndarray, "contexts curves"], np.ndarray, np.ndarray | None]:
    """Verdicts and departures by context and token; `ABSENT` where a context's file does not hold the token."""
    given = [one.curves.tokens for one in assessed]
    per_token = all(ids is not None for ids in given)
    ids = [np.arange(1) if own is None else own for own in given]
    tokens = np.unique(np.concatenate(ids))
    codes = np.full((len(assessed), tokens.size), ABSENT, np.int8)
    departures = np.full(codes.shape, np.nan)
    for row, (one, own) in enumerate(zip(assessed, ids, strict=True)):
        at, found = np.searchsorted(tokens, own), one.assessment
        codes[row, at] = found.codes.ravel()
        departures[row, at] = np.where(found.least > 0, found.least, found.most).ravel()
    return codes, departures, tokens if per_token else None


def _worst(law: Law, assessed: Sequence[Assessed]) -> tuple[Verdict, dict[str, int | str]]:
    """The verdict on the worst curve, with the notes on its file, and which curve that is."""
    places = [worst(one.assessment.codes, one.assessment.least, one.assessment.most) for one in assessed]
    parts = [[one.assessment for one in assessed], places]
    codes, least, most = (
        np.array([getattr(a, name)[at] for a, at in zip(*parts, strict=True)]) for name in ("codes", "least", "most")
    )
    (n,) = worst(codes, least, most)
    one, at = assessed[n], places[n]
    verdict = verdict_of(one.assessment, at, law.id)
    where: dict[str, int | str] = {}
    if one.curves.context is not None:
        where["context"] = one.curves.context
    if one.curves.tokens is not None:
        where["token"] = int(one.curves.tokens[at[-1]])
    said = [OF_A_GRID.format(count=len(one.assessment.strengths))] if verdict.verdict == "holds" else []
    reason = "; ".join(part for part in (verdict.reason, *said, *one.curves.notes) if part)
    return replace(verdict, reason=reason), where


@dataclass(frozen=True, kw_only=True)
class TokenRow:
    """The verdict on one token's curve in one context; `word` is empty where no tokenizer was given."""

    law: str
    claim: str
    model: str
    concept: str | None
    layer: int | None
    context: int | None
    token: int
    word: str
    verdict: Outcome
    departure: float
    unit: Unit


def token_rows(judged: Iterable[Judged]) -> Iterator[TokenRow]:
    """A row each token and context of every claim about tokens, where it was judged."""
    for subject, finding in judged:
        if finding.tokens is None:
            continue
        for (row, column), code in np.ndenumerate(finding.verdicts):
            if code != NOT_APPLICABLE:
                token = int(finding.tokens[column])
                yield TokenRow(
                    law=finding.law,
                    claim=finding.claim,
                    model=subject.name,
                    concept=subject.concept,
                    layer=subject.layer,
                    context=subject.contexts[row],
                    token=token,
                    word=subject.token_text(token) if subject.token_text else "",
                    verdict=OUTCOMES[code],
                    departure=float(finding.departures[row, column]),
                    unit=finding.unit,
                )
