"""One context's logits over all strengths, and what every observer of them needs.

Log-probabilities are float64 whatever the logits' dtype; the band remembers the rounding of the logits themselves. With
logits within h of exact ones (h = rounding * eps * largest |logit|), log-probabilities and their differences are within
2h, and the mean log-odds within h (M_max - M_min).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.bands.band import rounding_halfwidth
from numerics.observing.slices import slices


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """Logits `[strengths, vocab]` of one context; `tokens` are those observed in full, 0 is among the strengths."""

    strengths: Float[np.ndarray, " strengths"]
    logits: Float[np.ndarray, "strengths vocab"]
    rounding: float
    tokens: Int[np.ndarray, " tokens"]
    log_odds: Float[np.ndarray, " vocab"] | None
    concepts: Bool[np.ndarray, "concepts vocab"] | None

    @cached_property
    def base(self) -> int:
        """The row of strength 0."""
        return int(np.flatnonzero(self.strengths == 0)[0])

    @cached_property
    def halfwidth(self) -> Float[np.ndarray, " strengths"]:
        """How far a logit may lie from the exact one."""
        return rounding_halfwidth(self.logits.dtype, np.abs(self.logits).max(axis=1), self.rounding)

    @cached_property
    def top(self) -> Float[np.ndarray, " strengths"]:
        return self.logits.max(axis=1).astype(np.float64)

    @cached_property
    def sums(self) -> Float[np.ndarray, "strengths columns"]:
        """Sums over the vocabulary of exp(logit - top) times 1, M, and the indicators of concepts and of the rest."""
        columns = [np.ones((self.logits.shape[1], 1))]
        columns += [] if self.log_odds is None else [self.log_odds[:, None]]
        columns += (
            [] if self.concepts is None else [self.concepts.T.astype(np.float64), (~self.concepts).T.astype(float)]
        )
        weights = np.concatenate(columns, axis=1)
        sums = np.zeros((len(self.logits), weights.shape[1]))
        for columns, values in self.slices():
            sums += np.exp(values - self.top[:, None]) @ weights[columns]
        return sums

    @cached_property
    def log_normaliser(self) -> Float[np.ndarray, " strengths"]:
        return self.top + np.log(self.sums[:, 0])

    @cached_property
    def mean_logit(self) -> Float[np.ndarray, " strengths"]:
        return sum(values.sum(axis=1) for _, values in self.slices()) / self.logits.shape[1]

    def slices(self) -> Iterator[tuple[slice, Float[np.ndarray, "strengths slice"]]]:
        """The logits in float64, some columns of the vocabulary at a time."""
        for columns in slices(self.logits.shape[1]):
            yield columns, self.logits[:, columns].astype(np.float64)
