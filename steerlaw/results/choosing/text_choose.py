"""How large the strength may be for whole texts: conformal over prompts, by the exact divergences of drawn texts."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from numerics.bands.intervals import clustered_proportion_band, mean_band
from numerics.reweighting.budget import highest_chance
from real_models import LanguageModel, sample
from real_models.decoding.batching import rows_within
from real_models.sampling.batches import text_bytes
from real_models.scores.named import scored
from steerlaw.results.choosing.choose import check_nats
from steerlaw.results.choosing.order_statistics import conformal_rank
from steerlaw.results.choosing.text_choice import Avoided, TextChoice

PUSH = 0.01
"""alpha |v|/|h| at which the unsteered curvature is taken: small, and above rounding."""
COARSE = sqrt(2.0) ** np.arange(-5, 6)
"""Strengths of the first round, in units of the one that the curvature predicts."""
FINE, ROUNDS, DOUBLINGS = 5, 2, 6
"""Strengths inside a bracket, how often it is narrowed, and how often the search goes farther out."""
SHOWN = 2
"""Prompts whose continuations are shown."""

Tell = Callable[[str], None]


def crossed(nats: Float[np.ndarray, "prompts strengths"], budget: float) -> Float[np.ndarray, " strengths"]:
    """How many prompts have spent the budget at a strength or, on the way to it, at a smaller one of the columns."""
    return (np.maximum.accumulate(nats, axis=1) > budget).sum(axis=0)


@dataclass(eq=False)
class Spending:
    """Nats of each prompt's texts at strengths, drawn as they are asked for, each once."""

    model: LanguageModel
    prompts: Sequence[Any]
    how: dict[str, Any]
    known: dict[float, Float[np.ndarray, " prompts"]] = field(default_factory=dict)
    drawn: int = 0

    def table(self, strengths: Sequence[float]) -> Float[np.ndarray, "prompts strengths"]:
        """Means over a prompt's texts; texts have the same random numbers at every strength."""
        if wanted := [float(s) for s in strengths if float(s) not in self.known]:
            texts = sample(self.model, self.prompts, wanted, **self.how)
            self.drawn += texts.lengths.size
            self.known |= dict(zip(wanted, texts.nats.mean(axis=2).T, strict=True))
        return np.stack([self.known[float(s)] for s in strengths], axis=1)

    def crossed(self, strength: float, budget: float) -> int:
        """How many prompts have spent the budget up to the strength, by all that is known there and below."""
        self.table([strength])
        return int(crossed(self.table(sorted(s for s in self.known if 0 < s <= strength)), budget)[-1])

    def kept_to(self, budget: float) -> tuple[tuple[float, float], ...]:
        """Of each prompt the largest strength that was tried and keeps the budget (or 0), and the next (or inf)."""
        tried = sorted(s for s in self.known if s > 0)
        ends = np.array([0.0, *tried, np.inf])
        kept = (~np.maximum.accumulate(self.table(tried) > budget, axis=1)).sum(axis=1)
        return tuple((float(ends[n]), float(ends[n + 1])) for n in kept)


def choose_for_texts(
    model: LanguageModel,
    prompts: Sequence[Any],
    *,
    layer: Any,
    vector: Float[np.ndarray, "..."],
    tokens: int,
    budget: float,
    risk: float = 0.05,
    samples: int = 4,
    seed: int = 0,
    avoid: Any = None,
    level: float = 0.05,
    tell: Tell = lambda _: None,
) -> TextChoice:
    """The strength at which texts of `tokens` tokens after a new prompt stay within a budget of nats, but for a `risk`.

    `avoid` names a score (or is one) whose being above 1/2 is a failure; every second prompt is then kept apart to say
    how often it comes, at the `level`. `tell` is told, before long work, what it will take. `ValueError` of one line.

    >>> print(choose_for_texts(model, prompts, layer=2, vector=v, tokens=48, budget=2.0).say())        # doctest: +SKIP
    """
    check_nats(budget=budget)
    if isinstance(prompts, str) or not len(prompts):
        raise ValueError(f"prompts are {prompts!r}, expected a list of one prompt or more")
    choosing, apart = (prompts, []) if avoid is None else (prompts[::2], prompts[1::2])
    rank = conformal_rank(len(choosing), risk)
    if avoid is not None:
        scored(avoid, [])  # a name that is none is said now
    how = {"layer": layer, "vector": vector, "tokens": tokens, "samples": samples, "seed": seed}
    spending = Spending(model, choosing, how)
    start = _start(model, choosing, how, budget, tell)
    low, high, searched = _bracket(spending, start, budget, rank)
    for _ in range(ROUNDS if np.isfinite(high) and low > 0 else 0):
        inner = np.linspace(low, high, FINE + 2)[1:-1]
        spending.table(inner.tolist())
        kept = [s for s in inner if spending.crossed(s, budget) < rank]
        low, high = (max(kept), min([s for s in inner if s > max(kept)], default=high)) if kept else (low, inner[0])
    strength = low if np.isfinite(high) else float("inf")
    found = 0 < strength < float("inf")
    return TextChoice(
        budget=budget,
        risk=risk,
        tokens=tokens,
        samples=samples,
        strength=float(strength),
        within=float(high - low),
        searched=float(searched),
        prompts=len(choosing),
        crossed=spending.crossed(strength, budget) if found else 0,
        nats=tuple(spending.table([strength])[:, 0].tolist()) if found else (),
        kept_to=spending.kept_to(budget),
        avoided=_avoided(model, apart, how, avoid, strength, level) if found and avoid is not None else None,
        shown=continuations(model, choosing, how, strength) if found else (),
        texts_drawn=spending.drawn,
    )


