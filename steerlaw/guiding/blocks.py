r"""Which block to steer, before anything is steered: what a vector does there to first order, and at what cost.

Along a vector v at a block the concept's logit starts to move at the slope `c = <g, v>` (g its gradient), and the next
token's distribution p at the rate `KL(p_alpha, p) = alpha^2 Var_p[s'] / 2`, s' the slopes of the logits. So a budget of
B nats buys

    gain = c sqrt(2 B / Var_p[s'])        logits of the concept, at the strength sqrt(2 B / Var_p[s']),

whatever the length of v. How far that can be believed is told by the second derivatives: the logits leave their tangent
by a tenth of what they have moved where `alpha = 2 (1/10) sd_p[s'] / sd_p[s'']`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from scipy.special import betainc, softmax

from real_models import LanguageModel

LEAVES = 0.1
"""Share of their movement by which the logits may leave their tangent before it is no guide."""
LEVEL = 0.05
SEPARATES = 0.7
"""Least held-out separation of a vector that has learnt anything; 1/2 is chance."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """A vector at one block and prompt, to first order: gain in the concept's logit for the budget, the strength that
    spends it, up to where the tangent is a guide, both also as a push (alpha |v|/|h|), and the share of directions
    along which the concept's logit would rise faster."""

    gain: float
    strength: float
    push: float
    tangent_push: float
    faster: float


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block over all prompts: medians of `Start` (None for what is infinite), and its held-out separation.

    `beats_directions` is the share of prompts on which the concept's logit rises faster than along all but `LEVEL` of
    the directions.
    """

    layer: int
    separation: float
    gain: float
    strength: float | None
    push: float | None
    tangent_push: float | None
    beats_directions: float

    @property
    def sound(self) -> bool:
        """Whether the vector tells texts apart and moves the concept up more than directions without meaning do."""
        return self.separation >= SEPARATES and self.beats_directions > 0.5 and self.gain > 0

    @property
    def why(self) -> str:
        """What speaks for the block, or against it, in words."""
        if self.gain <= 0:
            return "the concept falls along the vector"
        if self.separation < SEPARATES:
            return f"its vector ranks only {self.separation:.0%} of held-out pairs of texts rightly"
        if self.beats_directions <= 0.5:
            return f"faster than random directions on only {self.beats_directions:.0%} of the prompts"
        guided = self.tangent_push is None or (self.push is not None and self.push <= self.tangent_push)
        return "sound" if guided else "sound, but the budget leads beyond the tangent"

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"sound": self.sound, "why": self.why}


def ranked(blocks: Sequence[Block]) -> list[Block]:
    """The best first: sound ones, and among them, and among the others, by what the budget buys."""
    return sorted(blocks, key=lambda block: (not block.sound, -block.gain))


def compared_blocks(
    model: LanguageModel,
    prompts: Sequence[Any],
    vectors: Mapping[int, Float[np.ndarray, " d"]],
    concept: Bool[np.ndarray, " vocab"],
    separation: Mapping[int, float],
    budget: float,
    tell: Callable[[], None] = lambda: None,
) -> list[Block]:
    """Every block that has a vector, over the prompts; `tell` is called after each prompt."""
    starts: dict[int, list[Start]] = {layer: [] for layer in vectors}
    for prompt in prompts:
        gradient = np.asarray(model.gradients(prompt, concept_logit(concept)), np.float64)
        for layer, vector in vectors.items():
            starts[layer].append(_start(model, prompt, layer, vector, gradient[layer], budget))
        tell()
    return [_over_prompts(layer, separation[layer], found) for layer, found in starts.items()]


def concept_logit(concept: Bool[np.ndarray, " vocab"]) -> Callable[[Float[Array, " vocab"]], Float[Array, ""]]:
    """`log P(C) - log P(not C)` of logits."""

    def measure(logits: Float[Array, " vocab"]) -> Float[Array, ""]:
        inside, outside = (jnp.where(mask, logits, -jnp.inf) for mask in (concept, ~concept))
        return jax.nn.logsumexp(inside) - jax.nn.logsumexp(outside)

    return measure


def share_of_faster_directions(cosine: float, dimensions: int) -> float:
    """The share of all directions of R^d whose cosine with a given one is at least this: exact, for d >= 2.

    The square of a uniformly random direction's cosine has the law Beta(1/2, (d - 1)/2).
    """
    beyond = float(betainc((dimensions - 1) / 2, 0.5, max(1 - cosine * cosine, 0.0))) / 2
    return beyond if cosine >= 0 else 1 - beyond


def _start(
    model: LanguageModel,
    prompt: Any,
    layer: int,
    vector: Float[np.ndarray, " d"],
    gradient: Float[np.ndarray, " d"],
    budget: float,
) -> Start:
    logits, slopes, bends = np.asarray(
        model.derivatives(prompt, np.zeros(1), 2, layer=layer, vector=vector), np.float64
    )[:, 0]
    p = softmax(logits)
    spread, bend = (float(np.sqrt(p @ (moved - p @ moved) ** 2)) for moved in (slopes, bends))
    size, height = float(np.linalg.norm(vector)), float(np.linalg.norm(np.asarray(model.residual(prompt, layer))[-1]))
    slope, steepest = float(gradient @ vector), float(np.linalg.norm(gradient))
    strength = float(np.sqrt(2 * budget) / spread) if spread else np.inf
    tangent = 2 * LEAVES * spread / bend if bend else np.inf
    unit = size / height if height else np.inf
    cosine = slope / (steepest * size) if steepest and size else 0.0
    return Start(
        gain=slope * strength if slope and spread else 0.0,
        strength=strength,
        push=strength * unit,
        tangent_push=tangent * unit,
        faster=share_of_faster_directions(cosine, len(vector)),
    )


def _over_prompts(layer: int, separation: float, starts: Sequence[Start]) -> Block:
    def median(name: str) -> float:
        return float(np.median([getattr(start, name) for start in starts]))

    reaches = {name: median(name) for name in ("strength", "push", "tangent_push")}
    return Block(
        layer=layer,
        separation=separation,
        gain=median("gain"),
        beats_directions=float(np.mean([start.faster <= LEVEL for start in starts])),
        **{name: value if np.isfinite(value) else None for name, value in reaches.items()},
    )
