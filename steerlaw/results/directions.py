"""The steering vector among directions with no concept in them, claim by claim: where it ranks, and how sure that is.

What is ranked is one number a direction: the share of its curves, by base probability where they are of tokens, that
obey a claim within `TOLERANCE` as far as the direction is followed (`steerlaw.experiments.directions`), averaged over
contexts. Claims on shape alone are asked, and the finding `separation`: an equation that holds nowhere to a tenth of a
nat ranks nothing. The direction is the replicate, so contexts make the score sharper but not the level smaller.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from numerics.judging.shares import Share, directions_needed, excess_over, rank_levels
from numerics.judging.sweeps import judge_sweep
from numerics.lowering.setting import settings_of
from steerlaw.experiments.directions import ORIGINS, Followed, Origin, follow
from steerlaw.experiments.experiment import Experiment
from steerlaw.inputs.subjects import Observation, Subject
from steerlaw.results.findings import ROWS, area_under_curve
from steerlaw.results.shares import LEVEL
from theory.catalogue import find_law
from theory.claims import Claim, Turns
from theory.law import Law
from theory.quantities import CONCEPT_LOGIT, GREEDY_LOG_ODDS, LOG_PROBABILITY, MEAN_LOG_ODDS

TOLERANCE = 0.1
"""In the claim's unit: a tenth of a nat is ten per cent of a probability."""

ASKED_OF = frozenset({LOG_PROBABILITY.id, CONCEPT_LOGIT.id, MEAN_LOG_ODDS.id, GREEDY_LOG_ODDS.id})
"""Quantities whose shape tells one direction from another; divergences rise along almost any."""

Asked = tuple[str, str]
"""The id of a law or finding, and what it says."""
Scores = Mapping[Asked, Float[np.ndarray, " contexts"]]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a steering vector stands among `drawn` directions of one `origin`, in what one claim scores.

    `score` is the vector's, `null` the quartiles of the others', `excess` how far it is above their mean, with an
    interval over contexts. `as_high` of the others score as high or higher. `level` is `(1 + as_high)/(1 + drawn)`,
    never below `1/(1 + drawn)`; `adjusted` accounts for all claims asked of this vector at this block.
    """

    law: str
    claim: str
    model: str
    layer: int | None
    concept: str | None
    origin: Origin
    score: float
    null: tuple[float, float, float]
    excess: Share
    drawn: int
    as_high: int
    level: float
    adjusted: float

    @property
    def significant(self) -> bool:
        """Whether the adjusted level is at most `LEVEL`; fewer than `directions_needed` directions never allow it."""
        return self.adjusted <= LEVEL

    @property
    def words(self) -> str:
        """The rank in a sentence."""
        above, least = self.drawn - self.as_high, 1 / (1 + self.drawn)
        sentence = (
            f"higher than {above} of {self.drawn} {self.origin}: level {self.level:.2g} (never below {least:.2g}), "
            f"{self.adjusted:.2g} for all claims"
        )
        if self.drawn < directions_needed(LEVEL):
            return f"{sentence}; it takes {directions_needed(LEVEL)} directions to reach {LEVEL:g}"
        return sentence

    def to_json(self) -> dict[str, Any]:
        """As an entry of `directions` in report.json."""
        return {**asdict(self), "null": list(self.null), "tolerance": TOLERANCE, "words": self.words}


@dataclass
class Along:
    """What the directions of one experiment scored so far."""

    subject: Subject
    vector: Scores
    null: dict[Origin, list[Scores]] = field(default_factory=lambda: defaultdict(list))


def ranked_claims(laws: Iterable[Law]) -> list[tuple[Law, tuple[Claim, ...]]]:
    """Of each law the claims that are asked of directions: those on the shapes of `ASKED_OF`."""
    asked = []
    for law in laws:
        own = tuple(claim for claim in law.claims if _is_asked(claim))
        if own:
            asked.append((law, own))
    return asked


def _is_asked(claim: Claim) -> bool:
    return isinstance(claim, Turns) and claim.quantity.id in ASKED_OF


def scores(observation: Observation, asked: Sequence[tuple[Law, tuple[Claim, ...]]]) -> Scores:
    """What one direction scores in each context, NaN where a claim says nothing of a context."""
    assert observation.baseline is not None
    settings, known, found = settings_of(observation.baseline), observation.baseline, dict[Asked, np.ndarray]()
    for law, claims in asked:
        for finding in judge_sweep(replace(law, claims=claims), observation.sweep, settings, tolerance=TOLERANCE):
            held = finding.holding.get("mass", finding.holding.get("count"))
            if held is not None:
                found[law.id, finding.claim] = held.shares
    if known.concepts is not None and known.local_log_odds is not None:
        separation = area_under_curve(known.local_log_odds, np.asarray(known.concepts[0], bool))
        if separation is not None:
            found["separation", ROWS["separation"].says] = separation
    return found


def ranked(experiment: Experiment, laws: Sequence[str], count: int, seed: int) -> list[Standing]:
    """The ranks of an experiment's vector among `count` directions of either kind, by the claims of these laws."""
    asked = ranked_claims([find_law(law) for law in laws])
    claims = [claim for _, own in asked for claim in own]
    return list(standings(follow(experiment, claims, count, seed), asked))


