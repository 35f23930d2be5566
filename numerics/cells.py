r"""A law on far fewer tokens that tilts alike: exact tails, and Gauss quadrature for cells of nearly equal log-odds.

The vocabulary enters every law through Z(alpha) = sum_z p(z) e^{alpha M(z)} and its derivatives. With the tokens in
order of log-odds, those at both ends are kept, and each block in between (a cell: probability q, midpoint c, half-width
h) is replaced by the N-point Gauss rule of its own law, which has the cell's first 2N moments and positive weights.
What comes out is again a law with log-odds, so that every kernel runs on it unchanged. For one cell

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
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float, Int

from numerics.checks import is_concrete

POINTS = 6
TAIL, FINE, CELLS = 512, 128, 128
"""Tokens kept at each end; tokens in a cell up to rank 8 TAIL from an end; cells for all of a vocabulary beyond."""

SMALLEST_VOCAB = 2**15
CERTIFIED = 1e-16


class CompressedLaw(NamedTuple):
    """A law with its log-odds, and of each cell in it the log-probability, midpoint and half-width."""

    log_probs: Float[Array, " light"]
    log_odds: Float[Array, " light"]
    log_masses: Float[Array, " cells"]
    midpoints: Float[Array, " cells"]
    half_widths: Float[Array, " cells"]

    def mirrored(self) -> "CompressedLaw":
        """The same law with the sign of the log-odds, hence of the strength, turned."""
        return self._replace(log_odds=-self.log_odds, midpoints=-self.midpoints)


def uncompressed(log_probs: Float[Array, " vocab"], log_odds: Float[Array, " vocab"]) -> CompressedLaw:
    """A law without cells: exact at every strength."""
    none = jnp.empty(0)
    return CompressedLaw(log_probs, log_odds, log_masses=none, midpoints=none, half_widths=none)


def worth_compressing(*arrays: Float[Array, "... vocab"]) -> bool:
    """Whether the vocabulary (the last axis of the last array) is large, and at hand: certificates are looked at."""
    return is_concrete(*arrays) and arrays[-1].shape[-1] >= SMALLEST_VOCAB


def sort_tokens(log_odds: Float[Array, " vocab"]) -> Int[Array, " vocab"]:
    """Token ids by increasing log-odds: exactly at both ends, to 1/65536 of the bulk's range in between.

    Sixteen-bit keys over the range of a sample, less its extremes, make it a radix sort, ten times faster than an exact
    one. Cells need no more, and an order that is too coarse for them shows in the certificate.
    """
    odds = np.asarray(log_odds)
    sample = odds[:: max(1, odds.size // 4096)]
    lowest, highest = np.sort(sample)[[8, -9]]
    steps = 65535 / (highest - lowest) if highest > lowest else 0.0
    order = np.argsort(np.clip((odds - lowest) * steps, 0, 65535).astype(np.uint16), kind="stable")
    for end in (slice(None, 8 * TAIL), slice(-8 * TAIL, None)):
        order[end] = order[end][np.argsort(odds[order[end]])]
    return jnp.asarray(order)


@jax.jit
def compress(
    log_probs: Float[Array, " vocab"], log_odds: Float[Array, " vocab"], order: Int[Array, " vocab"]
) -> CompressedLaw:
    """The compressed law of a large vocabulary, whose tokens `order` sorts."""
    law, odds = log_probs[order], log_odds[order]
    near, far = slice(TAIL, 8 * TAIL), slice(odds.size - 8 * TAIL, odds.size - TAIL)
    bulk = slice(near.stop, far.start)
    groups = (
        _cells(jnp.concatenate([law[near], law[far]]), jnp.concatenate([odds[near], odds[far]]), FINE),
        _cells(law[bulk], odds[bulk], odds.size // CELLS),
    )
    log_weights, nodes, log_masses, midpoints, half_widths = map(jnp.concatenate, zip(*groups, strict=True))
    return CompressedLaw(
        jnp.concatenate([law[:TAIL], log_weights.ravel(), law[-TAIL:]]),
        jnp.concatenate([odds[:TAIL], nodes.ravel(), odds[-TAIL:]]),
        log_masses,
        midpoints,
        half_widths,
    )


def relative_error(law: CompressedLaw, strength: Float[Array, ""], cgf: Float[Array, ""]) -> Float[Array, ""]:
    """The certificate: a bound on the relative error of Z(alpha), given its logarithm `cgf`."""
    theta = jnp.abs(strength) * law.half_widths
    rule = jnp.minimum(1.0, 4 * (theta / 2) ** (2 * POINTS) / factorial(2 * POINTS))
    return jnp.sum(jnp.exp(law.log_masses + strength * law.midpoints + theta - cgf) * rule)


def evaluate(
    kernel: Callable[..., tuple[Float[Array, "*values strengths"], Float[Array, " strengths"]]],
    log_probs: Float[Array, " vocab"],
    log_odds: Float[Array, " vocab"],
    order: Int[Array, " vocab"],
    strengths: Float[Array, " strengths"],
) -> Float[Array, "*values strengths"]:
    """A kernel (law, log-odds, strengths) -> (values, K): on the compressed law where it is certified, else in full."""
    light = compress(log_probs, log_odds, order)
    values, cgf = kernel(light.log_probs, light.log_odds, strengths)
    uncertain = np.flatnonzero(_relative_errors(light, strengths, cgf) > CERTIFIED)
    if uncertain.size:
        uncertain = repeated(uncertain)
        values = values.at[..., uncertain].set(kernel(log_probs, log_odds, strengths[uncertain])[0])
    return values


def repeated(indices: Int[np.ndarray, " some"]) -> Int[np.ndarray, " more"]:
    """Indices with some of them repeated, up to a power of two: few sizes, few compilations."""
    return np.resize(indices, 2 ** ceil(log2(indices.size)))


_relative_errors = jax.jit(jax.vmap(relative_error, in_axes=(None, 0, 0)))


def _cells(law: Float[Array, " tokens"], log_odds: Float[Array, " tokens"], size: int):
    """Cells of `size` successive tokens: log-weights and nodes of their rules, then the fields of `CompressedLaw`."""
    padding = -law.size % size
    law = jnp.pad(law, (0, padding), constant_values=-jnp.inf).reshape(-1, size)
    log_odds = jnp.pad(log_odds, (0, padding), mode="edge").reshape(-1, size)
    lowest, highest = jnp.min(log_odds, axis=1), jnp.max(log_odds, axis=1)
    midpoints, half_widths = (lowest + highest) / 2, (highest - lowest) / 2
    places = (log_odds - midpoints[:, None]) / jnp.where(half_widths > 0, half_widths, 1)[:, None]
    log_masses = logsumexp(law, axis=1)
    shares = jnp.exp(law - jnp.where(log_masses > -jnp.inf, log_masses, 0)[:, None])
    nodes, weights = gauss_rule(places, shares)
    log_weights = log_masses[:, None] + jnp.log(weights)
    return log_weights, midpoints[:, None] + half_widths[:, None] * nodes, log_masses, midpoints, half_widths


def gauss_rule(
    places: Float[Array, "cells size"], shares: Float[Array, "cells size"]
) -> tuple[Float[Array, "cells points"], Float[Array, "cells points"]]:
    """Nodes and weights by Lanczos and Golub-Welsch: eigenvalues, and squared first components, of the Jacobi matrix.

    A cell of fewer distinct places than points ends the recurrence early; what follows has weight 0.
    """

    def lanczos(state, _):
        vector, previous, coupling = state
        image = places * vector - coupling[:, None] * previous
        diagonal = jnp.sum(image * vector, axis=1)
        image -= diagonal[:, None] * vector
        coupling = jnp.sqrt(jnp.sum(image * image, axis=1))
        following = image * jnp.where(coupling > 0, 1 / coupling, 0)[:, None]
        return (following, vector, coupling), (diagonal, coupling)

    start = jnp.sqrt(shares), jnp.zeros_like(shares), jnp.zeros_like(shares[:, 0])
    _, (diagonal, couplings) = lax.scan(lanczos, start, length=POINTS, unroll=True)
    side = jax.vmap(lambda above: jnp.diag(above, 1) + jnp.diag(above, -1))(couplings[:-1].T)
    nodes, vectors = jnp.linalg.eigh(diagonal.T[:, :, None] * jnp.eye(POINTS, dtype=shares.dtype) + side)
    return nodes, vectors[:, 0, :] ** 2
