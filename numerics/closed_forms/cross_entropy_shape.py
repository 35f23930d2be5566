"""The shape of the cross-entropy law: slope and curvature at 0, its one minimum, its tails and its bounds."""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float, Int

from numerics.arrays import ArrayLike
from numerics.checks import checked_log_odds, checked_log_probs, checked_strengths, sliceable
from numerics.closed_forms.cross_entropy import (
    checked_data,
    checked_weights,
    cross_entropy_change,
    groups_of,
    mean_log_odds,
    table_shape,
)
from numerics.exponential_sums.tilted import tilted_moments

MAX_STEPS, SETTLED = 200, 1e-14
"""Newton steps, and the relative size of the last one."""


class Line(NamedTuple):
    """intercept + slope alpha, in nats."""

    slope: float
    intercept: float


class CrossEntropyShape(NamedTuple):
    """Of dCE(alpha): slope and curvature at 0, the strength of its minimum, the change there, and its asymptotes.

    `minimiser` is plus or minus infinity if the change falls for ever that way, and 0 if it is constant; `minimum` is
    then the limit. `lower_tail` and `upper_tail` are approached from above as alpha tends to -inf and +inf.
    """

    slope: float
    curvature: float
    minimiser: float
    minimum: float
    lower_tail: Line
    upper_tail: Line
    spread: float

    def bounds(self, strengths: ArrayLike) -> tuple[Float[Array, " strengths"], Float[Array, " strengths"]]:
        r"""What slope, curvature and spread R = Mmax - Mmin alone say of the change at each strength.

            0 <= dCE - slope alpha <= R^2 alpha^2/8,
            |dCE - slope alpha - curvature alpha^2/2| <= R^3 |alpha|^3/(36 sqrt 3)

        Law `cross_entropy_curvature`.
        """
        alpha = checked_strengths(strengths)
        quadratic = self.curvature * alpha**2 / 2
        remainder = self.spread**3 * jnp.abs(alpha) ** 3 / (36 * math.sqrt(3))
        most = jnp.minimum(self.spread**2 * alpha**2 / 8, quadratic + remainder)
        return self.slope * alpha + jnp.maximum(0, quadratic - remainder), self.slope * alpha + most


def cross_entropy_shape(
    log_probs: ArrayLike, log_odds: ArrayLike, weights: ArrayLike | None = None, data: ArrayLike | None = None
) -> CrossEntropyShape:
    r"""Slope, curvature, minimum and tails of `cross_entropy_change`, whose arguments these are.

        dCE'(alpha) = sum_j pi_j (K_j'(alpha) - E_{r_j}[M]),    dCE'' = sum_j pi_j Var_alpha > 0,
        dCE(alpha) -> alpha (sum_j pi_j max_j M - E_r[M]) + sum_j pi_j log p_j(argmax M)    as alpha -> inf

    The minimiser is the root of dCE'; it exists if and only if E_r[M] lies strictly between the contexts' mean extremes
    of the log-odds, those of the tokens that occur. On the model's own distribution it is 0. Law `cross_entropy_exact`.

    >>> cross_entropy_shape(jnp.log(jnp.array([[0.5, 0.5]])), [-1.0, 1.0], data=[1]).minimiser
    inf
    """
    contexts, vocab = table_shape(log_probs)
    distributions, odds = sliceable(log_probs, "log_probs"), checked_log_odds(log_odds, vocab=vocab)
    odds -= (jnp.max(odds) + jnp.min(odds)) / 2  # the tilt does not see a common offset, rounding does
    shares = checked_weights(weights, contexts)

    def mean_over_contexts(f: Callable[[Array], Array]) -> list[float]:
        return np.sum(
            [shares[b] @ f(checked_log_probs(distributions[b])) for b in groups_of(distributions)], axis=0
        ).tolist()

    def mean_and_variance(strength: float) -> list[float]:
        return mean_over_contexts(lambda rows: tilted_moments(rows, odds, jnp.array([strength]))[1:, :, 0].T)

    mean, curvature = mean_and_variance(0.0)
    target = mean if data is None else _data_mean(checked_data(data, contexts, vocab), odds, shares)
    lowest, low_mass, highest, high_mass = mean_over_contexts(lambda rows: _extremes(rows, odds))
    lower_tail, upper_tail = Line(lowest - target, low_mass), Line(highest - target, high_mass)
    spread = float(jnp.ptp(odds))
    if data is None or lowest == highest:
        minimiser, minimum = 0.0, 0.0
    elif upper_tail.slope <= 0 or lower_tail.slope >= 0:
        sign, tail = (1, upper_tail) if upper_tail.slope <= 0 else (-1, lower_tail)
        minimiser, minimum = sign * math.inf, tail.intercept if tail.slope == 0 else -math.inf
    else:
        minimiser = _root(mean_and_variance, target, unit=1 / spread)
        minimum = float(cross_entropy_change(distributions, odds, [minimiser], shares, data)[0])
    return CrossEntropyShape(mean - target, curvature, minimiser, minimum, lower_tail, upper_tail, spread)


def _data_mean(
    data: Float[Array | np.ndarray, "contexts vocab"] | Int[Array, " contexts"],
    log_odds: Float[Array, " vocab"],
    shares: Float[Array, " contexts"],
) -> float:
    return float(shares @ (log_odds[data] if data.ndim == 1 else mean_log_odds(data, log_odds, "data")))


def _root(mean_and_variance: Callable[[float], list[float]], target: float, unit: float) -> float:
    """Where an increasing mean, whose slope is the variance, takes a value: Newton's steps, bounded and bracketed."""
    lower, upper, strength = -math.inf, math.inf, 0.0
    for _ in range(MAX_STEPS):
        mean, variance = mean_and_variance(strength)
        lower, upper = (strength, upper) if mean < target else (lower, strength)
        furthest = 16 * unit + 2 * abs(strength)
        step = (target - mean) / variance if variance > 0 else math.copysign(math.inf, target - mean)
        new = strength + max(-furthest, min(furthest, step))
        if not lower <= new <= upper:
            new = (lower + upper) / 2
        if abs(new - strength) <= SETTLED * max(abs(new), unit):
            return new
        strength = new
    return strength


def _extremes(
    log_probs: Float[Array, "contexts vocab"], log_odds: Float[Array, " vocab"]
) -> Float[Array, "contexts 4"]:
    """Least log-odds of a token that occurs, log-probability of the tokens that share it; the same of the greatest."""
    occurs = log_probs > -jnp.inf
    lowest = jnp.min(jnp.where(occurs, log_odds, jnp.inf), axis=1)
    highest = jnp.max(jnp.where(occurs, log_odds, -jnp.inf), axis=1)
    low_mass, high_mass = (logsumexp(log_probs, axis=1, where=log_odds == x[:, None]) for x in (lowest, highest))
    return jnp.stack([lowest, low_mass, highest, high_mass], axis=1)
