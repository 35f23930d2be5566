r"""A distribution on far fewer tokens that tilts alike: exact tails, Gauss quadrature for cells of like log-odds.

The vocabulary enters every law through Z(alpha) = sum_z p(z) e^{alpha M(z)} and its derivatives. With the tokens in
order of log-odds, those at both ends are kept, and each run in between (a cell: probability q, midpoint c, half-width
h) is replaced by the N-point Gauss rule of its own distribution, which has the cell's first 2N moments and positive
weights. What comes out is again a distribution with log-odds, so that every kernel runs on it unchanged. For one cell

    |sum_cell p e^{alpha M} - rule| <= q e^{alpha c + theta} min(1, 4 (theta/2)^{2N}/(2N)!),    theta = |alpha| h

by the error term of Gauss quadrature with the least monic polynomial, Chebyshev's; and neither sum can exceed q times
the largest exponential. Added over the cells and divided by Z, this certifies a strength at run time: for a small one
the cells are narrow, for a large one the tails outweigh them.
"""

from collections.abc import Callable
from math import ceil, factorial, log2
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from numerics.checks import is_concrete

POINTS = 7
TAIL, SPLIT = 256, 4
"""Tokens kept at each end; cells in an octave of ranks, counted from the nearer end."""

EXACT = 4096
"""Tokens at each end whose order is exact."""

SMALLEST_VOCAB = 2**15
CERTIFIED = 1e-16


class CompressedDistribution(NamedTuple):
    """A distribution with its log-odds, and of each cell in it the log-probability, midpoint and half-width."""

    log_probs: Float[Array, " light"]
    log_odds: Float[Array, " light"]
    log_masses: Float[Array, " cells"]
    midpoints: Float[Array, " cells"]
    half_widths: Float[Array, " cells"]

    def mirrored(self) -> "CompressedDistribution":
        """The same distribution with the sign of the log-odds, hence of the strength, turned."""
        return self._replace(log_odds=-self.log_odds, midpoints=-self.midpoints)


class Recurrence(NamedTuple):
    """Of the monic orthogonal polynomials of each cell: q_{n+1} = (t - centre_n) q_n - ratio_n q_{n-1}."""

    centres: Float[Array, "cells points"]
    ratios: Float[Array, "cells points-1"]


def uncompressed(log_probs: Float[Array, " vocab"], log_odds: Float[Array, " vocab"]) -> CompressedDistribution:
    """A distribution without cells: exact at every strength."""
    none = jnp.empty(0)
    return CompressedDistribution(log_probs, log_odds, log_masses=none, midpoints=none, half_widths=none)


def worth_compressing(*arrays: Float[Array, "... vocab"]) -> bool:
    """Whether the vocabulary (the last axis of the last array) is large, and at hand: certificates are looked at."""
    return is_concrete(*arrays) and arrays[-1].shape[-1] >= SMALLEST_VOCAB


class Group(NamedTuple):
    """Cells of `size` tokens each, in sorted order, that start at these ranks."""

    starts: Int[np.ndarray, " cells"]
    size: int

    def rows(self, values: Float[Array, " vocab"]) -> Float[Array, "cells size"]:
        """What belongs to each cell: runs of adjoining cells are slices, which cost less than a gather."""
        runs = np.split(self.starts, np.flatnonzero(np.diff(self.starts) != self.size) + 1)
        return jnp.concatenate([values[run[0] : run[-1] + self.size].reshape(-1, self.size) for run in runs])


