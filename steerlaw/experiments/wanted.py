"""What has to be observed of a subject for the claims that are asked about, and by which kind of sweep."""

from collections.abc import Iterable
from functools import cache

from numerics.judging.needed import needed
from steerlaw.inputs.subjects import Kind, Subject
from theory.catalogue import laws
from theory.claims import Claim
from theory.quantities import CROSS_ENTROPY_CHANGE, WHOLE_TEXTS
from theory.tilted import limit_strength

Wanted = dict[Kind, frozenset[str]]
"""Of every kind of sweep that is needed the names of its variables (`numerics.observing.variables`)."""


def kind_of(claim: Claim, subject: Subject) -> Kind:
    """The kind of sweep that speaks of a claim; what a subject lacks falls to its next-token sweep, or its only one."""
    if claim.domain.has(limit_strength):
        kind: Kind = "limit"
    elif claim.quantity in WHOLE_TEXTS:
        kind = "texts"
    else:
        kind = "cross-entropy" if claim.quantity == CROSS_ENTROPY_CHANGE else "next token"
    if kind in subject.kinds:
        return kind
    return "next token" if "next token" in subject.kinds else min(subject.kinds)


@cache
def wanted_at_limits() -> frozenset[str]:
    """What claims about large strengths need: nothing else is ever asked of a sweep out there."""
    claims = [claim for law in laws().values() for claim in law.claims]
    return frozenset().union(*(needed(claim) for claim in claims if claim.domain.has(limit_strength)))


def wanted_for(claims: Iterable[Claim], subject: Subject) -> Wanted:
    """The sweeps of a subject by which these claims are judged, and what each has to hold."""
    found: Wanted = {}
    for claim in claims:
        kind = kind_of(claim, subject)
        found[kind] = found.get(kind, frozenset()) | needed(claim)
    return found
