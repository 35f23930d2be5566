"""The matrix: every reported claim on every language model, concept and block, beside its controls.

False discoveries are controlled over all answers of one run on the models themselves, and apart over those on controls.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.reported.deciding import Decided, decide
from numerics.reported.statistics import Seen, number
from steerlaw.experiments.nearby import Key, Nearby, key
from steerlaw.inputs.subjects import Control, Observation, Subject
from steerlaw.results.reported.seen import seen_in
from theory.reported import Reported, reported

LEVEL = 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """One claim on one model and concept, at one block (`layer` None: over all), or on a control of it.

    `median` is that of the statistic over the contexts judged, NaN where there are none.
    """

    claim: str
    model: str
    concept: str | None
    layer: int | None
    control: Control | None
    median: float
    decided: Decided

    def to_json(self) -> dict[str, Any]:
        """As a cell of its claim in report.json; numbers that are not finite are null."""
        found = self.decided
        return {
            "model": self.model,
            "concept": self.concept,
            "layer": self.layer,
            "control": self.control,
            "answer": found.answer,
            "obeying": found.obeying,
            "judged": found.judged,
            "median": _finite(self.median),
            "level": _finite(found.level),
            "adjusted": _finite(found.adjusted),
        }


Place = tuple[str, str | None, Control | None]
"""A model and concept, or a control of them."""
Asked = tuple[Reported, Place, int | None, np.ndarray]


def matrix(observations: Iterable[Observation], near: Mapping[Key, Nearby]) -> list[Cell]:
    """Every claim that can be asked of what was observed."""
    places = _by_place(observations, near)
    asked = [
        one for claim in reported().values() for place, blocks in places.items() for one in _asked(claim, place, blocks)
    ]
    cells: list[Cell] = []
    for of_controls in (False, True):
        family = [one for one in asked if (one[1][2] is not None) == of_controls]
        ranges = [(claim.least, claim.most) for claim, *_ in family]
        found = decide([numbers for *_, numbers in family], ranges, level=LEVEL)
        cells += [_cell(one, decided) for one, decided in zip(family, found, strict=True)]
    return cells


def _by_place(
    observations: Iterable[Observation], near: Mapping[Key, Nearby]
) -> dict[Place, dict[int | None, list[Seen]]]:
    """Of each model, concept and control what was seen at its blocks, context by context."""
    places: dict[Place, dict[int | None, list[Seen]]] = defaultdict(dict)
    for observation in observations:
        subject = observation.subject
        if observation.kind == "next token" and subject.push is not None and _can_be_asked(subject):
            place = (subject.name, subject.concept, subject.control)
            places[place][subject.layer] = seen_in(observation, near.get(key(subject)))
    return places


def _can_be_asked(subject: Subject) -> bool:
    """Log-odds dealt to other tokens change nothing that is observed."""
    return subject.control != "permuted_log_odds"


def _asked(claim: Reported, place: Place, blocks: Mapping[int | None, list[Seen]]) -> list[Asked]:
    """The numbers of a claim at each block, or over all; those that say nothing of any context are left out."""
    groups: list[tuple[int | None, list[list[Seen]]]]
    if claim.per == "block":
        groups = [(layer, [[one] for one in contexts]) for layer, contexts in blocks.items()]
    else:
        groups = [(None, [list(one) for one in zip(*blocks.values(), strict=True)])] if len(blocks) > 1 else []
    found = [(layer, np.array([number(claim.statistic, one) for one in contexts])) for layer, contexts in groups]
    return [(claim, place, layer, numbers) for layer, numbers in found if not np.isnan(numbers).all()]


def _cell(asked: Asked, decided: Decided) -> Cell:
    claim, (model, concept, control), layer, numbers = asked
    return Cell(
        claim=claim.id,
        model=model,
        concept=concept,
        layer=layer,
        control=control,
        median=float(np.nanmedian(numbers)),
        decided=decided,
    )


def reported_json(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """The entries of `reported` in report.json: the claims that were asked, in words, each with its cells."""
    by_claim: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_claim[cell.claim].append(cell)
    return [_claim_json(reported()[name], own) for name, own in sorted(by_claim.items())]


def _claim_json(claim: Reported, cells: Iterable[Cell]) -> dict[str, Any]:
    said = {name: getattr(claim, name) for name in ("id", "title", "source", "claim", "asked", "power")}
    number = {"statistic": claim.statistic, "unit": claim.unit}
    ends = {"least": _finite(claim.least), "most": _finite(claim.most)}
    return {**said, **number, **ends, "level": LEVEL, "cells": [cell.to_json() for cell in cells]}


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
