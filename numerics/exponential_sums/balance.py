"""One peak at a time: the strength at which the tokens above a value of the log-odds balance those below it."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

MAX_STEPS = 100


@jax.jit
def balances(
    log_probs: Float[Array, " vocab"],
    log_odds: Float[Array, " vocab"],
    values: Float[Array, " values"],
    guesses: Float[Array, " values"],
) -> Float[Array, " values"]:
    r"""Roots of E_alpha[M] = m for values m strictly between the extremes of the log-odds of tokens that occur.

        log sum_{M > m} p (M - m) e^{alpha (M - m)} = log sum_{M < m} p (m - M) e^{alpha (M - m)}

    The difference of the sides rises with alpha at a rate between the least and the greatest gap across the value, so
    Newton's method cannot go far astray, and tokens at the value itself, however likely, play no part: the root keeps
    its digits where the tilted variance vanishes. Each step is one pass over the vocabulary.
    """

    def solve(value_and_guess):
        value, guess = value_and_guess
        gaps = log_odds - value
        above, below = gaps > 0, gaps < 0
        base = log_probs + jnp.log(jnp.abs(gaps))

        def imbalance(strength):
            exponents = base + strength * gaps
            (high, up), (low, down) = (_log_sum_and_mean(exponents, gaps, side) for side in (above, below))
            return high - low, up - down

        def newton(state):
            strength, lower, upper, _, steps = state
            value, slope = imbalance(strength)
            lower, upper = jnp.where(value < 0, strength, lower), jnp.where(value < 0, upper, strength)
            full = strength - value / slope
            new = jnp.where((full >= lower) & (full <= upper), full, (lower + upper) / 2)
            return new, lower, upper, jnp.abs(new - strength), steps + 1

        def moving(state):
            strength, _, _, moved, steps = state
            return (moved > jnp.finfo(float).eps * jnp.maximum(jnp.abs(strength), unit)) & (steps < MAX_STEPS)

        return lax.while_loop(moving, newton, (guess, -jnp.inf, jnp.inf, jnp.inf, 0))[0]

    unit = 1 / (jnp.max(log_odds) - jnp.min(log_odds))
    return lax.map(solve, (values, jnp.where(jnp.isfinite(guesses), guesses, 0)))


def _log_sum_and_mean(exponents, gaps, side):
    """Logarithm of a sum of exponentials over one side, and the mean gap under it."""
    top = jnp.max(exponents, where=side, initial=-jnp.inf)
    weights = jnp.where(side, jnp.exp(exponents - top), 0)
    mass = jnp.sum(weights)
    return top + jnp.log(mass), jnp.sum(weights * gaps) / mass
