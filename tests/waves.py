"""A model whose logits are waves of the strength, in closed form, and a sweep of it."""

from dataclasses import dataclass, replace

import numpy as np

from numerics.observing.grids import strength_grid
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.sweep import Sweep
from numerics.observing.watched import Watched

VOCAB, GRID = 60, strength_grid(6.0, 33)


@dataclass(frozen=True)
class Wave:
    """Logits that are affine in the strength plus a wave, so that curves turn; contexts are integers."""

    dtype: str = "float64"
    wave: float = 3.0
    name: str = "wave"
    vocab_size: int = VOCAB

    def parts(self, context: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = np.random.default_rng(context)
        return 2 * rng.normal(size=VOCAB), rng.normal(size=VOCAB), rng.uniform(0, 6, size=VOCAB)

    def logits(self, tokens, strengths, *, layer, vector):
        base, rate, phase = self.parts(tokens)
        s = vector[0] * np.asarray(strengths)[:, None]
        return (base + s * rate + self.wave * np.sin(s + phase)).astype(self.dtype)

    def derivative(self, tokens, strengths, *, layer, vector):
        _, rate, phase = self.parts(tokens)
        s = vector[0] * np.asarray(strengths)[:, None]
        return (vector[0] * (rate + self.wave * np.cos(s + phase))).astype(self.dtype)

    def cross_entropy(self, segments, strengths, *, layer, vector):
        return np.stack([2 + (np.asarray(strengths) - b) ** 2 for b in segments], axis=1).astype(self.dtype)


ODDS = np.random.default_rng(9).normal(size=VOCAB)
CONCEPTS = np.array([np.arange(VOCAB) < 20, np.arange(VOCAB) % 2 == 0])
CONTEXTS = [0, 1, 2]


STEERING = Steering(layer=2, vector=np.ones(1))
WATCHED = Watched(log_odds=ODDS, concepts=CONCEPTS, tokens=[3, 5, 8], concept_names=["first", "even"])


def observed(model=None, attributes=None, **watched) -> Sweep:
    return observe_next_token(
        model or Wave(), CONTEXTS, GRID, STEERING, replace(WATCHED, **watched), attributes=attributes
    )
