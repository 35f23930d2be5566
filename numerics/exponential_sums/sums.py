r"""Exponential sums of many weightings of one vocabulary at many strengths, as two matrix products.

    S_j(alpha) = sum_z w_j(z) f_alpha(M(z)),    f_alpha(m) = (m - c)^n e^{alpha m},    w_j >= 0

Contexts, concepts and entropies all tilt along the same log-odds, and differ only in their weights. With the tokens in
order of log-odds, those at both ends are kept; within each cell in between (midpoint c, half-width h, weight q)
f_alpha is replaced by its interpolant at N Chebyshev points. A weighting then enters only through its light weights,
one for each token kept and each point, and these are linear in it: the first product. The second is with the table of
f_alpha at those places. Light weights may be negative, but sum in size to at most 1 + (2/pi) log N times the weight, so
little is lost to rounding. By the remainder of interpolation, for one cell and f = e^{alpha m},

    |sum_cell w e^{alpha M} - rule| <= q e^{alpha c + theta} min(4, 2 (theta/2)^N/N!),    theta = |alpha| h

Added over the cells and divided by S_j(alpha), this certifies a weighting at a strength at run time.
"""

from collections.abc import Callable
from functools import partial
from math import factorial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from numerics.exponential_sums.cells import Group, cell_groups, repeated, sort_tokens, worth_compressing
from numerics.exponential_sums.tilted import cumulants_of_moments, favoured_by, tilted_moments

POINTS = 16

BLOCK_ELEMENTS, TABLE_ELEMENTS = 2**21, 2**18
"""Elements of a chunk of weightings and of a table of exponentials: 16 and 2 MiB in float64."""


class Places(NamedTuple):
    """What the log-odds of a vocabulary alone determine: its order, the log-odds of what is kept, and its cells.

    `in_cells` says where in [-1, 1] each token lies in its cell, a group of cells an array.
    """

    order: Int[Array, " vocab"]
    log_odds: Float[Array, " light"]
    midpoints: Float[Array, " cells"]
    half_widths: Float[Array, " cells"]
    in_cells: list[Float[Array, "cells size"]]


class Light(NamedTuple):
    """Weightings on the few places that stand for a vocabulary, and their weight in each cell."""

    weights: Float[Array, "rows light"]
    cells: Float[Array, "rows cells"]


def places(log_odds: Float[Array, " vocab"]) -> Places:
    """Places for a large vocabulary."""
    order = sort_tokens(log_odds)
    return Places(order, *_places(_sorted(log_odds[None], order)[0]))


@jax.jit
def _places(odds: Float[Array, " vocab"]):
    groups, kept = cell_groups(odds.size)
    midpoints, half_widths, in_cells = zip(*(_cells(group.rows(odds)) for group in groups), strict=True)
    midpoints, half_widths = jnp.concatenate(midpoints), jnp.concatenate(half_widths)
    nodes = midpoints[:, None] + half_widths[:, None] * jnp.cos(_angles()).astype(odds.dtype)
    log_odds = jnp.concatenate([*(odds[ranks] for ranks in kept), nodes.ravel()])
    return log_odds, midpoints, half_widths, list(in_cells)


def _cells(log_odds: Float[Array, "cells size"]):
    """Midpoints, half-widths, and where in [-1, 1] each token lies."""
    lowest, highest = jnp.min(log_odds, axis=1), jnp.max(log_odds, axis=1)
    midpoints, half_widths = (lowest + highest) / 2, (highest - lowest) / 2
    in_cells = (log_odds - midpoints[:, None]) / jnp.where(half_widths > 0, half_widths, 1)[:, None]
    return midpoints, half_widths, jnp.clip(in_cells, -1, 1)


def _angles() -> Float[Array, " points"]:
    return (jnp.arange(POINTS) + 0.5) * jnp.pi / POINTS


def lighten(weights: Float[Array, "rows vocab"], where: Places) -> Light:
    """Light weights, with weights >= 0 in the tokens' own order."""
    return _lighten(_sorted(weights, where.order), where)


@jax.jit
def _sorted(weights, order):  # compiled apart: XLA would otherwise compute what made the weights a token at a time
    return lax.map(lambda row: row[order], weights)


@jax.jit
def _lighten(weights: Float[Array, "rows vocab"], where: Places) -> Light:
    groups, kept = cell_groups(where.order.size)
    in_groups = zip(groups, where.in_cells, strict=True)
    moments = jnp.concatenate([_moments(weights, group, t) for group, t in in_groups])
    r = jnp.arange(POINTS)
    scale = jnp.where(r == 0, 1, 2) / POINTS
    to_points = (scale * jnp.cos(_angles()[:, None] * r)).astype(weights.dtype)
    at_points = jnp.einsum("crj,kr->jck", moments, to_points).reshape(weights.shape[0], -1)
    return Light(jnp.concatenate([*(weights[:, ranks] for ranks in kept), at_points], axis=1), moments[:, 0].T)


