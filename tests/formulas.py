"""A model in closed form that is smooth in the strength, known well enough to be read off curves, or not."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from numerics.observing.curves.head import Head
from numerics.observing.curves.rays import opaque_rays

VOCAB, LIMIT = 9, 4.0


@dataclass
class Formula:
    """Logits of a tilt with a bend; `notch` is the depth of one between the strengths of the grid, in token 0's."""

    notch: float = 0.0
    width: float = 0.05
    name: str = "formula"
    vocab_size: int = VOCAB
    asked: list[Any] = field(default_factory=list)

    def logits(self, tokens, strengths, *, layer, vector):
        self.asked += list(strengths)
        base, shift, bend = np.random.default_rng(tokens).normal(size=(3, VOCAB))
        alpha = np.asarray(strengths, np.float64)[:, None] * np.sum(vector)
        values = base + alpha * shift + bend * np.tanh(alpha)
        values[:, 0] -= 4 + self.notch * np.exp(-(((alpha[:, 0] - 0.37) / self.width) ** 2))
        return values


class Curved(Formula):
    """The same, known well enough to be a curve."""

    head = Head(size=VOCAB)

    def rays(self, tokens, *, layer, vectors, positions):
        rays = opaque_rays(self, tokens, layer=layer, vectors=vectors, positions=positions, limit=LIMIT)
        return replace(rays, least=17)
