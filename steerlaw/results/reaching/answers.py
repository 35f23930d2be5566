"""Do the laws hold where people steer? How far each does, in one sentence a law, concept and block."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from steerlaw.inputs.subjects import Control
from steerlaw.results.reaching.rows import Held, HorizonRow

LAWS = ("target_increases", "token_bump", "mean_log_odds", "concept_logistic", "tilt", "local_tilt")
"""Those that say most, in this order."""

ALONE = {"prompts": "by the log-odds of the prompts alone", "local": "by the local log-odds alone"}
"""How a law that holds by one prediction and not by the other is introduced."""
USUAL = 1.0
"""Push up to which people steer: beyond one norm of the residual the vector outweighs what it is added to."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Of the laws of one model, concept and block, which still hold on at least half of their curves at a push.

    `laws` has of each law the predictions that were judged ("prompts", "local", or "" where it needs no log-odds), and
    `holding` those that still hold; a law counts once, and holds if one of them does.
    """

    model: str
    concept: str | None
    layer: int | None
    push: float
    holding: Mapping[str, tuple[str, ...]]
    laws: Mapping[str, tuple[str, ...]]

    def say(self) -> str:
        """In words: the laws that hold by every prediction that was judged, then those that hold by one alone."""
        where = place(self.model, self.concept, self.layer)
        reach = "one norm of the residual" if self.push == 1 else f"{self.push:g} of the residual's norm"
        count = f"{len(self.holding)} of {len(self.laws)} laws"
        said = f"{where}: {count} hold on at least half of their curves up to {reach}"
        named = [", ".join(law for law, by in self.holding.items() if by == self.laws[law])]
        for prediction, words in ALONE.items():
            alone = [law for law, by in self.holding.items() if by == (prediction,) != self.laws[law]]
            named += [f"{words} {', '.join(alone)}"] if alone else []
        told = "; ".join(filter(None, named))
        return f"{said}: {told}." if told else f"{said}."


def weakest_rows(rows: Iterable[HorizonRow]) -> list[HorizonRow]:
    """Of each law, model, concept and block the claim that fails first: that of the shortest horizon of half of it.

    Curves of tokens are weighed by base probability, for a model rarely says the others.
    """
    found: dict[tuple, HorizonRow] = {}
    rows = [row for row in rows if row.control is None]
    weighed = {_key(row) for row in rows if row.weighing == "mass"}
    for row in rows:
        if row.weighing != ("mass" if _key(row) in weighed else "count"):
            continue
        known = found.setdefault(_key(row)[:-1], row)
        if (_end(row.half.push), _end(row.most.push)) < (_end(known.half.push), _end(known.most.push)):
            found[_key(row)[:-1]] = row
    return list(found.values())


def answers(rows: Iterable[HorizonRow], push: float = USUAL) -> list[Answer]:
    """The paper's own question, put to each model, concept and block."""
    groups: dict[tuple, list[HorizonRow]] = {}
    for row in weakest_rows(rows):
        groups.setdefault((row.model, row.concept, row.layer), []).append(row)
    return [
        Answer(
            model=model,
            concept=concept,
            layer=layer,
            push=push,
            holding=_predictions(row for row in group if _end(row.half.push) >= push),
            laws=_predictions(group),
        )
        for (model, concept, layer), group in groups.items()
    ]


def _predictions(rows: Iterable[HorizonRow]) -> dict[str, tuple[str, ...]]:
    """By law, the predictions of its rows."""
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        found[row.law] = (*found.get(row.law, ()), row.log_odds or "")
    return found


Claimed = tuple[str, str, str, Control | None]
"""A law, a claim of it, a model, and a control of it or None."""


def half_reaches(rows: Sequence[HorizonRow]) -> dict[Claimed, tuple[float, float]]:
    """The push up to which half of a claim's curves obey: the least and the most over concepts and blocks.

    Infinite: as far as was looked. Curves of tokens are weighed as in `weakest_rows`.
    """
    found: dict[Claimed, tuple[float, float]] = {}
    weighed = {(*_key(row), row.control) for row in rows if row.weighing == "mass"}
    for row in rows:
        if row.weighing == ("mass" if (*_key(row), row.control) in weighed else "count"):
            low, high = found.get(about := (row.law, row.claim, row.model, row.control), (np.inf, 0.0))
            reach = _end(row.half.push)
            found[about] = min(low, reach), max(high, reach)
    return found


def control_of(row: HorizonRow, rows: Iterable[HorizonRow]) -> HorizonRow | None:
    """The row of the same claim, model, concept and block along a random direction of equal norm."""
    same = ("law", "claim", "model", "concept", "layer", "weighing")
    found = (one for one in rows if one.control == "random_direction")
    return next((one for one in found if all(getattr(one, name) == getattr(row, name) for name in same)), None)


def middle(rows: Sequence[HorizonRow]) -> list[HorizonRow]:
    """The rows of each model's middle block, which the paper steers."""
    blocks: dict[str, set[int]] = {}
    for row in rows:
        if row.layer is not None:
            blocks.setdefault(row.model, set()).add(row.layer)
    chosen = {model: sorted(layers)[len(layers) // 2] for model, layers in blocks.items()}
    return [row for row in rows if row.layer == chosen.get(row.model)]


def sentence(row: HorizonRow) -> str:
    """How far a claim holds on a block, in push and in nats: on all of its curves, or nine in ten, and on half."""
    whose = "every curve" if row.most.share == 1 else f"{100 * row.most.share:.0f} %"
    by = " of the probability" if row.weighing == "mass" and row.most.share < 1 else " of the curves"
    whose = whose if row.most.share == 1 else whose + by
    said = f"{place(None, row.concept, row.layer)}, {row.claim}: on {whose} {_reach(row.most)}"
    return f"{said}; on half {_reach(row.half)}."


def place(model: str | None, concept: str | None, layer: int | None) -> str:
    """A model, concept and block in words."""
    block = None if layer is None else f"block {layer}"
    return ", ".join(filter(None, (model, concept, block)))


def _reach(held: Held) -> str:
    if held.push is None:
        return "as far as was steered"
    nats = "" if held.nats is None else f", {held.nats:.2g} nats"
    return "at no strength" if held.push == 0 else f"up to {held.push:.2g} of the residual's norm{nats}"


def _key(row: HorizonRow) -> tuple:
    return named(row), row.model, row.concept, row.layer, row.claim


def named(row: HorizonRow) -> str:
    """The law and, where two were judged, which prediction: `tilt (local)` is by the derivative at strength 0."""
    return f"{row.law} ({row.log_odds})" if row.log_odds else row.law


def _end(reach: float | None) -> float:
    return float("inf") if reach is None else reach
