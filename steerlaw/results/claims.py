"""What share of the curves obeys each claim: claims are never pooled, for an equation may fail where a bound cannot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from numerics.judging.shares import Tally
from numerics.judging.sweeps import Finding, Weighing
from steerlaw.inputs.subjects import Subject
from steerlaw.results.shares import Holding, holdings


@dataclass(frozen=True, kw_only=True)
class ClaimHolding(Holding):
    """The share of one claim's curves that obey, on one model at one block (None: all), beside its controls."""

    claim: str


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scored:
    """A claim, as `holdings` takes it: under a name that no other claim has."""

    law: str
    holding: Mapping[Weighing, Tally]


def claim_holdings(judged: Iterable[tuple[Subject, Finding]]) -> list[ClaimHolding]:
    """Every claim of every law on every model, its blocks apart and together, in three weighings, beside controls.

    The chance of a false alarm is held for all the claims asked about.
    """
    claims: dict[tuple[str, str], str] = {}
    scored = []
    for subject, finding in judged:
        name = claims.setdefault((finding.law, finding.claim), f"{finding.law} {len(claims):06}")
        scored.append((subject, _Scored(law=name, holding=finding.holding)))
    named = {name: claim for claim, name in claims.items()}
    found = []
    for holding in holdings(scored):
        law, claim = named[holding.law]
        kept: dict[str, Any] = {field.name: getattr(holding, field.name) for field in fields(holding)}
        kept |= {"law": law, "claim": claim}
        found.append(ClaimHolding(**kept))
    return found
