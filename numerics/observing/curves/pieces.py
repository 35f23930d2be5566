"""A piece of a curve: the polynomial through values at Chebyshev points of an interval of angles."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from numerics.observing.curves import chebyshev


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """The polynomial through `values [n, d]` at the n angles `nodes`, from angle `low` to angle `high`.

    `error` is how far the log-probabilities, or logits, that follow from it may be off (rounding of the model aside);
    `resolved` is whether that is within what was asked for, or but rounding that no further nodes would lower.
    """

    low: float
    high: float
    values: Float[np.ndarray, "n d"] = field(repr=False)
    error: float = np.inf
    resolved: bool = False

    @property
    def degree(self) -> int:
        """n - 1."""
        return len(self.values) - 1

    @property
    def half(self) -> float:
        """Half the interval's length: `d tau / d t`."""
        return (self.high - self.low) / 2

    @property
    def nodes(self) -> Float[np.ndarray, " n"]:
        """The angles at which the model was evaluated."""
        return nodes_between(self.low, self.high, len(self.values))

    def at(self, angles: Float[np.ndarray, " at"]) -> Float[np.ndarray, "at d"]:
        """x at angles of the interval, in the dtype of the values."""
        return (self._matrix(angles) @ self._wide).astype(self.values.dtype)

    def moving(self, angles: Float[np.ndarray, " at"]) -> tuple[Float[np.ndarray, "at d"], Float[np.ndarray, "at d"]]:
        """x, and `dx / d tau`."""
        matrix, dtype = self._matrix(angles), self.values.dtype
        return (matrix @ self._wide).astype(dtype), (matrix @ self._derivatives).astype(dtype)

    @cached_property
    def _derivatives(self) -> Float[np.ndarray, "n d"]:
        return chebyshev.differentiation(len(self.values)) @ self._wide / self.half

    @cached_property
    def _wide(self) -> Float[np.ndarray, "n d"]:
        return self.values.astype(np.float64)

    def widened(self) -> "Piece":
        """The same in float64."""
        return replace(self, values=self.values.astype(np.float64))

    def place(self, angles: Float[np.ndarray, " at"]) -> Float[np.ndarray, " at"]:
        """t in [-1, 1]."""
        return np.clip((angles - self.low) / self.half - 1, -1, 1)

    def _matrix(self, angles: Float[np.ndarray, " at"]) -> Float[np.ndarray, "at n"]:
        return chebyshev.interpolation(len(self.values), self.place(angles))


def nodes_between(low: float, high: float, n: int) -> Float[np.ndarray, " n"]:
    """Chebyshev points of an interval; the two ends are its own to the last bit."""
    nodes = (low + high) / 2 + (high - low) / 2 * chebyshev.points(n)
    nodes[[0, -1]] = low, high
    return nodes


def piece_of(pieces: Sequence[Piece], angles: Float[np.ndarray, " at"]) -> np.ndarray:
    """The number of the piece that each angle lies in; pieces ascend, and each begins where the one before ends."""
    return np.searchsorted([piece.low for piece in pieces[1:]], angles, side="right")