def _start(model: LanguageModel, prompts: Sequence[Any], how: dict[str, Any], budget: float, tell: Tell) -> float:
    """The strength that the curvature at 0 predicts: nats grow as alpha^2. And what the search will take, told."""
    layers, vectors = np.atleast_1d(how["layer"]), np.atleast_2d(np.asarray(how["vector"], np.float64))
    residual = np.asarray(model.residual(prompts[0], int(layers[0])), np.float64)[-1]
    size = np.linalg.norm(vectors[0])
    if not size:
        raise ValueError("the steering vector is zero and steers nothing: give another one")
    small = float(PUSH * np.linalg.norm(residual) / size)
    few = list(prompts[:8])
    sample(model, few, [small], **how)  # compiles
    began = time.perf_counter()
    texts = sample(model, few, [small], **how)
    each = (time.perf_counter() - began) / texts.lengths.size
    count = len(prompts) * how["samples"] * (len(COARSE) + FINE * ROUNDS)
    longest = max(len(ids) for ids in texts.prompts)
    row = text_bytes(model.spec, int(layers.min()), longest, how["tokens"], model.dtype)
    memory = (sum(array.nbytes for array in jax.tree.leaves(model.params)) + rows_within(row, count) * row) / 1e9
    tell(f"about {count} texts of {how['tokens']} tokens: some {count * each:.0f} s, {memory:.1f} GB")
    nats = float(texts.nats.mean())
    return small * sqrt(budget / nats) if nats > 0 else small


def _bracket(spending: Spending, start: float, budget: float, rank: int) -> tuple[float, float, float]:
    """The largest tried strength that keeps the budget (or 0), the next, which breaks it (or inf), the farthest."""
    grid = start * COARSE
    for _ in range(DOUBLINGS):
        spending.table(grid.tolist())
        broken = [s for s in sorted(spending.known) if spending.crossed(s, budget) >= rank]
        if broken:
            below = [s for s in spending.known if s < broken[0]]
            return (max(below) if below else 0.0), broken[0], float(grid[-1])
        grid = grid[-1] * np.array([sqrt(2.0), 2.0])
    return float(max(spending.known)), float("inf"), float(max(spending.known))


def _avoided(model, prompts: Sequence[Any], how: dict[str, Any], avoid: Any, strength: float, level: float) -> Avoided:
    """The failure's shares at 0 and at the strength, on prompts kept apart, in texts of other random numbers."""
    if len(prompts) < 2:
        raise ValueError(f"{len(prompts)} prompts are left to see a failure in: expected 2 or more, give more prompts")
    texts = sample(model, prompts, [0.0, strength], **how | {"seed": how["seed"] + 1})
    labels = scored(avoid, texts.texts.ravel()).reshape(texts.texts.shape)
    missing, failed = np.isnan(labels).sum(axis=2), (labels > 0.5).sum(axis=2)
    upper = clustered_proportion_band(failed, how["samples"], level=level, unlabelled=missing)[1]
    nats = mean_band(texts.nats.mean(axis=2), level=level)[1][1]
    answered = np.maximum(labels[0, 0].size * len(prompts) - missing.sum(axis=0), 1)
    shares = failed.sum(axis=0) / answered
    return Avoided(
        score=avoid if isinstance(avoid, str) else getattr(avoid, "__name__", "score"),
        share=(float(shares[0]), float(shares[1])),
        limit=float(upper[1]),
        bound=highest_chance(float(upper[0]), float(max(nats, 0.0))),
        prompts=len(prompts),
        missing=int(missing.sum()),
        level=level,
    )


def continuations(
    model: LanguageModel, prompts: Sequence[Any], how: dict[str, Any], strength: float
) -> tuple[dict[str, Any], ...]:
    """Continuations at 0, at half the strength and at the whole."""
    strengths = [0.0, strength / 2, strength]
    one: dict[str, Any] = how | {"samples": 1}
    texts = sample(model, list(prompts[:SHOWN]), strengths, **one)
    return tuple(
        {"prompt": prompt, "strength": alpha, "text": texts.texts[p, a, 0]}
        for p, prompt in enumerate(texts.prompt_texts)
        for a, alpha in enumerate(strengths)
    )
