"""One observed curve against a law: `compare("token_bump", strengths, values)`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
from jaxtyping import ArrayLike, Bool, Float

from numerics.bands.band import check_strengths
from numerics.bands.evidence import Evidence
from numerics.bands.measured import Bounds, observed_bounds
from numerics.baseline import Baseline
from numerics.checks import checked_log_odds, checked_log_probs
from numerics.judging.assessment import Assessment, assess
from numerics.judging.p_values import ruled_out_from
from numerics.judging.reasons import verdict_of
from numerics.judging.verdict import OUTCOMES, SEVERITY, Verdict, check_tolerance, not_applicable, worst
from numerics.observing.observed_curves import Curves
from theory.catalogue import find_law
from theory.claims import Bounded, Claim, Close, Turns
from theory.law import Law
from theory.quantities import LOG_PROBABILITY

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
    tolerance: float | None = None,
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

    Predictions and conditions are computed from `log_probs` (base law, `[vocab]` or `[contexts, vocab]`) and
    `log_odds`, or from a whole `baseline`. `token` is the id of the token at hand (by default the one token whose base
    log-probability the curve passes through at strength 0); `concept` the tokens, as ids or a mask, of the concept at
    hand, taken as the target. A closed form that lacks what it needs is `not_applicable`. A claim about shape alone is
    judged without, its condition taken as met; where claims of one law rest on different conditions taken so, and
    disagree, the law is `undecided`. `tolerance` is in the claim's unit (default 1e-3). Bad input is a `ValueError`.

    >>> compare("token_bump", np.linspace(-5, 5, 101), -np.linspace(-5, 5, 101) ** 2).verdict
    'holds'
    """
    law, claims = _claims(law_or_claim)
    tolerance = check_tolerance(tolerance)
    strengths = np.asarray(strengths, np.float64)
    check_strengths(strengths, least=3)
    quantity = claims[0].quantity
    at_level = partial(observed_bounds, quantity, strengths, values, lower, upper, trials=trials, scale=scale)
    observed = at_level(level=level)
    evidence = evidence or ("deterministic" if lower is None and upper is None and trials is None else "statistical")
    known = _known(baseline, log_probs, log_odds, concept, observed.lower.shape[1])
    judged = []
    for claim in claims:
        curves, tokens, missing = _placed(claim, observed, strengths, evidence, known, token)
        curves = curves if trials is None else replace(curves, samples=int(np.min(trials)))
        if claim.quantity != quantity:
            missing = f"the values given are of {quantity.id}; this claim is about {claim.quantity.id}"
        if missing and (isinstance(claim, Close) or claim.quantity != quantity):
            judged.append((claim, not_applicable(claim, law, tolerance, evidence, missing), ""))
            continue
        found = assess(claim, curves, None if missing else known, tolerance=tolerance, tokens=tokens, assume=missing)
        at = worst(found.codes, found.least, found.most)
        verdict = verdict_of(found, at, law)
        if trials is not None and verdict.verdict == "departs":
            verdict = replace(verdict, reason=f"{verdict.reason}; {_level(found, at, at_level)}")
        judged.append((claim, verdict, found.assumed))
    verdict = _speaking(judged)
    return replace(verdict, reason="; ".join(part for part in (verdict.reason, observed.note) if part))


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


def _placed(
    claim: Claim, observed: Bounds, strengths, evidence: Evidence, baseline: Baseline | None, token: int | None
) -> tuple[Curves, np.ndarray | None, str]:
    """The curves on the dimensions of the claim's quantity, their token, and what is missing to place them."""
    per, columns = claim.quantity.per, observed.lower.shape[1]
    if columns > 1 and "token" not in per:
        raise ValueError(f"values have {columns} columns, but {claim.quantity.id} is one curve: expected [strengths]")
    shape = tuple(columns if axis == "token" else 1 for axis in per)
    lower, upper = (bound.T.reshape(*shape, -1) for bound in (observed.lower, observed.upper))
    curves = Curves(strengths=strengths, lower=lower, upper=upper, evidence=evidence)
    if baseline is None:
        return curves, None, "needs log_probs, which are not given"
    contexts, vocab = baseline.log_probs.shape
    if "context" in per and contexts > 1:
        raise ValueError(
            f"{claim.quantity.id} is one curve a context: expected log_probs of one context, got {contexts}"
        )
    if "token" not in per or columns > 1:
        return curves, None, ""
    if token is None:
        token = _token_of(claim, observed, strengths, baseline)
        if token is None:
            return (
                curves,
                None,
                "needs token=ID: which token's curve this is cannot be told from its value at strength 0",
            )
    if not 0 <= token < vocab:
        raise ValueError(f"token {token} is out of range: expected 0 to {vocab - 1}")
    return curves, np.array([token]), ""


def _token_of(claim: Claim, observed: Bounds, strengths, baseline: Baseline) -> int | None:
    """The token whose base log-probability the curve passes through at strength 0, if there is only one like it."""
    at = np.flatnonzero(strengths == 0)
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

    level = ruled_out_from(partial(found.found.of_curve, column), band.strengths, at_levels, curves=1)[0]
    return f"ruled out at every level above {level:.2g}"


def _speaking(judged: list[tuple[Claim, Verdict, str]]) -> Verdict:
    """The verdict that speaks for all: the worst, unless it hangs on a condition nobody could check."""
    rank = {OUTCOMES[code]: place for place, code in enumerate(SEVERITY)}
    ordered = sorted(judged, key=lambda one: (rank[one[1].verdict], -(one[1].departure or 0.0)))
    _, verdict, assumed = ordered[0]
    rivals = [(claim.condition.name, other) for claim, other, taken in judged if taken]
    disagree = len({name for name, _ in rivals}) > 1 and len({other.verdict for _, other in rivals}) > 1
    if not (assumed and disagree):
        unjudged = [f"{other.claim} ({other.reason})" for claim, other, _ in judged if _lacks_input(claim, other)]
        if verdict.verdict == "holds" and unjudged:
            return replace(verdict, reason=f"{verdict.reason}; not judged: {'; '.join(unjudged)}")
        return verdict
    findings = "; ".join(f"{other.verdict} if {name}" for name, other in rivals)
    return replace(
        verdict, verdict="undecided", reason=f"{findings}: which applies depends on log_probs, log_odds and token"
    )


def _lacks_input(claim: Claim, verdict: Verdict) -> bool:
    return verdict.verdict == "not_applicable" and not verdict.reason.startswith("condition unmet")
