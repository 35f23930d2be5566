"""The same budget at every block: strength, push, nats and target of each, and the block that buys most of the target.

Strengths of different blocks do not compare, since vectors and residuals grow with depth; pushes and nats do.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from real_models import LanguageModel, sample
from real_models.scores.words import target_share
from steerlaw.results.choosing.choice import Choice
from steerlaw.results.choosing.text_choice import TextChoice


@dataclass(frozen=True, kw_only=True)
class BlockChoice:
    """What the budget buys at one block.

    `push` is |alpha||v|/|h| at the strength, `nats` what it spends there, `target` how likely the concept's tokens are
    unsteered and at the strength: as the next token after one prompt, or as the share of a text's tokens. None is what
    is not known: where the budget is never spent, there is no strength.
    """

    layer: int
    strength: float | None
    push: float | None
    nats: float | None
    target: tuple[float, float] | None

    def to_json(self) -> dict[str, Any]:
        """The fields."""
        return asdict(self)


def of_prompt(layer: int, choice: Choice) -> BlockChoice:
    """What was chosen for one prompt: the strength to trust, as it was measured or predicted."""
    if choice.trusted is None:
        return BlockChoice(layer=layer, strength=None, push=None, nats=None, target=None)
    alpha = choice.strengths[choice.trusted]
    units = choice.units(alpha)
    shares = dict(zip(choice.strengths, choice.concept or (), strict=False))
    before, after = shares.get("unsteered"), shares.get(choice.trusted)
    return BlockChoice(
        layer=layer,
        strength=units["alpha"],
        push=None if units["alpha|v|/|h|"] is None else abs(units["alpha|v|/|h|"]),
        nats=choice.spent if choice.trusted == "predicted" else choice.budget,
        target=None if before is None or after is None else (before, after),
    )


def of_texts(
    model: LanguageModel,
    prompts: Sequence[Any],
    choice: TextChoice,
    *,
    layer: int,
    vector: Float[np.ndarray, " d"],
    seed: int = 0,
    targets: Bool[np.ndarray, " vocab"] | None = None,
) -> BlockChoice:
    """What was chosen for whole texts; the target is counted in new texts, unsteered and at the strength."""
    if not choice.found:
        return BlockChoice(layer=layer, strength=None, push=None, nats=None, target=None)
    residuals = [np.asarray(model.residual(prompt, layer), np.float64)[-1] for prompt in prompts]
    push = choice.strength * np.linalg.norm(vector) / np.mean([np.linalg.norm(h) for h in residuals])
    target = None
    if targets is not None:
        how = {"layer": layer, "vector": vector, "tokens": choice.tokens, "samples": choice.samples, "seed": seed + 1}
        texts = sample(model, prompts, [0.0, choice.strength], **how, divergences=False)
        before, after = target_share(texts.tokens, texts.lengths, targets).mean(axis=(0, 2))
        target = float(before), float(after)
    return BlockChoice(
        layer=layer,
        strength=choice.strength,
        push=float(push),
        nats=float(np.median(choice.nats)),
        target=target,
    )


def best(blocks: Sequence[BlockChoice]) -> BlockChoice | None:
    """The block with most of the target at its strength, of equal ones that of the smaller push; None without one."""
    known = [(block.target[1], -(block.push or 0.0), block) for block in blocks if block.target is not None]
    return max(known, key=lambda one: one[:2], default=(None,))[-1]


def say(blocks: Sequence[BlockChoice], what: str) -> str:
    """The sentence that names the best block; `what` is the budget in words."""
    if not any(block.strength is not None for block in blocks):
        return f"At no block is there a strength for {what}: give another budget."
    if (found := best(blocks)) is None:
        return (
            "Which block is best depends on what is wanted: give --words, and the one that buys most of them is named."
        )
    before, after = found.target or (0.0, 0.0)
    if after <= before:
        return f"At no block does {what} buy any of the concept: steer along -v, or with another vector."
    push = "" if found.push is None else f" ({found.push:.2g} of the residual's norm)"
    return (
        f"Block {found.layer} is best: for {what} the concept goes from {before:.3g} to {after:.3g} at"
        f" {found.strength:.4g}{push}."
    )
