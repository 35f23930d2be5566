"""How far each claim holds on each block, beside its controls: survival curves in push and in nats, and their medians.

A row is one claim on one model, concept and block, or on one control of these; nothing is pooled. The replicate is the
context, which all bounds count.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from numerics.judging.horizons.passages import Horizon
from numerics.judging.horizons.survival import Survival, survival_in_nats, survival_in_push
from numerics.judging.sweeps import Finding, LogOdds, Weighing
from steerlaw.inputs.subjects import Control, Subject

PUSHES = np.array([0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 7.9])
NATS = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 4.0])
"""Reaches at which survival is told."""

WHOLE = 24
"""Up to so many curves it is said how far all of them obey; of more, how far nine in ten do."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """The `share` of curves that certainly obeys up to `push`, and up to `nats`; None: as far as was looked."""

    share: float
    push: float | None
    nats: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class HorizonRow:
    """The survival of one claim on one block, or on a control of it, with its curves weighed in one way.

    `push` and `nats` are shares by reach; `most` and `half` are how far all curves (of many: nine in ten) and half of
    them certainly obey. `skill` is that of predicted curves at `PUSHES`. `curves` are those the claim applies to, of
    `contexts` contexts.
    """

    law: str
    claim: str
    quantity: str
    model: str
    concept: str | None
    layer: int | None
    control: Control | None
    log_odds: LogOdds | None
    weighing: Weighing
    contexts: int
    curves: int
    push: Survival
    nats: Survival | None
    most: Held
    half: Held
    skill: Float[np.ndarray, " pushes"] | None

    def to_json(self) -> dict[str, Any]:
        """As an entry of `horizons` in report.json."""
        where = {"model": self.model, "concept": self.concept, "layer": self.layer, "control": self.control}
        where["log_odds"] = self.log_odds
        counted = {"weighing": self.weighing, "contexts": self.contexts, "curves": self.curves}
        median = {"push": _median(self.push), "nats": None if self.nats is None else _median(self.nats)}
        curves = {"push": _shares(self.push), "nats": None if self.nats is None else _shares(self.nats)}
        return {"law": self.law, "claim": self.claim, **where, **counted, "median": median, "survival": curves} | {
            "skill": None if self.skill is None else {"at": PUSHES.tolist(), "value": _finite(self.skill)}
        }


def horizon_rows(judged: Iterable[tuple[Subject, Finding]]) -> list[HorizonRow]:
    """A row a claim, block, control and weighing, of the models in which a strength has a push."""
    return [row for subject, finding in judged if subject.push for row in _rows(subject, finding)]


def _rows(subject: Subject, finding: Finding) -> Iterator[HorizonRow]:
    if "both" not in finding.horizons or finding.per[:1] != ("context",):
        return
    strengths, nats = finding.horizons["both"], finding.nats
    applies = np.isfinite(strengths.lower)
    weighings: dict[Weighing, Float[np.ndarray, "*per"]] = {"count": applies.astype(np.float64)}
    if finding.mass is not None:
        weighings["mass"] = np.where(applies, finding.mass, 0.0)
    if finding.chosen is not None:
        weighings["chosen"] = applies * np.isin(np.arange(applies.shape[1]), finding.chosen)
    for weighing, weights in weighings.items():
        if not weights.any():
            continue
        push = _known(strengths, subject.push or 1.0)
        spent = None if nats is None else _known(nats, 1.0)
        yield HorizonRow(
            law=finding.law,
            claim=finding.claim,
            quantity=finding.quantity,
            model=subject.name,
            concept=subject.concept,
            layer=subject.layer,
            control=subject.control,
            log_odds=finding.log_odds,
            weighing=weighing,
            contexts=int((weights.reshape(len(weights), -1) > 0).any(axis=1).sum()),
            curves=int((weights > 0).sum()),
            push=survival_in_push(push, PUSHES, weights),
            nats=None if spent is None else survival_in_nats(spent, NATS, weights),
            most=_held(1.0 if (weights > 0).sum() <= WHOLE else 0.9, push, spent, weights),
            half=_held(0.5, push, spent, weights),
            skill=None if finding.skill is None else finding.skill.at(PUSHES / (subject.push or 1.0)),
        )


def _known(found: Horizon, unit: float) -> Horizon:
    """In another unit; curves that the claim is not about, which weigh nothing, are put at 0."""
    lower, upper, end = (np.where(np.isnan(found.lower), 0.0, part * unit) for part in vars(found).values())
    return Horizon(lower=lower, upper=upper, end=end)


def _held(share: float, push: Horizon, nats: Horizon | None, weights: Float[np.ndarray, "*per"]) -> Held:
    """How far so large a share of the weight certainly obeys; None where it does as far as anybody looked."""

    def reach(found: Horizon) -> float | None:
        order = np.argsort(found.lower, axis=None)
        gone = np.cumsum(weights.ravel()[order]) > (1 - share) * weights.sum() * (1 + 1e-12)
        first = order[gone.argmax()]
        return None if found.lower.ravel()[first] >= found.end.ravel()[first] else float(found.lower.ravel()[first])

    return Held(share=share, push=reach(push), nats=None if nats is None else reach(nats))


def _finite(values: Float[np.ndarray, " reaches"]) -> list[float | None]:
    return [round(float(value), 6) if np.isfinite(value) else None for value in values]


def _median(curve: Survival) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in curve.median()]


def _shares(curve: Survival) -> dict[str, list[float]]:
    names = ("at", "least", "most", "lower", "upper")
    return {name: [round(float(value), 6) for value in getattr(curve, name)] for name in names}
