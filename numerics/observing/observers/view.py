"""One context's logits over all strengths, and what every observer of them needs.

Log-probabilities are float64 whatever the logits' dtype; the band remembers how far the logits themselves may be off.
With logits within h of exact ones, but for a shift that all tokens share, log-probabilities and their differences are
within 2h, and the mean log-odds within h (M_max - M_min).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.observing.slices import Tokens, slices

Slopes = tuple[Float[np.ndarray, "strengths tokens"], Float[np.ndarray, " strengths"]]
"""Derivatives of log-probabilities, and how far they may be off."""

Sloped = Callable[[Float[np.ndarray, " strengths"], Tokens], Slopes]


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """Logits of one context: of whichever tokens `columns` is asked for, `[strengths, tokens]`, within `halfwidth`.

    `slopes` gives derivatives of log-probabilities at any strengths of the window, where they can be had; `exact` gives
    those of the model itself, where `slopes` are an interpolant's. `tokens` are those observed in full, 0 is among the
    strengths.
    """

    strengths: Float[np.ndarray, " strengths"]
    vocab_size: int
    columns: Callable[[Tokens], Float[np.ndarray, "strengths columns"]]
    halfwidth: Float[np.ndarray, " strengths"]
    dtype: str
    tokens: Int[np.ndarray, " tokens"]
    log_odds: Float[np.ndarray, " vocab"] | None
    concepts: Bool[np.ndarray, "concepts vocab"] | None
    slopes: Sloped | None = None
    exact: Sloped | None = None

    @cached_property
    def base(self) -> int:
        """The row of strength 0."""
        return int(np.flatnonzero(self.strengths == 0)[0])

    @cached_property
    def unsteered(self) -> Float[np.ndarray, " vocab"]:
        """The logits at strength 0."""
        return np.concatenate([values[self.base] for _, values in self.slices()])

    @cached_property
    def top(self) -> Float[np.ndarray, " strengths"]:
        """The largest logit."""
        return np.max([values.max(axis=1) for _, values in self.slices()], axis=0)

    @cached_property
    def sums(self) -> Float[np.ndarray, "strengths columns"]:
        """Sums over the vocabulary of exp(logit - top) times 1, M, and the indicators of concepts and of the rest."""
        columns = [np.ones((self.vocab_size, 1))]
        columns += [] if self.log_odds is None else [self.log_odds[:, None]]
        columns += (
            [] if self.concepts is None else [self.concepts.T.astype(np.float64), (~self.concepts).T.astype(float)]
        )
        weights = np.concatenate(columns, axis=1)
        sums = np.zeros((len(self.strengths), weights.shape[1]))
        for columns, values in self.slices():
            sums += np.exp(values - self.top[:, None]) @ weights[columns]
        return sums

    @cached_property
    def log_normaliser(self) -> Float[np.ndarray, " strengths"]:
        return self.top + np.log(self.sums[:, 0])

    @cached_property
    def mean_logit(self) -> Float[np.ndarray, " strengths"]:
        return np.sum([values.sum(axis=1) for _, values in self.slices()], axis=0) / self.vocab_size

    def of(self, tokens: Tokens) -> Float[np.ndarray, "strengths tokens"]:
        """The logits of some tokens, in float64."""
        return self.columns(tokens).astype(np.float64)

    def slices(self) -> Iterator[tuple[slice, Float[np.ndarray, "strengths slice"]]]:
        """The logits in float64, some columns of the vocabulary at a time."""
        for columns in slices(self.vocab_size):
            yield columns, self.of(columns)
