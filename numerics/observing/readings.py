"""A context of a steered model as observers see it: off a curve where there is one, else off a table of logits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Float

from numerics.bands.band import rounding_halfwidth
from numerics.bands.evidence import TOLERANCE
from numerics.observing.answers import checked_rows
from numerics.observing.curves.build import steered_curves
from numerics.observing.curves.curve import SteeredCurve
from numerics.observing.curves.rays import is_curved
from numerics.observing.model import Steering
from numerics.observing.observers.view import Sloped, Slopes, View
from numerics.observing.slices import Tokens
from numerics.observing.watched import Watched

PRECISE = TOLERANCE / 10
"""How well log-probabilities are interpolated: what is claimed of them is judged to ten times that."""

ROOM = 2**28
"""Bytes of logits off a curve that are held; of more, every observer multiplies the slices that it looks at."""

Grid = Float[np.ndarray, " strengths"]
Curves = Sequence[SteeredCurve]


def curves_along(
    model: Any, contexts: Sequence[Any], window: tuple[float, float], steerings: Sequence[Steering], rounding: float
) -> list[Curves | None]:
    """The curves of all contexts along each of the vectors, `[vectors][contexts]`; None of a model without rays.

    A context goes along all vectors in one batch; they are steered at the same layer and positions.
    """
    if not is_curved(model):
        return [None] * len(steerings)
    first = steerings[0]
    read = steered_curves(
        cast(Any, model),
        contexts,
        layer=first.layer,
        vectors=np.stack([np.asarray(steering.vector) for steering in steerings]),
        positions=first.positions,
        window=window,
        tolerance=PRECISE,
        rounding=rounding,
    )
    return [list(along) for along in zip(*read, strict=True)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """A model steered along a vector, and what is watched of it."""

    model: Any
    steering: Steering
    watched: Watched
    rounding: float

    def view(self, context: Any, strengths: Grid, curve: SteeredCurve | None) -> View:
        """One context at the strengths: off its curve, unless it has none that is known well enough."""
        slopes = None if curve is None else lambda at, some: (curve.slopes(at, some), curve.slope_error(at))
        if curve is None or (unresolved(curve) and hasattr(self.model, "logits")):
            return self._off_table(context, strengths, slopes)
        x = curve.normed(strengths)
        size, head = curve.head.size, curve.head
        table = head.logits(x, slice(None)) if size * len(x) * x.itemsize <= ROOM else None
        return View(
            strengths=strengths,
            vocab_size=size,
            columns=(lambda some: head.logits(x, some)) if table is None else (lambda some: table[:, some]),
            halfwidth=curve.error_at(strengths) / 2,
            dtype=curve.attributes["dtype"],
            slopes=slopes,
            exact=self._slopes(context),
            **self._watched,
        )

    def _off_table(self, context: Any, strengths: Grid, slopes: Sloped | None) -> View:
        answer = self.model.logits(context, strengths, **self.steering.keywords)
        logits = checked_rows(answer, strengths, f"context {str(context)[:40]!r}: the logits", "vocab")
        return View(
            strengths=strengths,
            vocab_size=logits.shape[1],
            columns=lambda some: logits[:, some],
            halfwidth=rounding_halfwidth(logits.dtype, np.abs(logits).max(axis=1), self.rounding),
            dtype=str(logits.dtype),
            slopes=self._slopes(context) or slopes,
            **self._watched,
        )

    @property
    def _watched(self) -> dict[str, Any]:
        return {"tokens": self.watched.ids, "log_odds": self.watched.odds, "concepts": self.watched.masks}

    def _slopes(self, context: Any) -> Sloped | None:
        """Exact ones, where the model offers derivatives: `d log p(z) = d logit(z) - E_alpha[d logit]`."""
        if not hasattr(self.model, "derivative"):
            return None

        def slopes(strengths: Grid, tokens: Tokens) -> Slopes:
            values, rates = self._values_and_rates(context, strengths)
            h = rounding_halfwidth(values.dtype, 1 + np.abs(values).max(axis=1).astype(np.float64), self.rounding)
            values, rates = values.astype(np.float64), rates.astype(np.float64)
            weights = np.exp(values - values.max(axis=1, keepdims=True))
            mean = (weights * rates).sum(axis=1) / weights.sum(axis=1)
            return rates[:, tokens] - mean[:, None], 2 * h * np.abs(rates).max(axis=1)

        return slopes

    def _values_and_rates(self, context: Any, strengths: Grid) -> tuple[np.ndarray, np.ndarray]:
        where = self.steering.keywords
        if hasattr(self.model, "derivatives"):
            values, rates = np.asarray(self.model.derivatives(context, strengths, 1, **where))
            return values, rates
        values, rates = (np.asarray(f(context, strengths, **where)) for f in (self.model.logits, self.model.derivative))
        return values, rates


def unresolved(curve: SteeredCurve) -> bool:
    """Whether a claim could not be judged by a curve for want of evaluations, where a table may do."""
    return max(piece.error for piece in curve.pieces) > max(TOLERANCE / 2, 2 * curve.rounding)
