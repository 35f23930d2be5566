"""What share of the curves obeys each law, model by model and block by block, and how far beyond what a control scores.

The replicate is the context: its curves are one observation, for they sum to one. Several claims of a law, and several
concepts and blocks, are pooled within each context. Intervals are for contexts like those seen, whatever their
distribution. A control here is one draw (of a direction, of a permutation, of weights), and one draw tells no more than
which of the two is higher: its level is 1/2 or 1. Many draws are in `steerlaw.results.directions`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from numerics.judging.shares import Share, Tally, adjusted, excess_over, rank_levels, share_of
from numerics.judging.sweeps import Weighing
from steerlaw.inputs.subjects import CONTROLS, Control, Subject

LEVEL = 0.05


class Scored(Protocol):
    """What a law, or whatever else is asked of contexts, scores in each of them, in one or several weighings."""

    @property
    def law(self) -> str: ...

    @property
    def holding(self) -> Mapping[Weighing, Tally]: ...


@dataclass(frozen=True, kw_only=True)
class Excess:
    """By how much a share exceeds a control's; `level` is its rank's p-value, `adjusted` that of all the laws.

    Holm's adjustment over the laws of one model, control and weighing: the chance of any false alarm among them is at
    most the level that `adjusted` is compared with.
    """

    share: Share
    level: float
    adjusted: float


@dataclass(frozen=True, kw_only=True)
class Holding:
    """The share of a law's curves that obey on one model at one block (None: all), with its interval at `LEVEL`."""

    law: str
    model: str
    layer: int | None
    control: Control | None
    weighing: Weighing
    share: Share
    excess: dict[Control, Excess]

    def to_json(self) -> dict[str, Any]:
        """As an entry of `shares` in report.json."""
        return {**asdict(self), "share": asdict(self.share), "level": LEVEL}


class Group(NamedTuple):
    """What is pooled: a law on one model, at one block or (None) at all of them, or on a control, in one weighing."""

    law: str
    model: str
    layer: int | None
    control: Control | None
    weighing: Weighing


Replicate = tuple[str | None, str]
"""A context of one instance of a model."""
Pool = dict[Replicate, np.ndarray]
"""For each context what obeys and what was judged."""
Swept = dict[tuple[str, Control | None], set[int | None]]
"""The blocks of a model, or of a control of it, that were steered."""


def holdings(judged: Iterable[tuple[Subject, Scored]]) -> list[Holding]:
    """Every law on every model, its blocks apart and together, in three weighings; controls are lines of their own."""
    pools: dict[Group, Pool] = defaultdict(lambda: defaultdict(lambda: np.zeros(2)))
    swept: Swept = defaultdict(set)
    for subject, finding in judged:
        swept[subject.model, subject.control].add(subject.layer)
        for weighing, tally in finding.holding.items():
            for context, obeying, total in zip(subject.contexts, tally.obeying, tally.judged, strict=True):
                for layer in {subject.layer, None}:
                    group = Group(finding.law, subject.model, layer, subject.control, weighing)
                    pools[group][replicate(subject, context)] += (obeying, total)
    pools = {group: pool for group, pool in pools.items() if any(total > 0 for _, total in pool.values())}
    lines = [_line(group, pool, pools, swept) for group, pool in sorted(pools.items(), key=lambda item: str(item[0]))]
    return _adjusted(lines)


def replicate(subject: Subject, context: Any) -> Replicate:
    """What counts as one observation: a context, in which all blocks, concepts and claims are pooled."""
    return subject.instance, str(context)


def _line(group: Group, pool: Pool, pools: dict[Group, Pool], swept: Swept) -> Holding:
    law, model, layer, control, weighing = group
    excess = {}
    for other in CONTROLS if control is None else ():
        if layer is None and swept[model, other] != swept[model, None]:
            continue  # all blocks together are compared with all blocks alone
        null = pools.get(group._replace(control=other), {})
        common = [context for context in pool if context in null and pool[context][1] > 0 and null[context][1] > 0]
        if common:
            ours, theirs = (_shares([side[context] for context in common]) for side in (pool, null))
            level = float(rank_levels(np.array([[ours.mean()], [theirs.mean()]]))[0][0])
            excess[other] = Excess(share=excess_over(ours, theirs, level=LEVEL), level=level, adjusted=level)
    share = share_of(_shares([sums for sums in pool.values() if sums[1] > 0]), level=LEVEL)
    return Holding(law=law, model=model, layer=layer, control=control, weighing=weighing, share=share, excess=excess)


def _shares(sums: Sequence[np.ndarray]) -> np.ndarray:
    obeying, total = np.array(sums).T
    return obeying / total


def _adjusted(lines: list[Holding]) -> list[Holding]:
    """The lines with the levels of their excess adjusted for the number of laws asked about."""
    families: dict[tuple, list[int]] = defaultdict(list)
    for n, line in enumerate(lines):
        for control in line.excess:
            families[line.model, line.layer, line.weighing, control].append(n)
    for (*_, control), members in families.items():
        levels = adjusted(np.array([lines[n].excess[control].level for n in members]))
        for n, level in zip(members, levels, strict=True):
            mended = replace(lines[n].excess[control], adjusted=float(level))
            lines[n] = replace(lines[n], excess={**lines[n].excess, control: mended})
    return lines


def interval(share: Share, sign: str = "") -> str:
    """A share, or with sign="+" a difference of shares, in percent, with its interval.

    >>> interval(Share(share=0.025, lower=0.01, upper=0.04, replicates=16))
    '2.5 [1, 4]'
    """
    return f"{percent(share.share, sign)} [{100 * share.lower:z.0f}, {100 * share.upper:z.0f}]"


def percent(share: float, sign: str = "") -> str:
    """A share in percent, small ones to a tenth."""
    return f"{100 * share:{sign}z.{1 if 0 < abs(share) < 0.0995 else 0}f}"
