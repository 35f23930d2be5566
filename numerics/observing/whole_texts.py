"""Whole texts under steering, every one of them: of models whose next token depends on a few contexts alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float
from scipy.special import log_softmax, xlogy

from numerics.arrays import ArrayLike
from numerics.bands.band import ROUNDING, rounding_halfwidth
from numerics.baseline import Writing
from numerics.closed_forms.whole_texts import Texts, every_text
from numerics.observing.answers import attributes_of, checked_rows, strengths_asked
from numerics.observing.model import SteeredModel, Steering
from numerics.observing.sweep import Sweep
from numerics.observing.variables import VARIABLES

PerContext = Float[np.ndarray, "contexts strengths"]
PerConcept = Float[np.ndarray, "contexts concepts strengths"]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What is looked for in texts: tokens of `concepts`, named; and how often a judge errs who looks for them.

    `errors` are the judge's chances of a yes to a text without the concept, and of a no to one with it.
    """

    concepts: Bool[np.ndarray, "concepts vocab"]
    names: Sequence[str]
    errors: Float[np.ndarray, "answer=2"] | None = None


def observe_texts(
    model: SteeredModel,
    contexts: Sequence[Any],
    strengths: Float[ArrayLike, " strengths"] | Sequence[float],
    steering: Steering,
    writing: Writing,
    scored: Scored,
    *,
    rounding: float = ROUNDING,
    attributes: dict[str, Any] | None = None,
) -> Sweep:
    """Chances and relative entropies of whole texts begun in each context, from the model's steered logits alone.

    Every text is taken with its exact probability; half-widths are what the rounding of the logits comes to.
    """
    strengths, notes = strengths_asked(strengths)
    rows = [
        checked_rows(model.logits(tokens, strengths, **steering.keywords), strengths, f"{model.name}: logits", "tokens")
        for tokens in contexts
    ]
    off = np.max([rounding_halfwidth(row.dtype, np.abs(row).max(axis=1), rounding) for row in rows], axis=0)
    steered = _Steered(
        texts=every_text(np.asarray(writing.follows), len(rows), int(writing.length)),
        log_probs=np.stack([log_softmax(row.astype(np.float64), axis=1) for row in rows]),
        base=int(np.flatnonzero(strengths == 0)[0]),
        off=2 * writing.length * off,
    )
    found = _found(steered, scored)
    data = xr.Dataset(
        {name: (VARIABLES[name].dimensions, values) for name, values in found.items()},
        coords={"strength": strengths, "concept": list(scored.names)},
    )
    known = attributes_of(model, steering, rows[0].dtype, notes)
    return Sweep(data=data.assign_attrs(known | (attributes or {})))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Steered:
    """Texts and the next tokens' log-probabilities; `off` is how far a text's log-probability may be off."""

    texts: Texts
    log_probs: Float[np.ndarray, "contexts strengths vocab"]
    base: int
    off: Float[np.ndarray, " strengths"]

    @cached_property
    def logs(self) -> Float[np.ndarray, "strengths contexts texts"]:
        """Log-probabilities of whole texts."""
        return np.stack([self.texts.log_probs(at) for at in self.log_probs.swapaxes(0, 1)])

    @cached_property
    def weights(self) -> Float[np.ndarray, "strengths contexts texts"]:
        return np.exp(self.logs)

    def chance(self, held: Bool[np.ndarray, "concepts texts"]) -> PerConcept:
        """The chance of each set of texts."""
        return np.einsum("sjn,cn->jcs", self.weights, held.astype(np.float64))


def _found(steered: _Steered, scored: Scored) -> dict[str, np.ndarray]:
    """The variables of the sweep and their half-widths.

    Log-probabilities of texts that are within d of exact ones leave a chance F within `F (1 - F)(exp(2 d) - 1)`, and
    relative entropies, whose derivatives in them are covariances, within what the chain rule makes of it.
    """
    held = steered.texts.holding(scored.concepts)
    hit, miss = steered.chance(held), steered.chance(~held)
    spread = np.expm1(2 * steered.off)
    width = hit * miss * spread + rounding_halfwidth(np.float64, hit)
    base = slice(steered.base, steered.base + 1)
    moved = xlogy(hit, hit / hit[..., base]) + xlogy(miss, miss / miss[..., base])
    log_ratios = np.log(hit / hit[..., base]) - np.log(miss / miss[..., base])
    ratios = hit / hit[..., base] - miss / miss[..., base]
    found = {
        "text_hit": hit,
        "text_hit_halfwidth": width,
        "text_hit_divergence": moved,
        "text_hit_divergence_halfwidth": (width * np.abs(log_ratios) + width[..., base] * np.abs(ratios)) * (1 + spread)
        + rounding_halfwidth(np.float64, 1 + np.abs(moved)),
        **dict(zip(("text_divergence", "text_divergence_halfwidth"), _divergence(steered), strict=True)),
    }
    if scored.errors is not None:
        false_yes, false_no = scored.errors
        found |= {"text_judged": (1 - false_no) * hit + false_yes * miss, "text_judged_halfwidth": width}
    return found


def _divergence(steered: _Steered) -> tuple[PerContext, PerContext]:
    """`KL(P_alpha, P_0)` of texts begun in each context, and its half-width.

    With log-probabilities of texts off by d at the strength and by d_0 at 0, to first order by d times the mean
    deviation of log P_alpha/P_0, and by d_0 times sum |P_alpha - P_0|; the rest is what these change by themselves.
    """
    ratios = steered.logs - steered.logs[steered.base]
    value = (steered.weights * ratios).sum(axis=2)
    deviation = (steered.weights * np.abs(ratios - value[..., None])).sum(axis=2)
    moved = np.abs(steered.weights - steered.weights[steered.base]).sum(axis=2)
    off, base = steered.off[:, None], steered.off[steered.base]
    spread = np.expm1(2 * (off + base))
    halfwidth = (1 + spread) * (off * (deviation + 2 * (off + base)) + base * (moved + spread))
    return value.T, (halfwidth + rounding_halfwidth(np.float64, 1 + np.abs(value))).T
