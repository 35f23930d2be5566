r"""Where log-probabilities turn: roots of their derivative along a curve, of every token at once.

`d ell_z / d tau = s_z'(tau) - d log Z / d tau` is looked at between the points of log Z for changes of sign, and each
is then closed in on: a step costs d and the points of log Z for a root. Two roots of one token between neighbouring
points are not seen; how far its log-probability moves there is of the order of the square of their distance.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from numerics.observing.curves.bracketed import roots_between
from numerics.observing.curves.head import Head
from numerics.observing.curves.partition import Partition

AT_ONCE = 2048
"""Roots at a time."""


class Turns(NamedTuple):
    """Points of curves, in ascending order for each token: the token's id, where (an angle, or a strength), the
    log-probability there, and whether it is a maximum (1) or a minimum (-1)."""

    token: Int[np.ndarray, " turns"]
    at: Float[np.ndarray, " turns"]
    value: Float[np.ndarray, " turns"]
    kind: Int[np.ndarray, " turns"]


def turns(head: Head, partitions: Sequence[Partition], tokens: Int[np.ndarray, " tokens"]) -> Turns:
    """All roots of the derivatives of the log-probabilities of the tokens, inside the window."""
    parts = [part for partition in partitions for part in _of_piece(head, partition, tokens)]
    if not parts:
        return Turns(np.zeros(0, int), np.zeros(0), np.zeros(0), np.zeros(0, int))
    token, at, value, kind = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((at, token))
    return Turns(token[order], at[order], value[order], kind[order])


def ends(
    head: Head, partitions: Sequence[Partition], tokens: Int[np.ndarray, " tokens"]
) -> Float[np.ndarray, "2 tokens"]:
    """Log-probabilities of the tokens at the two ends of the window."""
    first, last = partitions[0], partitions[-1]
    x = np.stack([first.piece.values[0], last.piece.values[-1]])
    log = np.array([first.values.log[0], last.values.log[-1]])
    return head.logits(x, tokens) - log[:, None]


def _of_piece(head: Head, partition: Partition, tokens: Int[np.ndarray, " tokens"]) -> Iterator[Turns]:
    nodes = partition.nodes
    slopes = head.moving(*partition.piece.moving(nodes), tokens)[1] - partition.values.mean[:, None]
    rising = slopes > 0
    step, which = np.nonzero(rising[:-1] != rising[1:])
    for start in range(0, len(step), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        ids = tokens[which[some]]

        def slope_of(angles: Float[np.ndarray, " some"], some: Int[np.ndarray, " some"], ids=ids):
            return head.moving_each(*partition.piece.moving(angles), ids[some])[1] - partition.at(angles).mean

        at = roots_between(slope_of, nodes[step[some]], nodes[step[some] + 1])
        value = head.moving_each(*partition.piece.moving(at), ids)[0] - partition.at(at).log
        yield Turns(ids, at, value, np.where(rising[step[some], which[some]], 1, -1))
