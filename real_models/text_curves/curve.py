"""`text_curve`: a score of whole texts against the strength, from texts sampled at few strengths."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from numerics.bands.intervals import check_level
from numerics.reweighting.curve import ReweightedCurve, reweighted_curve
from numerics.reweighting.derivatives import Derivatives, Estimate, observed_change, observed_derivatives
from numerics.reweighting.spacing import sampling_strengths
from numerics.reweighting.weights import balance_weights
from real_models.sampling.batches import Wanted
from real_models.sampling.drawing import Drawing
from real_models.sampling.rescoring import TextCosts, text_costs
from real_models.sampling.sampling import Draws, draw_texts, prompt_ids, texts_of
from real_models.scores.named import Score, score_named, scored
from real_models.scores.words import target_share
from real_models.steering.inputs import Layers, Strengths, Tokens, Vector, strength_values
from real_models.steering.model import LanguageModel

PILOT_TEXTS, PILOT_STREAM = 16, 2**20
"""Unsteered texts that say how far apart to sample, and the number of the first of their random streams."""
LEAST_EACH = 8
"""Texts of a lone prompt at each sampled strength: they are what is counted."""
CELL = 256
"""Texts that are drawn and scored together, and kept together by a run that may be stopped."""
COST = "cost_"
PERPLEXITY = "perplexity"
"""The score that needs the model: how surprising a text is to the unsteered one, per token."""
Cell = dict[str, np.ndarray]
Keep = Callable[[Sequence[Any], Callable[[], Cell]], Cell]
"""Makes a cell once: `keep(what it is made from, how it is made)`."""
MOST_ROUNDING = 0.05
"""How far a text's log-probability may differ between being drawn and being scored: so much of its weight is noise."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TextCurve(ReweightedCurve):
    """A reweighted curve of a score, with the texts it was made from, a row each, and their costs at every strength.

    `nats` is KL(P_alpha || P_0) of a whole text in the same way, by the exact divergences of its steps; `sampled_at`
    are the strengths at which texts were drawn. `rounding` is the largest difference between a text's log-probability
    as it was drawn and as it was scored. Of one prompt the curve is that prompt's; of several, their mean's.
    """

    sampled_at: Float[np.ndarray, " sampled"]
    nats: ReweightedCurve
    sampled: Wanted
    draws: Draws
    texts: Sequence[str]
    scores: Float[np.ndarray, " texts"]
    costs: TextCosts
    rounding: float

    def rescored(self, score: str | Score | Float[np.ndarray, " texts"], level: float | None = None) -> "TextCurve":
        """The same texts by another score: a name, a function of a text, or a value a text (NaN: missing)."""
        if isinstance(score, np.ndarray):
            values = np.asarray(score, float)
        else:
            values = _scores(score, self.texts, self.strengths, self.draws, self.costs)
        found = reweighted_curve(*(*_drawn(self), values, _clusters(self.sampled)), level=level or self.level)
        return replace(self, **vars(found), scores=values)

    def derivatives(self, level: float | None = None) -> Derivatives | None:
        """Slope and curvature at 0 as these texts show them; None where 0 has no neighbours among the strengths."""
        return observed_derivatives(*_drawn(self), self.scores, _clusters(self.sampled), level=level or self.level)

    def change(self, start: float, end: float, level: float | None = None) -> Estimate | None:
        """How much the score moves from one strength of the curve to another; what prompts differ by cancels."""
        between = (int(n) for n in number_of(self.strengths, np.array([start, end])))
        _, log_probs, drawn_at = _drawn(self)
        known = log_probs, drawn_at, self.scores, _clusters(self.sampled), (next(between), next(between))
        return observed_change(*known, level=level or self.level)

    def target_shares(self, targets: Bool[np.ndarray, " vocab"]) -> Float[np.ndarray, " texts"]:
        """The share of each text's tokens that are target tokens."""
        return target_share(self.draws.tokens, self.draws.lengths, targets)

    def nats_by_position(self, strength: float) -> Float[np.ndarray, " tokens"]:
        """The mean divergence of each token of the texts drawn at a strength, in nats; 0 after a text's end."""
        return self.draws.divergence[self.sampled.strength == strength].mean(axis=0)

    def by_prompt(self) -> Float[np.ndarray, "prompts strengths"]:
        """The mean score after each prompt, `sum w g / sum w` over its own texts; NaN where none of them has weight."""
        _, log_probs, drawn_at = _drawn(self)
        answered, prompts = ~np.isnan(self.scores), np.unique(self.sampled.prompt)
        found = np.full((len(prompts), len(self.strengths)), np.nan)
        for row, prompt in zip(found, prompts, strict=True):
            own = answered & (self.sampled.prompt == prompt)
            if own.any():
                weights, scores = balance_weights(log_probs[own], drawn_at[own]), self.scores[own]
                total = weights.sum(axis=0)
                mean = np.divide(scores @ weights, total, out=row.copy(), where=total > 0)
                row[:] = np.clip(mean, scores.min(), scores.max())  # between which it is, but for rounding
        return found


