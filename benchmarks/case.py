"""What both sides of a race of sweeps are given: one checkpoint, and where it is steered."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from benchmarks.hooks import Hooked
    from real_models import LanguageModel

STEERED = {"all": "every position steered", "last": "last position steered"}
"""Positions in words."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One checkpoint loaded by both sides, steered at one block."""

    name: str
    model: "LanguageModel"
    hooked: "Hooked"

    @property
    def where(self) -> dict:
        """What is steered."""
        return {"layer": self.hooked.layer, "vector": self.hooked.vector}

    def tokens(self, *shape: int) -> np.ndarray:
        """Random token ids."""
        return np.random.default_rng(0).integers(0, self.model.vocab_size, shape)
