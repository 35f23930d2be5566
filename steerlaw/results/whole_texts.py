"""Predicted against observed for whole texts: slope, curvature, nats, the budget's bound; a record and a sentence.

What unsteered texts predict is theirs alone (laws `text_score` and `text_information`); what is observed, steered ones'
(`text_reweighting`). No event may become likelier than its unsteered chance and the texts' nats allow (`text_budget`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np

from numerics.bands.intervals import clustered_proportion_band
from numerics.reweighting.budget import highest_chance
from numerics.reweighting.derivatives import Derivatives, Estimate
from steerlaw.inputs.swept_texts import Scores, SweptTexts
from steerlaw.results.reaching.answers import place

Numbers = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Band:
    """A curve with its simultaneous band, strength by strength; infinite where too few texts resemble those there."""

    values: Numbers
    lower: Numbers
    upper: Numbers


@dataclass(frozen=True, kw_only=True)
class Event:
    """How likely a text is of a kind, and how likely its unsteered chance and the texts' nats allow it to be.

    `unsteered` is its share of unsteered texts, with an upper limit; `bound` is of that limit and of the upper ends of
    the nats: *estimated*, since a text's nats have no known largest value.
    """

    event: str
    unsteered: float
    at_most: float
    band: Band
    bound: Numbers

    @property
    def within(self) -> bool:
        """Whether the band is nowhere above the bound."""
        return all(low <= bound + 1e-9 for low, bound in zip(self.band.lower, self.bound, strict=True))


@dataclass(frozen=True, kw_only=True)
class TextRow:
    """Whole texts of one model, block and concept: an entry of `texts` in report.json.

    `information` is I(0) in nats per strength squared, by unsteered texts: texts cost `alpha^2 I/2` nats near 0.
    `costs_at` is the farthest strength that was sampled and is reliable, `change` how far the score moved from 0 to it,
    `by_position` the nats of each token there.
    `random` are slopes predicted along random directions, `along_random` the band observed along the first of them.
    """

    model: str
    layer: int | None
    concept: str | None
    score: str
    tokens: int
    prompts: int
    texts: int
    unsteered_texts: int
    level: float
    strengths: Numbers
    sampled_at: Numbers
    reliable: tuple[bool, ...]
    band: Band
    nats: Band
    share: bool
    predicted: Derivatives | None
    observed: Derivatives | None
    information: Estimate | None
    costs_at: float | None
    change: Estimate | None
    by_position: Numbers
    predicted_by_position: Numbers
    random: Numbers
    along_random: Band | None
    random_strengths: Numbers
    events: tuple[Event, ...]

    @property
    def agree(self) -> bool | None:
        """Whether the intervals of the slope that was predicted and of the one that was observed meet."""
        if self.predicted is None or self.observed is None:
            return None
        one, other = self.predicted.slope, self.observed.slope
        return one.lower <= other.upper and other.lower <= one.upper

    def say(self) -> str:
        """What was found, in a sentence."""
        where = place(self.model, self.concept, self.layer)
        return f"{where}: {self._moves()}{self._slopes()}{self._beside()}."

    def to_json(self) -> dict[str, Any]:
        """As an entry of `texts` in report.json; what is infinite is null."""
        record = asdict(self) | {"agree": self.agree, "says": self.say()}
        for event, row in zip(record["events"], self.events, strict=True):
            event["within"] = row.within
        return _finite(record)

    def _moves(self) -> str:
        """How far the score moves up to the farthest reliable strength."""
        what = f"in texts of {self.tokens} tokens the {'share' if self.share else 'mean'} of {self.score}"
        base = next((n for n, strength in enumerate(self.strengths) if strength == 0), None)
        if base is None or self.costs_at is None:
            return f"{what} is known at no strength"
        end = self.strengths.index(self.costs_at)
        before, after = (self._number(self.band.values[n]) for n in (base, end))
        low, high = (0.0, 0.0) if self.change is None else (self.change.lower, self.change.upper)
        verb = "rises" if low > 0 else "falls" if high < 0 else "goes"
        hedge = "" if low > 0 or high < 0 else ", which may be chance"
        nats = self.nats.values[end]
        return f"{what} {verb} from {before} to {after} at {self.costs_at:.3g}{hedge}, costing {nats:.2g} nats"

    def _slopes(self) -> str:
        if self.predicted is None:
            return ""
        said = f"; its slope at 0 was predicted {_interval(self.predicted.slope)} without steering"
        return said + (f", observed {_interval(self.observed.slope)}" if self.observed is not None else "")

    def _beside(self) -> str:
        """The slope among those along random directions."""
        if not self.random or self.predicted is None:
            return ""
        slope = abs(self.predicted.slope.value)
        smaller = sum(abs(other) < slope for other in self.random)
        return f"; steeper than along {smaller} of {len(self.random)} random directions"

    def _number(self, value: float) -> str:
        return f"{value:.1%}" if self.share else f"{value:.3g}"


def text_rows(swept: Iterable[SweptTexts]) -> list[TextRow]:
    """A row for each sweep of texts."""
    return [_row(one) for one in swept]


def _row(swept: SweptTexts) -> TextRow:
    curve, predicted = swept.curve, swept.predicted
    both, nats = curve.reliable & curve.nats.reliable, _band(curve.nats)
    reached = [s for s in curve.sampled_at.tolist() if s > 0 and both[curve.strengths == s].all()]
    costs_at = max(reached, default=None)
    known = curve.scores[~np.isnan(curve.scores)]
    per_token = np.zeros(swept.tokens) if predicted is None else predicted.slopes.information.mean(axis=0)
    return TextRow(
        model=swept.model,
        layer=swept.layer,
        concept=swept.concept,
        score=swept.score,
        tokens=swept.tokens,
        prompts=int(curve.sampled.prompt.max()) + 1,
        texts=len(curve.texts),
        unsteered_texts=0 if predicted is None else len(predicted.texts),
        level=curve.level,
        strengths=_numbers(curve.strengths),
        sampled_at=_numbers(curve.sampled_at),
        reliable=tuple(curve.reliable.tolist()),
        band=_band(curve),
        nats=nats,
        share=bool(known.size == 0 or (known.min() >= 0 and known.max() <= 1)),
        predicted=_predicted(swept),
        observed=curve.derivatives(),
        information=None if predicted is None else predicted.information(curve.level),
        costs_at=costs_at,
        change=curve.change(0.0, costs_at) if costs_at is not None and 0 in curve.strengths else None,
        by_position=() if costs_at is None else _numbers(curve.nats_by_position(costs_at)),
        predicted_by_position=() if costs_at is None else _numbers(per_token * costs_at**2 / 2),
        random=tuple(one.slope.value for one in swept.random),
        along_random=None if swept.along_random is None else _band(swept.along_random),
        random_strengths=() if swept.along_random is None else _numbers(swept.along_random.strengths),
        events=tuple(_event(name, swept, *scores, nats.upper) for name, scores in swept.events.items()),
    )


def _predicted(swept: SweptTexts) -> Derivatives | None:
    """None where no unsteered text has a score."""
    if swept.predicted is None or swept.unsteered is None or np.isnan(swept.unsteered).all():
        return None
    return swept.predicted.derivatives(swept.unsteered, swept.curve.level)


def _event(name: str, swept: SweptTexts, observed: Scores, unsteered: Scores, nats: Numbers) -> Event:
    """The event's curve under its bound."""
    assert swept.predicted is not None
    prompt, missing = swept.predicted.prompt, np.isnan(unsteered)
    if prompt.max() == 0:
        prompt = np.arange(len(prompt))
    counts = (np.bincount(prompt, weights)[:, None].astype(int) for weights in (unsteered == 1, missing, prompt >= 0))
    seen, unknown, trials = counts
    at_most = float(clustered_proportion_band(seen, trials, level=swept.curve.level, unlabelled=unknown)[1][0])
    answered = unsteered[~missing]
    return Event(
        event=name,
        unsteered=float(answered.mean()) if answered.size else float("nan"),
        at_most=at_most,
        band=_band(swept.curve.rescored(observed)),
        bound=tuple(highest_chance(at_most, max(b, 0.0)) if isfinite(b) else 1.0 for b in nats),
    )


def _band(curve: Any) -> Band:
    return Band(values=_numbers(curve.values), lower=_numbers(curve.lower), upper=_numbers(curve.upper))


def _numbers(values: np.ndarray | Sequence[float]) -> Numbers:
    return tuple(np.asarray(values, float).tolist())


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.2g} ± {(estimate.upper - estimate.lower) / 2:.1g}"


def _finite(value: Any) -> Any:
    """The same with null for numbers that JSON does not have."""
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not isfinite(value) else value