def text_curve(
    model: LanguageModel,
    prompts: Sequence[Tokens],
    score: str | Score,
    strengths: Strengths,
    *,
    layer: Layers,
    vector: Vector,
    tokens: int,
    samples: int,
    seed: int = 0,
    level: float = 0.05,
    temperature: float = 1.0,
    end_tokens: Sequence[int] | None = None,
    keep: Keep | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TextCurve:
    """The mean score of texts of at most `tokens` tokens after the prompts, at every strength, in a simultaneous band.

    `samples` are texts per prompt over all sampled strengths. Those are chosen by the divergence of a few unsteered
    texts: about sqrt(2 B) a side, where the side ends at B nats; the rest of the curve follows by reweighting. `score`
    is a function of a text, a name (`real_models.scores.named.SCORES`) or "perplexity". With one prompt its texts are
    the replicates, else prompts are. `keep` keeps what was drawn, so that a run can be taken up; `progress` is told how
    many of how many texts are done. `ValueError` of one line for bad input.

    >>> curve = text_curve(model, prompts, "loops", np.linspace(-2, 2, 13), layer=2, vector=v,
    ...                    tokens=48, samples=64)                                                  # doctest: +SKIP
    >>> curve.values, curve.lower, curve.upper, curve.sample_next                                  # doctest: +SKIP
    """
    check_level(level)
    drawing, values = Drawing(temperature=temperature), strength_values(strengths)
    _check_score(score, values)
    if drawing.cut:
        raise ValueError("temperature is 0, expected more: greedy texts have no weights at other strengths")
    if len(np.unique(values)) < len(values):
        raise ValueError("strengths hold one twice, expected each once")
    ids, where = prompt_ids(model, prompts, tokens), {"layer": layer, "vector": vector}
    least = 1 if len(ids) > 1 else LEAST_EACH
    if samples < least:
        raise ValueError(f"samples is {samples!r}, expected {least} or more texts per prompt")

    asked = Asked(
        model=model, prompts=ids, strengths=values, tokens=tokens, drawing=drawing, seed=seed, ends=end_tokens
    )
    pilot = _wanted(len(ids), np.zeros(1), -(-PILOT_TEXTS // len(ids)), PILOT_STREAM).rows(slice(2 * PILOT_TEXTS))
    nats = asked.cells(pilot, where, keep, None)[1].divergence.mean(axis=0)
    at = sampling_strengths(values, nats, samples // least)
    if len(at) * least > samples:
        raise ValueError(f"samples is {samples}, expected {len(at) * least} or more: {least} at {len(at)} strengths")
    wanted = _wanted(len(ids), values[at], samples // len(at), 0)
    draws, costs = asked.cells(wanted, where, keep, progress)
    texts = texts_of(model, draws)
    return curve_of(values, wanted, draws, costs, texts, _scores(score, texts, values, draws, costs), level)


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """What texts are drawn of and how, and the strengths at which they are scored."""

    model: LanguageModel
    prompts: Sequence[list[int]]
    strengths: Float[np.ndarray, " strengths"]
    tokens: int
    drawing: Drawing
    seed: int
    ends: Sequence[int] | None

    def cells(
        self, wanted: Wanted, where: dict[str, Any], keep: Keep | None, progress: Callable[[int, int], None] | None
    ) -> tuple[Draws, TextCosts]:
        """The wanted texts and their costs, in cells of which each is made once."""
        count, cells = len(wanted.prompt), []
        for start in range(0, count, CELL):
            part = wanted.rows(slice(start, start + CELL))
            own = [self.prompts[p] for p in part.prompt]
            settings = [self.tokens, self.seed, self.ends and list(self.ends), self.drawing.temperature]
            made_from = [own, part.strength, part.prompt, part.stream, self.strengths, settings]

            def make(part: Wanted = part, own: list[list[int]] = own) -> Cell:
                return self._cell(part, own, where)

            cells.append(make() if keep is None else keep(made_from, make))
            if progress is not None:
                progress(min(start + CELL, count), count)
        joined = {name: np.concatenate([cell[name] for cell in cells]) for name in cells[0]}
        costs = {name.removeprefix(COST): joined.pop(name) for name in list(joined) if name.startswith(COST)}
        return Draws(**joined), TextCosts(**costs)

    def _cell(self, wanted: Wanted, prompts: list[list[int]], where: dict[str, Any]) -> Cell:
        how = {"tokens": self.tokens, "drawing": self.drawing, "seed": self.seed, "ends": self.ends}
        draws = draw_texts(self.model, self.prompts, wanted, **where, **how, divergences=False)
        texts = [text[:n].tolist() for text, n in zip(draws.tokens, draws.lengths, strict=True)]
        own = number_of(self.strengths, wanted.strength) if np.isin(wanted.strength, self.strengths).all() else None
        costs = text_costs(self.model, prompts, texts, self.strengths, **where, drawing=self.drawing, own=own)
        tables = {f"{COST}{name}": getattr(costs, name) for name in ("log_prob", "divergence")}
        if costs.steps is not None:
            after = draws.divergence.shape[1] - costs.steps.shape[1]
            tables["divergence"] = np.pad(costs.steps, ((0, 0), (0, after)))
        return vars(draws) | tables


def curve_of(
    strengths: Float[np.ndarray, " strengths"],
    wanted: Wanted,
    draws: Draws,
    costs: TextCosts,
    texts: Sequence[str],
    scores: Float[np.ndarray, " texts"],
    level: float,
) -> TextCurve:
    """The curve that these texts make; `ValueError` where their log-probabilities are not known well enough."""
    shared = strengths, costs.log_prob, number_of(strengths, wanted.strength)
    own = costs.log_prob[np.arange(len(shared[2])), shared[2]]
    rounding = float(np.abs(own - draws.log_prob.sum(axis=-1, dtype=np.float64)).max())
    if rounding > MOST_ROUNDING:
        raise ValueError(
            f"the texts' log-probabilities are known to {rounding:.2g} only, expected {MOST_ROUNDING}: weights are lost"
            " in rounding; compute in float32 or float64, or ask for fewer tokens"
        )
    clusters = _clusters(wanted)
    return TextCurve(
        **vars(reweighted_curve(*(*shared, scores, clusters), level=level)),
        sampled_at=np.unique(wanted.strength),
        nats=_nats(shared, costs, clusters, level),
        sampled=wanted,
        draws=draws,
        texts=texts,
        scores=scores,
        costs=costs,
        rounding=rounding,
    )


def _check_score(score: str | Score, strengths: Float[np.ndarray, " strengths"]) -> None:
    if score != PERPLEXITY:
        score_named(score)
    elif 0 not in strengths:
        raise ValueError(f"{PERPLEXITY} is the unsteered model's: expected 0 among the strengths")


def _scores(score: str | Score, texts: Sequence[str], strengths, draws: Draws, costs: TextCosts) -> np.ndarray:
    """The score of every text; perplexity is known from the texts' costs."""
    _check_score(score, strengths)
    if score == PERPLEXITY:
        return perplexities(costs.log_prob[:, np.flatnonzero(strengths == 0)[0]], draws.lengths)
    return scored(score, texts)


def perplexities(log_prob: np.ndarray, lengths: np.ndarray) -> Float[np.ndarray, " texts"]:
    """`exp(-log P_0(y)/T)` of each text."""
    return np.exp(-log_prob / lengths)


def _nats(shared: tuple, costs: TextCosts, clusters: np.ndarray, level: float) -> ReweightedCurve:
    """KL(P_alpha || P_0) at every strength: of each, the scores are the texts' own divergences there."""
    curves = [
        reweighted_curve(*[*shared, column, clusters], level=level, shares=False) for column in costs.divergence.T
    ]
    diagonal: dict[str, np.ndarray] = {
        name: np.array([getattr(curve, name)[j] for j, curve in enumerate(curves)])
        for name in ("values", "lower", "upper", "effective", "mean_weight", "reliable")
    }
    return ReweightedCurve(strengths=shared[0], **diagonal, level=level)


def _drawn(curve: TextCurve) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return curve.strengths, curve.costs.log_prob, number_of(curve.strengths, curve.sampled.strength)


def number_of(strengths: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Which of the strengths each value is."""
    order = np.argsort(strengths, kind="stable")
    return order[np.searchsorted(strengths[order], values)]


def _wanted(prompts: int, strengths: np.ndarray, each: int, first: int) -> Wanted:
    """So many texts of each prompt at each strength, no two of a prompt with one stream."""
    prompt, which, text = (n.reshape(-1) for n in np.indices((prompts, len(strengths), each)))
    return Wanted(prompt=prompt, strength=strengths[which], stream=first + which * each + text)


def _clusters(wanted: Wanted) -> np.ndarray:
    """What is independent: prompts; of a lone one, the texts, one of each sampled strength together."""
    if wanted.prompt.max() > 0:
        return wanted.prompt
    return wanted.stream % (len(wanted.stream) // len(np.unique(wanted.strength)))