def _moments(
    weights: Float[Array, "rows vocab"], group: Group, in_cells: Float[Array, "cells size"]
) -> Float[Array, "cells points rows"]:
    """sum_z w_j(z) T_r(t(z)) in each cell. Chebyshev polynomials T_r are formed a cell at a time, and forgotten."""

    def in_cell(cell):
        start, t = cell
        polynomials = [jnp.ones_like(t), t]
        while len(polynomials) < POINTS:
            polynomials.append(2 * t * polynomials[-1] - polynomials[-2])
        return jnp.stack(polynomials) @ lax.dynamic_slice_in_dim(weights, start, group.size, axis=1).T

    return lax.map(in_cell, (jnp.asarray(group.starts), in_cells))


def log_sums(
    log_weights: Callable[[slice], Float[Array, "rows vocab"]],
    n_rows: int,
    log_odds: Float[Array, " vocab"],
    strengths: Float[Array, " strengths"],
    order: int = 0,
) -> tuple[Float[Array, "{order}+1 rows strengths"], Float[Array, " rows"]]:
    """K(alpha) = log sum_z w_j(z) e^{alpha M(z)} and its derivatives, and sum_z w_j(z), of any number of weightings.

    `log_weights` makes the logarithms of some rows of them; a chunk is at hand at a time. A small vocabulary is
    streamed, and so is what has no certificate.
    """
    step = max(1, BLOCK_ELEMENTS // log_odds.size)
    chunks = [slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step)]
    if not worth_compressing(strengths, log_odds) or strengths.size == 0:
        rows = [log_weights(chunk) for chunk in chunks]
        values = [tilted_moments(row, log_odds, strengths, order) for row in rows]
        return jnp.concatenate(values, axis=1), jnp.concatenate([_weights(row)[1] for row in rows])
    where = places(log_odds)
    lights, totals = [], []
    for chunk in chunks:
        weights, total = _weights(log_weights(chunk))
        lights.append(lighten(weights, where))
        totals.append(total)
    values, certified = _tilted_sums(Light(*map(jnp.concatenate, zip(*lights, strict=True))), where, strengths, order)
    open_ = ~np.asarray(certified)
    for row in np.flatnonzero(open_.any(axis=1)):
        some = repeated(np.flatnonzero(open_[row]))
        streamed = tilted_moments(log_weights(slice(row, row + 1))[0], log_odds, strengths[some], order)
        values = values.at[:, row, some].set(streamed)
    return values, jnp.concatenate(totals)


@jax.jit
def _weights(log_weights):
    weights = jnp.exp(log_weights)
    return weights, jnp.sum(weights, axis=-1, dtype=jnp.float64)


def _tilted_sums(
    light: Light, where: Places, strengths: Float[Array, " strengths"], order: int
) -> tuple[Float[Array, "{order}+1 rows strengths"], Bool[Array, "rows strengths"]]:
    """K and its derivatives, and which of them are certified, a table of exponentials at a time."""
    step = max(1, TABLE_ELEMENTS // where.log_odds.size)
    chunks = [
        _tilted_sums_at(light, where, strengths[start : start + step], order)
        for start in range(0, strengths.size, step)
    ]
    values, certified = zip(*chunks, strict=True)
    return jnp.concatenate(values, axis=-1), jnp.concatenate(certified, axis=-1)


@partial(jax.jit, static_argnames="order")
def _tilted_sums_at(light, where, strengths, order):
    favoured = favoured_by(where.log_odds)(strengths)
    gaps = where.log_odds[:, None] - favoured
    table = jnp.exp(strengths * gaps)
    mass = light.weights @ table
    values = [jnp.log(mass) + strengths * favoured]
    if order:
        centre = jnp.sum(light.weights @ (table * gaps), axis=0) / jnp.sum(mass, axis=0)
        deviations, moments = gaps - centre, []
        for _ in range(order):
            table = table * deviations
            moments.append(light.weights @ table / mass)
        values += cumulants_of_moments(centre + favoured, moments)
    return jnp.stack(values), _certified(light, where, strengths, favoured, mass)


def _certified(light, where, strengths, favoured, mass) -> Bool[Array, "rows strengths"]:
    """Whether the error is below half a unit of rounding, and nothing that matters has underflowed."""
    numbers = jnp.finfo(mass.dtype)
    theta = jnp.abs(strengths) * where.half_widths[:, None]
    rule = jnp.minimum(4.0, 2 * (theta / 2) ** POINTS / factorial(POINTS))
    largest = jnp.exp(strengths * (where.midpoints[:, None] - favoured) + theta)
    error = light.cells @ (largest * rule)
    return (error <= numbers.eps / 2 * mass) & (mass >= numbers.tiny / numbers.eps * where.order.size)