def standings(followed: Iterable[Followed], asked: Sequence[tuple[Law, tuple[Claim, ...]]]) -> Iterator[Standing]:
    """The ranks of one experiment's vector, from what was observed along it and along the others."""
    along: Along | None = None
    for one in followed:
        found = scores(one.observation, asked)
        if one.origin is None:
            along = Along(subject=one.observation.subject, vector=found)
        elif along is not None:
            along.null[one.origin].append(found)
    for origin in ORIGINS:
        if along is not None and along.null[origin]:
            yield from _standings(along, origin)


def _standings(along: Along, origin: Origin) -> Iterator[Standing]:
    """Claims that say something of the vector and of some direction in one context, all adjusted for together."""
    stacked = {
        asked: np.stack([own, *(drawn[asked] for drawn in along.null[origin])]) for asked, own in along.vector.items()
    }
    shares = {asked: rows for asked, rows in stacked.items() if _can_be_compared(rows)}
    means = {asked: _means(rows) for asked, rows in shares.items()}
    if not means:
        return
    levels, adjusted = rank_levels(np.stack(list(means.values()), axis=1))
    for (law, claim), level, for_all in zip(means, levels.tolist(), adjusted.tolist(), strict=True):
        mean = means[law, claim]
        null = mean[1:][~np.isnan(mean[1:])]
        yield Standing(
            law=law,
            claim=claim,
            model=along.subject.model,
            layer=along.subject.layer,
            concept=along.subject.concept,
            origin=origin,
            score=float(mean[0]),
            null=tuple(np.quantile(null, [0.25, 0.5, 0.75]).tolist()),
            excess=_excess(shares[law, claim]),
            drawn=null.size,
            as_high=round(level * (1 + null.size)) - 1,
            level=level,
            adjusted=for_all,
        )


def _can_be_compared(shares: Float[np.ndarray, "directions contexts"]) -> bool:
    """Whether the vector and some other direction were judged in the same context."""
    seen = ~np.isnan(shares)
    return bool((seen[0] & seen[1:].any(axis=0)).any())


def _means(shares: Float[np.ndarray, "directions contexts"]) -> Float[np.ndarray, " directions"]:
    """The mean over the contexts that were judged; NaN where none was."""
    count = (~np.isnan(shares)).sum(axis=1)
    return np.where(count > 0, np.nansum(shares, axis=1) / np.maximum(count, 1), np.nan)


def _excess(shares: Float[np.ndarray, "directions contexts"]) -> Share:
    """Over the contexts in which the vector was judged and some other direction, these being given."""
    null = _means(shares[1:].T)
    return excess_over(shares[0], null, level=LEVEL)