def cell_groups(vocab: int) -> tuple[list[Group], list[slice]]:
    """Cells by size, and the ranks that are kept.

    The ranks from TAIL 2^k to TAIL 2^{k+1}, counted from either end, make a group, and so does the rest: cells
    grow as log-odds crowd. Kept are both ends, and the few tokens that do not fill a cell of the middle group.
    """
    groups, start = [], TAIL
    while 4 * start <= vocab // 2:
        near = np.arange(start, 2 * start, start // SPLIT)
        groups.append(Group(np.concatenate([near, vocab - near[::-1] - start // SPLIT]), start // SPLIT))
        start *= 2
    cells = SPLIT * (vocab - 2 * start) // start
    size = (vocab - 2 * start) // cells
    groups.append(Group(start + size * np.arange(cells), size))
    return groups, [slice(0, TAIL), slice(start + cells * size, vocab - start), slice(vocab - TAIL, vocab)]


def sort_tokens(log_odds: Float[Array, " vocab"]) -> Int[Array, " vocab"]:
    """Token ids by increasing log-odds: exactly at both ends, to 1/65536 of the bulk's range in between.

    Sixteen-bit keys over the range of a sample, less its extremes, make it a radix sort, ten times faster than an exact
    one. Cells need no more, and an order that is too coarse for them shows in the certificate. The host sorts, whatever
    device holds the log-odds.
    """
    odds = np.asarray(log_odds)
    sample = np.sort(odds[:: max(1, odds.size // 4096)])
    order = np.argsort(np.asarray(_keys(log_odds, sample[8], sample[-9])), kind="stable")
    for end in (slice(None, EXACT), slice(-EXACT, None)):
        order[end] = order[end][np.argsort(odds[order[end]])]
    return jnp.asarray(order)


@jax.jit
def _keys(log_odds, lowest, highest):
    steps = jnp.where(highest > lowest, 65535 / (highest - lowest), 0)
    return jnp.clip((log_odds - lowest) * steps, 0, 65535).astype(jnp.uint16)


@jax.jit
def compress(
    log_probs: Float[Array, " vocab"], log_odds: Float[Array, " vocab"], order: Int[Array, " vocab"]
) -> CompressedDistribution:
    """The compressed distribution of a large vocabulary, whose tokens `order` sorts."""
    # the barriers keep XLA from gathering, and exponentiating, anew wherever tokens are used
    distribution, odds = lax.optimization_barrier((log_probs[order], log_odds[order]))
    groups, kept = cell_groups(odds.size)
    tokens, cells = zip(*(_placed(group.rows(distribution), group.rows(odds)) for group in groups), strict=True)
    log_masses, midpoints, half_widths = jax.tree.map(lambda *parts: jnp.concatenate(parts), *cells)
    pieces = [recurrences(*group) for group in lax.optimization_barrier(tokens)]
    nodes, weights = gauss_rules(jax.tree.map(lambda *parts: jnp.concatenate(parts), *pieces))
    log_weights, nodes = log_masses[:, None] + jnp.log(weights), midpoints[:, None] + half_widths[:, None] * nodes
    return CompressedDistribution(
        jnp.concatenate([*(distribution[ranks] for ranks in kept), log_weights.ravel()]),
        jnp.concatenate([*(odds[ranks] for ranks in kept), nodes.ravel()]),
        log_masses,
        midpoints,
        half_widths,
    )


def relative_error(
    distribution: CompressedDistribution, strength: Float[Array, ""], cgf: Float[Array, ""]
) -> Float[Array, ""]:
    """The certificate: a bound on the relative error of Z(alpha), given its logarithm `cgf`."""
    theta = jnp.abs(strength) * distribution.half_widths
    rule = jnp.minimum(1.0, 4 * (theta / 2) ** (2 * POINTS) / factorial(2 * POINTS))
    return jnp.sum(jnp.exp(distribution.log_masses + strength * distribution.midpoints + theta - cgf) * rule)


def evaluate(
    kernel: Callable[..., tuple[Float[Array, "*values strengths"], Float[Array, " strengths"]]],
    log_probs: Float[Array, " vocab"],
    log_odds: Float[Array, " vocab"],
    order: Int[Array, " vocab"],
    strengths: Float[Array, " strengths"],
) -> Float[Array, "*values strengths"]:
    """A kernel (log-probs, log-odds, strengths) -> (values, K): on the compressed distribution, in full if in doubt."""
    light = compress(log_probs, log_odds, order)
    values, cgf = kernel(light.log_probs, light.log_odds, strengths)
    uncertain = np.flatnonzero(np.asarray(_relative_errors(light, strengths, cgf)) > CERTIFIED)
    if uncertain.size:
        uncertain = repeated(uncertain)
        values = values.at[..., uncertain].set(kernel(log_probs, log_odds, strengths[uncertain])[0])
    return values


def repeated(indices: Int[np.ndarray, " some"]) -> Int[np.ndarray, " more"]:
    """Indices with some of them repeated, up to a power of two: few sizes, few compilations."""
    return np.resize(indices, 2 ** ceil(log2(indices.size)))


_relative_errors = jax.jit(jax.vmap(relative_error, in_axes=(None, 0, 0)))


def _placed(log_probs: Float[Array, "cells size"], log_odds: Float[Array, "cells size"]):
    """Places in [-1, 1] and weights of the tokens of cells, one a row; log-masses, midpoints and half-widths."""
    lowest, highest = jnp.min(log_odds, axis=1), jnp.max(log_odds, axis=1)
    midpoints, half_widths = (lowest + highest) / 2, (highest - lowest) / 2
    places = (log_odds - midpoints[:, None]) / jnp.where(half_widths > 0, half_widths, 1)[:, None]
    top = jnp.maximum(jnp.max(log_probs, axis=1), jnp.finfo(log_probs.dtype).min)  # finite even if no token occurs
    weights = jnp.exp(log_probs - top[:, None])
    return (places, weights), (top + jnp.log(jnp.sum(weights, axis=1)), midpoints, half_widths)


def recurrences(places: Float[Array, "cells size"], weights: Float[Array, "cells size"]) -> Recurrence:
    """By Stieltjes' procedure: sums over the cell of its weights times squares of its monic orthogonal polynomials.

    A cell of fewer distinct places than points ends the recurrence early, with a ratio of 0.
    """
    polynomial, previous = jnp.ones_like(places), jnp.zeros_like(places)
    norm, centres, ratios = jnp.zeros_like(places[:, 0]), [], []
    for _ in range(POINTS):
        squares = weights * polynomial * polynomial
        before, norm = norm, jnp.sum(squares, axis=1)
        centres.append(jnp.sum(places * squares, axis=1) / jnp.where(norm > 0, norm, 1))
        ratios.append(norm / jnp.where(before > 0, before, jnp.inf))
        following = (places - centres[-1][:, None]) * polynomial - ratios[-1][:, None] * previous
        polynomial, previous = following, polynomial
    return Recurrence(jnp.stack(centres, axis=1), jnp.stack(ratios[1:], axis=1))


def gauss_rules(recurrence: Recurrence) -> tuple[Float[Array, "cells points"], Float[Array, "cells points"]]:
    """Nodes and weights by Golub-Welsch: eigenvalues, and squared first components, of the Jacobi matrices."""
    couplings = jnp.sqrt(recurrence.ratios)
    side = jax.vmap(lambda above: jnp.diag(above, 1) + jnp.diag(above, -1))(couplings)
    nodes, vectors = jnp.linalg.eigh(jax.vmap(jnp.diag)(recurrence.centres) + side)
    return nodes, vectors[:, 0, :] ** 2
