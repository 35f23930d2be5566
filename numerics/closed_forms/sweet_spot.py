"""The strength that spends a given budget of divergence."""

import math
from collections.abc import Callable
from typing import Literal, get_args

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float, Int

from numerics.arrays import ArrayLike
from numerics.checks import checked_distribution
from numerics.exponential_sums.cells import (
    CERTIFIED,
    CompressedDistribution,
    compress,
    relative_error,
    sort_tokens,
    uncompressed,
    worth_compressing,
)
from numerics.exponential_sums.tilted import tilted_divergences

Direction = Literal["forward", "reverse"]

LARGEST_LOG_STRENGTH = 300.0


def sweet_spot(
    log_probs: ArrayLike, log_odds: ArrayLike, budget: float, direction: Direction = "forward"
) -> Float[Array, "*contexts"]:
    r"""The positive strength at which the divergence from the unsteered distribution equals the budget in nats.

        "forward":  KL(p_alpha, p) = alpha K'(alpha) - K(alpha) = budget    (rises to -log p(argmax M))
        "reverse":  KL(p, p_alpha) = K(alpha) - alpha K'(0)     = budget    (rises without bound)

    `log_probs` `[..., vocab]`, `log_odds` `[vocab]`; one strength per distribution, `inf` where the budget is never
    reached (also when M is constant on the tokens that occur). Law `sweet_spot`.

    >>> sweet_spot(jnp.log(jnp.array([0.5, 0.5])), [-1.0, 1.0], budget=math.log(math.cosh(1.0)), direction="reverse")
    Array(1., dtype=float64)
    """
    distribution, odds = checked_distribution(log_probs, log_odds)
    if direction not in get_args(Direction):
        raise ValueError(f"direction: expected one of {', '.join(get_args(Direction))}, got {direction!r}")
    if not (math.isfinite(budget) and budget > 0):
        raise ValueError(f"budget: expected a positive number of nats, got {budget!r}")
    rows = distribution.reshape(-1, odds.size)
    order = sort_tokens(odds) if worth_compressing(distribution, odds) else None
    spots = [_sweet_spot(row, odds, order, budget, direction == "forward") for row in rows]
    return jnp.stack(spots).reshape(distribution.shape[:-1])


def _sweet_spot(
    log_probs: Float[Array, " vocab"],
    log_odds: Float[Array, " vocab"],
    order: Int[Array, " vocab"] | None,
    budget: float,
    forward: bool,
) -> Float[Array, ""]:
    lower = _lower_bound(log_probs, log_odds, budget, forward)
    if order is not None:
        spot, error = _spend(compress(log_probs, log_odds, order), lower, budget, forward)
        if error <= CERTIFIED:
            return spot
    return _spend(uncompressed(log_probs, log_odds), lower, budget, forward)[0]


@jax.jit
def _lower_bound(log_probs: Float[Array, " vocab"], log_odds: Float[Array, " vocab"], budget: float, forward: bool):
    """A strength at which the budget is not yet spent, KL <= alpha^2 (Mmax - Mmin)^2/8; inf if it never will be."""
    occurs = log_probs > -jnp.inf
    highest = jnp.max(log_odds, where=occurs, initial=-jnp.inf)
    lowest = jnp.min(log_odds, where=occurs, initial=jnp.inf)
    ceiling = jnp.where(forward, -logsumexp(log_probs, where=log_odds == highest), jnp.inf)
    reached = (highest > lowest) & (budget < ceiling)
    return jnp.where(reached, jnp.sqrt(8 * budget) / (highest - lowest), jnp.inf)


@jax.jit
def _spend(distribution: CompressedDistribution, lower: Float[Array, ""], budget: float, forward: bool):
    """The strength, and the certificate there: root of log KL - log budget in log alpha, nearly linear."""

    def overspent(log_strength: Float[Array, ""]) -> Float[Array, ""]:
        divergences = tilted_divergences(distribution.log_probs, distribution.log_odds, jnp.exp(log_strength)[None])
        return jnp.log(jnp.where(forward, *divergences)[0]) - jnp.log(budget)

    start = jnp.where(jnp.isfinite(lower), lower, 1.0)
    strength = jnp.exp(_increasing_root(overspent, jnp.log(start)))
    error = relative_error(distribution, strength, logsumexp(distribution.log_probs + strength * distribution.log_odds))
    return jnp.where(jnp.isfinite(lower), strength, jnp.inf), error


def _increasing_root(f: Callable[[Float[Array, ""]], Float[Array, ""]], lower: Float[Array, ""]) -> Float[Array, ""]:
    """The root of an increasing function above a point where it is not positive: steps that double, then Illinois."""

    def climb(state):
        lower, _, upper, _ = state
        further = upper + 2 * (upper - lower)
        return upper, f(upper), further, f(further)

    def below(state):
        _, _, upper, f_upper = state
        return (f_upper < 0) & (upper < LARGEST_LOG_STRENGTH)

    def narrow(state):
        old, f_old, new, f_new, _ = state
        point = new - f_new * (new - old) / (f_new - f_old)
        f_point = f(point)
        crossed = f_point * f_new <= 0
        kept, f_kept = jnp.where(crossed, new, old), jnp.where(crossed, f_new, f_old / 2)
        return kept, f_kept, point, f_point, jnp.abs(point - new)

    def unsettled(state):
        _, _, new, f_new, moved = state
        return (f_new != 0) & (moved > 4 * jnp.finfo(float).eps * jnp.maximum(1, jnp.abs(new)))

    upper = lower + 1
    bracket = lax.while_loop(below, climb, (lower, f(lower), upper, f(upper)))
    return lax.while_loop(unsettled, narrow, (*bracket, jnp.inf))[2]
