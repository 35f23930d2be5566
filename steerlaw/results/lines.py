"""The report at a glance: each law on each model and its controls, in counts and percentages, and the worst departure.

Percentages, in tables and in figures, are of the curves to which a law applies: the mean over contexts, which are the
replicates, of the share within each. Of curves that no context has for itself (cross-entropy is one of all the text)
they are the share of these curves.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from numerics.judging.shares import Share
from numerics.judging.verdict import OUTCOMES, Outcome
from steerlaw.inputs.subjects import CONTROLS, Control
from steerlaw.results.judging import Judged
from steerlaw.results.shares import Excess, Holding, Replicate, replicate
from steerlaw.results.verdict_rows import Counts, VerdictRow, total

APPLIES: tuple[Outcome, ...] = tuple(outcome for outcome in OUTCOMES if outcome != "not_applicable")
"""Outcomes of the curves that a law applies to."""


class Group(NamedTuple):
    """What a line is about: a law on all instances of a model, or on one control of them."""

    law: str
    model: str
    control: Control | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """A law on a model or on a control of it.

    `counts` are of single verdicts. `shares` are of the curves to which the law applies, by outcome; None where it
    applies to none. `holds` is the share that holds, with its interval, where contexts are replicates; `excess` is by
    how much it exceeds that along a random direction, `worst` the largest departure (of models themselves only).
    """

    law: str
    model: str
    control: Control | None
    counts: Counts
    shares: Mapping[Outcome, float] | None
    holds: Share | None
    excess: Excess | None
    worst: VerdictRow | None


def summary_lines(
    rows: Iterable[VerdictRow], judged: Iterable[Judged] = (), holdings: Iterable[Holding] = ()
) -> list[Line]:
    """A line a law and model, its controls after it, from the verdicts and what they rest on; none without curves."""
    groups: dict[Group, list[VerdictRow]] = defaultdict(list)
    for row in rows:
        groups[Group(str(row.verdict.law), row.place.model, row.place.control)].append(row)
    models = list(dict.fromkeys(group.model for group in groups))
    by_context = context_shares(judged)
    whole = {Group(h.law, h.model, h.control): h for h in holdings if h.layer is None and h.weighing == "count"}
    lines = []
    for group in sorted(groups, key=lambda g: (g.law, models.index(g.model), _place(g.control))):
        counts = total(row.counts for row in groups[group])
        if not any(counts.values()):
            continue
        held = whole.get(group)
        lines.append(
            Line(
                law=group.law,
                model=group.model,
                control=group.control,
                counts=counts,
                shares=by_context.get(group) or _pooled(counts),
                holds=held and held.share,
                excess=held and held.excess.get("random_direction"),
                worst=None if group.control else _worst(groups[group]),
            )
        )
    return lines


def context_shares(judged: Iterable[Judged]) -> dict[Group, dict[Outcome, float]]:
    """The mean over contexts of each outcome's share among the curves that the law applies to."""
    pools: dict[Group, dict[Replicate, np.ndarray]] = defaultdict(lambda: defaultdict(lambda: np.zeros(len(APPLIES))))
    for subject, finding in judged:
        if not finding.verdicts.size or finding.per[:1] != ("context",):
            continue
        group = Group(finding.law, subject.model, subject.control)
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
