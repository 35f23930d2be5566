"""The report at a glance: each claim on each model and its controls, in counts and percentages, and the worst curve.

Percentages, in tables and in figures, are of the curves to which a law applies: the mean over contexts, which are the
replicates, of the share within each. Of curves that no context has for itself (cross-entropy is one of all the text)
they are the share of these curves.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from numerics.judging.shares import Share
from numerics.judging.sweeps import LogOdds
from numerics.judging.verdict import OUTCOMES, Outcome
from steerlaw.inputs.subjects import CONTROLS, Control
from steerlaw.results.claims import ClaimHolding
from steerlaw.results.judging import Judged
from steerlaw.results.shares import Excess, Replicate, replicate
from steerlaw.results.verdict_rows import Counts, VerdictRow, total

APPLIES: tuple[Outcome, ...] = tuple(outcome for outcome in OUTCOMES if outcome != "not_applicable")
"""Outcomes of the curves that a law applies to."""


class Group(NamedTuple):
    """What a line is about: a claim on all instances of a model, or on one control of them."""

    law: str
    claim: str
    model: str
    control: Control | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One claim of a law on a model or on a control of it.

    `weakest`: of the law's claims this one holds on the smallest share of that model's curves, and speaks for it.
    `untested` counts the curves that hold because nothing like them could have broken a bound. `counts` are of single
    verdicts. `shares` are of the curves to which the claim applies, by outcome; None where it applies to none. `holds`
    is the share that holds, with its interval, where contexts are replicates; `excess` is by how much it exceeds that
    along a random direction, `worst` the largest departure (of models themselves only).
    """

    law: str
    claim: str
    log_odds: LogOdds | None
    model: str
    control: Control | None
    counts: Counts
    shares: Mapping[Outcome, float] | None
    holds: Share | None
    excess: Excess | None
    worst: VerdictRow | None
    untested: int = 0
    weakest: bool = True

    @property
    def name(self) -> str:
        """The law, and whether its prediction is that of the local log-odds."""
        return f"{self.law} (local)" if self.log_odds == "local" else self.law


def summary_lines(
    rows: Iterable[VerdictRow], judged: Iterable[Judged] = (), holdings: Iterable[ClaimHolding] = ()
) -> list[Line]:
    """A line a claim and model, its controls after it, from the verdicts and what they rest on; none without curves."""
    judged = list(judged)
    groups: dict[Group, list[VerdictRow]] = defaultdict(list)
    for row in rows:
        groups[Group(str(row.verdict.law), row.verdict.claim, row.place.model, row.place.control)].append(row)
    models = list(dict.fromkeys(group.model for group in groups))
    claims = list(dict.fromkeys((group.law, group.claim) for group in groups))
    untested = Counter[Group]()
    for subject, finding in judged:
        untested[Group(finding.law, finding.claim, subject.model, subject.control)] += finding.untested
    by_context = context_shares(judged)
    every = (h for h in holdings if h.layer is None and h.weighing == "count")
    whole = {Group(h.law, h.claim, h.model, h.control): h for h in every}
    lines = []
    for group in sorted(groups, key=lambda g: (g.law, models.index(g.model), claims.index(g[:2]), _place(g.control))):
        counts = total(row.counts for row in groups[group])
        if not any(counts.values()):
            continue
        held = whole.get(group)
        lines.append(
            Line(
                law=group.law,
                claim=group.claim,
                log_odds=groups[group][0].log_odds,
                model=group.model,
                control=group.control,
                counts=counts,
                shares=by_context.get(group) or _pooled(counts),
                holds=held and held.share,
                excess=held and held.excess.get("random_direction"),
                worst=None if group.control else _worst(groups[group]),
                untested=untested[group],
            )
        )
    return _with_weakest(lines)


def _with_weakest(lines: Sequence[Line]) -> list[Line]:
    """The lines, of which those of one claim of each law on each model speak for it: that of the smallest share.

    Two predictions, by the log-odds of the prompts and by the local ones, each speak for themselves.
    """
    speaking: dict[tuple, tuple[float, str]] = {}
    for line in lines:
        if line.control is None:
            share = 2.0 if line.shares is None else line.shares["holds"]
            known = speaking.setdefault(_about(line), (share, line.claim))
            speaking[_about(line)] = (share, line.claim) if share < known[0] else known
    return [replace(line, weakest=speaking.get(_about(line), (0, line.claim))[1] == line.claim) for line in lines]


def _about(line: Line) -> tuple[str, bool, str]:
    return line.law, line.log_odds == "local", line.model


def context_shares(judged: Iterable[Judged]) -> dict[Group, dict[Outcome, float]]:
    """The mean over contexts of each outcome's share among the curves that the law applies to."""
    pools: dict[Group, dict[Replicate, np.ndarray]] = defaultdict(lambda: defaultdict(lambda: np.zeros(len(APPLIES))))
    for subject, finding in judged:
        if not finding.verdicts.size or finding.per[:1] != ("context",):
            continue
        group = Group(finding.law, finding.claim, subject.model, subject.control)
        for context, codes in zip(subject.contexts, finding.verdicts, strict=True):
            found = [np.count_nonzero(codes == OUTCOMES.index(outcome)) for outcome in APPLIES]
            pools[group][replicate(subject, context)] += found
    shares = {}
    for group, pool in pools.items():
        judged_contexts = [counts / counts.sum() for counts in pool.values() if counts.sum()]
        if judged_contexts:
            shares[group] = dict(zip(APPLIES, np.mean(judged_contexts, axis=0).tolist(), strict=True))
    return shares


def _pooled(counts: Counts) -> dict[Outcome, float] | None:
    applied = sum(counts[outcome] for outcome in APPLIES)
    return {outcome: counts[outcome] / applied for outcome in APPLIES} if applied else None


def _worst(rows: Sequence[VerdictRow]) -> VerdictRow | None:
    """Of the rows that depart the one that departs farthest."""
    departing = [row for row in rows if row.verdict.verdict == "departs"]
    return max(departing, key=lambda row: row.verdict.departure or 0.0, default=None)


def _place(control: Control | None) -> int:
    return -1 if control is None else CONTROLS.index(control)
