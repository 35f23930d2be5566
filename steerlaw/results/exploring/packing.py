r"""A curve packed to travel: half precision of all tokens, or single precision of some; what that costs is measured.

A curve is `x(tau)` in R^d by its values at Chebyshev nodes, and every token's log-probability is
`W x(tau) - log sum exp(W x(tau))`. `in_halves` keeps the nodes in half precision, to go with W in half precision:
2 (V d + n d) bytes know every token at every strength. Where W is too large, `in_table` interpolates instead the
log-probabilities themselves, of some tokens, at as many nodes as they need, and behind them KL(p_alpha, p) and, of each
prediction, `log sum exp(log p + alpha M)`, which no reader could sum over the tokens that are not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.special import log_softmax, logsumexp

from numerics.observing.curves import reading
from numerics.observing.curves.pieces import Piece, nodes_between
from steerlaw.results.exploring.explored import Explored

HALF, SINGLE = np.dtype("<f2"), np.dtype("<f4")
MOST_NODES = 513
"""Nodes a piece of a table may take."""
CLOSE = 1e-3
"""Nats within which a table is interpolated, where that many nodes do."""
LIKELY = 32
"""Tokens a table holds of the likeliest: of the unsteered model's, and of those at each end of the window."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PackedPiece:
    """Values at the Chebyshev nodes of the angles from `low` to `high`."""

    low: float
    high: float
    values: Float[np.ndarray, "n columns"] = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Packed:
    """A curve as a page carries it: `tokens` None is all of them, by the unembedding; else the table's columns.

    `error` is the largest distance of a log-probability from the curve's own, measured between and at the nodes.
    """

    explored: Explored
    pieces: tuple[PackedPiece, ...]
    tokens: tuple[int, ...] | None
    error: float


def halves_of_head(explored: Explored) -> Float[np.ndarray, "vocab d"] | None:
    """W in half precision, less its divisor; None if half precision has no room for it, or the curve has none."""
    table = explored.curve.head.table
    if table is None:
        return None
    with np.errstate(over="ignore"):
        halves = (np.asarray(table, np.float32) / explored.curve.head.divisor).astype(HALF)
    return halves if np.isfinite(halves).all() else None


def in_halves(explored: Explored, unembedding: Float[np.ndarray, "vocab d"]) -> Packed | None:
    """Every token at every strength; None if the nodes' values leave the range of half precision."""
    curve = explored.curve
    with np.errstate(over="ignore"):
        pieces = [PackedPiece(low=p.low, high=p.high, values=p.values.astype(HALF)) for p in curve.pieces]
    if not all(np.isfinite(piece.values).all() for piece in pieces):
        return None
    error, wide = 0.0, unembedding.astype(np.float64)
    for piece, small in zip(curve.pieces, pieces, strict=True):
        angles = nodes_between(piece.low, piece.high, 2 * len(piece.values) - 1)
        exact = reading.log_probs(curve.head, piece.widened().at(angles), slice(None))
        stored = Piece(low=piece.low, high=piece.high, values=small.values.astype(np.float64)).at(angles) @ wide.T
        cap = curve.head.cap
        rounded = log_softmax(stored if cap is None else cap * np.tanh(stored / cap), axis=1)
        error = max(error, float(np.abs(rounded - exact).max()))
    return Packed(explored=explored, pieces=tuple(pieces), tokens=None, error=error)


def in_table(explored: Explored) -> Packed:
    """Some tokens at every strength: those watched, those to be shown, and the likeliest at 0 and at either end."""
    curve = explored.curve
    base, ends = explored.log_probs, [curve.pieces[0].values[:1], curve.pieces[-1].values[-1:]]
    likely = [base, *(curve.head.logits(x, slice(None))[0] for x in ends)]
    chosen = [np.argsort(-values, kind="stable")[:LIKELY].tolist() for values in likely]
    tokens = tuple(dict.fromkeys([*explored.shown, *explored.watched, *(t for some in chosen for t in some)]))
    pieces, error = [], 0.0
    for piece in curve.pieces:
        packed, missed = _table_of(explored, piece, tokens)
        pieces.append(packed)
        error = max(error, missed)
    return Packed(explored=explored, pieces=tuple(pieces), tokens=tokens, error=error)


def _table_of(explored: Explored, piece: Piece, tokens: Sequence[int]) -> tuple[PackedPiece, float]:
    """Nodes are doubled until what lies halfway between them is known within `CLOSE`."""
    n = 2 * len(piece.values) - 1
    known = _columns(explored, piece, nodes_between(piece.low, piece.high, n), tokens)
    while True:
        values = known.astype(SINGLE)
        between = nodes_between(piece.low, piece.high, 2 * n - 1)[1::2]
        exact = _columns(explored, piece, between, tokens)
        told = Piece(low=piece.low, high=piece.high, values=values.astype(np.float64)).at(between)
        missed = float(np.abs(told - exact).max())
        if missed <= CLOSE or 2 * n - 1 > MOST_NODES:
            return PackedPiece(low=piece.low, high=piece.high, values=values), missed
        finer = np.empty((2 * n - 1, known.shape[1]))
        finer[::2], finer[1::2] = known, exact
        n, known = 2 * n - 1, finer


def _columns(
    explored: Explored, piece: Piece, angles: Float[np.ndarray, " at"], tokens: Sequence[int]
) -> Float[np.ndarray, "at columns"]:
    """Log-probabilities of the tokens, KL(p_alpha, p), sums of predictions; never a table of the whole vocabulary."""
    curve, x = explored.curve, piece.at(angles)
    strengths = np.clip(curve.map.strength(angles), *curve.window)
    sums = [
        np.array([float(np.asarray(logsumexp(explored.log_probs + alpha * odds))) for alpha in strengths])
        for odds in explored.predictions.values()
    ]
    spent = reading.divergence(curve.head, x, curve.normed([0.0]))
    return np.column_stack([reading.log_probs(curve.head, x, np.array(tokens)), spent, *sums])
