r"""The one function of the angle that all tokens share: `log Z(tau) = log sum_y exp(s_y)`, and its derivative.

Given it, the log-probability of any token is `s_z(tau) - log Z(tau)`, one small product. It is interpolated on each
piece of a curve in Chebyshev points of its own, as many as it needs: where the leading token changes it bends on the
scale of the logits, far more sharply than x.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from numerics.observing.curves import chebyshev
from numerics.observing.curves.head import Head
from numerics.observing.curves.pieces import Piece, nodes_between
from numerics.observing.curves.reading import Moving, Normaliser, normaliser

FINE = 1e-9
"""How well the derivative is interpolated, relative to its largest value."""

LARGEST = 2049
"""Most points in one piece."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Partition:
    """`log Z` and `d log Z / d tau` at Chebyshev points of one piece, whose values are here in float64."""

    piece: Piece
    values: Normaliser

    @property
    def nodes(self) -> Float[np.ndarray, " n"]:
        """The angles of the points."""
        return nodes_between(self.piece.low, self.piece.high, len(self.values.log))

    def at(self, angles: Float[np.ndarray, " at"]) -> Normaliser:
        """Both at any angles of the piece."""
        matrix = chebyshev.interpolation(len(self.values.log), self.piece.place(angles))
        return Normaliser(*(matrix @ each for each in self.values))


def partitions(head: Head, pieces: Sequence[Piece]) -> tuple[Partition, ...]:
    """One a piece: points are doubled until the derivative between them is where it was expected."""
    return tuple(_partition(head, piece.widened()) for piece in pieces)


def _partition(head: Head, piece: Piece) -> Partition:
    def found(angles: Float[np.ndarray, " at"]) -> Normaliser:
        return normaliser(head, Moving(*piece.moving(angles)))

    values = found(piece.nodes)
    while (n := 2 * len(values.log) - 1) <= LARGEST:
        new = found(nodes_between(piece.low, piece.high, n)[1::2])
        expected = Partition(piece=piece, values=values).at(nodes_between(piece.low, piece.high, n)[1::2])
        values = Normaliser(*(_merged(old, between) for old, between in zip(values, new, strict=True)))
        if np.abs(expected.mean - new.mean).max() <= FINE * np.abs(values.mean).max():
            break
    return Partition(piece=piece, values=values)


def _merged(old: Float[np.ndarray, " n"], between: Float[np.ndarray, " m"]) -> Float[np.ndarray, " n+m"]:
    values = np.empty(len(old) + len(between))
    values[::2], values[1::2] = old, between
    return values
