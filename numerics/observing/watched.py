"""What is watched of a model's next token, chosen before any sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.arrays import ArrayLike

TOLERANCES: Mapping[str, tuple[float, float]] = {"0.001": (0.001, 0.0), "0.1": (0.1, 0.0), "5%": (0.0, 0.05)}
"""Departures, by the names they are kept under: so many nats, or a share of the curve's movement."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Watched:
    """The `tokens` (ids) whose curves are kept in full, the log-odds M of every token, and the concepts by name.

    Along with an `other_vector` its interplay with the steering vector is watched. What is not given is not observed.
    `tolerances` are the departures, by the names they are kept under, at which it is found how far out every token's
    curve is a bump: so many nats, and a share of the curve's movement.
    """

    tokens: Int[ArrayLike, " tokens"] | Sequence[int] = ()
    log_odds: Float[ArrayLike, " vocab"] | None = None
    concepts: Bool[ArrayLike, "concepts vocab"] | None = None
    concept_names: Sequence[str] = ()
    other_vector: Float[ArrayLike, "..."] | None = None
    tolerances: Mapping[str, tuple[float, float]] = field(default_factory=lambda: TOLERANCES)

    @cached_property
    def ids(self) -> Int[np.ndarray, " tokens"]:
        """The tokens, ascending, without repeats."""
        return np.unique(np.asarray(self.tokens, np.int64))

    @cached_property
    def odds(self) -> Float[np.ndarray, " vocab"] | None:
        """The log-odds in float64."""
        return None if self.log_odds is None else np.asarray(self.log_odds, np.float64)

    @cached_property
    def masks(self) -> Bool[np.ndarray, "concepts vocab"] | None:
        """The members of each concept."""
        return None if self.concepts is None else np.atleast_2d(np.asarray(self.concepts, bool))

    @cached_property
    def names(self) -> list[str]:
        """Of the concepts, numbers where none are given."""
        count = 0 if self.masks is None else len(self.masks)
        return list(self.concept_names or (f"concept {n}" for n in range(count)))


def choose_tokens(
    log_probs: Float[ArrayLike, "contexts vocab"],
    log_odds: Float[ArrayLike, " vocab"],
    concepts: Bool[ArrayLike, "concepts vocab"] | None = None,
    k: int = 8,
) -> Int[np.ndarray, " tokens"]:
    """Ids of tokens to watch, chosen from the unsteered model alone: at most 4k, ascending, without repeats.

    The k most probable (mean probability over contexts), the k of largest and of smallest log-odds, and the k most
    probable of the target concept (the first row of `concepts`).
    """
    mass = np.exp(np.atleast_2d(np.asarray(log_probs, np.float64))).mean(axis=0)
    odds = np.asarray(log_odds, np.float64)
    rankings = [mass, odds, -odds]
    if concepts is not None:
        rankings.append(np.where(np.atleast_2d(np.asarray(concepts, bool))[0], mass, -1.0))
    return np.unique(np.concatenate([leading(ranking, k) for ranking in rankings]))


def leading(values: Float[np.ndarray, " vocab"], k: int) -> Int[np.ndarray, " leading"]:
    """The places of the k largest values; of equal ones the first."""
    return np.argsort(-values, kind="stable")[:k] if k < values.size else np.arange(values.size)
