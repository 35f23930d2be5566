r"""The tilted mean as a function of the strength, expanded around a few nodes, and its inverse.

    E_{a+d}[M] = c + S'(d)/S(d),    S(d) = E_a[e^{d (M - c)}] = sum_n m_n d^n/n!,    m_n = E_a[(M - c)^n]

The moments m_n of the tilted distribution about its mean c are the Taylor coefficients of an entire function that is at
least 1, so a bound on the remainder of S bounds its relative error: a node knows how far it reaches. Nodes climb from
alpha = 0 by half their reach, so that tokens of nearly equal log-odds can share one; the other direction is the climb
of the mirrored log-odds -M.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from numerics.exponential_sums.cells import CompressedDistribution, relative_error

DEGREE = 24
"""Moments kept at a node; even, so that the last one is absolute and bounds the remainder."""

REMAINDER = 1e-19
"""Bound on m_n d^n/n!, n = DEGREE, within reach; the exponential that comes on top is at most e^{DEGREE/4}."""

MAX_NODES = 1024

SETTLED = 1e-8
"""A Newton step this small relative to the reach of its node leaves an error of the order of its square."""

MAX_STEPS = 80

DOUBT = 1e-13
"""Estimated error of a root, relative to it or to the reach of its node, beyond which it is in doubt."""


class Nodes(NamedTuple):
    """Expansions at strengths that increase from 0, each good up to the next but one; unused ones stand at infinity.

    `least` is the step down from a node to which it is good too. `error` certifies the distribution that was expanded.
    """

    strength: Float[Array, " nodes"]
    centre: Float[Array, " nodes"]
    coefficients: Float[Array, "nodes degree+1"]
    least: Float[Array, " nodes"]
    error: Float[Array, " nodes"]


def two_sided(
    distribution: CompressedDistribution, lowest: Float[Array, ""], highest: Float[Array, ""]
) -> tuple[Nodes, Nodes]:
    """Nodes up to where the tilted mean passes `highest`, and mirrored ones down to `lowest`."""
    up, down = climb(distribution, highest), climb(distribution.mirrored(), -lowest)
    return (
        up._replace(least=up.least.at[0].set(-down.strength[1])),
        down._replace(least=down.least.at[0].set(-up.strength[1])),
    )


def climb(distribution: CompressedDistribution, top: Float[Array, ""]) -> Nodes:
    """Nodes from alpha = 0 up to the second one whose tilted mean is at least `top`."""
    highest = jnp.max(distribution.log_odds, where=distribution.log_probs > -jnp.inf, initial=-jnp.inf)
    factorials = jnp.cumprod(jnp.maximum(jnp.arange(DEGREE + 1), 1).astype(float))

    def expand(strength: Float[Array, ""]):
        below = distribution.log_odds - highest
        exponents = distribution.log_probs + strength * below
        log_mass = jax.nn.logsumexp(exponents)
        weights = jnp.exp(exponents - log_mass)
        centre = highest + weights @ below
        deviations = distribution.log_odds - centre
        _, moments = lax.scan(lambda w, _: (w * deviations, jnp.sum(w)), weights, length=DEGREE + 1)
        coefficients = moments / factorials
        reach = jnp.minimum((REMAINDER / coefficients[-1]) ** (1 / DEGREE), DEGREE / 4 / (highest - centre))
        return centre, coefficients, reach, relative_error(distribution, strength, log_mass + strength * highest)

    def step(state):
        nodes, k, strength, _ = state
        centre, coefficients, reach, error = expand(strength)
        nodes = Nodes(
            *(
                row.at[k].set(value)
                for row, value in zip(nodes, (strength, centre, coefficients, 0.0, error), strict=True)
            )
        )
        passed = (k > 0) & ~(nodes.centre[k - 1] < top)
        return nodes, k + 1, strength + jnp.minimum(reach / 2, 1e150), passed

    unused = jnp.full(MAX_NODES, jnp.inf)
    start = Nodes(unused, unused, jnp.zeros((MAX_NODES, DEGREE + 1)), jnp.zeros(MAX_NODES), jnp.zeros(MAX_NODES))
    return lax.while_loop(lambda state: ~state[3] & (state[1] < MAX_NODES), step, (start, 0, 0.0, False))[0]


def roots(
    nodes: Nodes, node: Int[Array, " rows"], targets: Float[Array, "rows width"]
) -> tuple[Float[Array, "rows width"], Bool[Array, "rows width"]]:
    """Strengths at which the tilted mean takes the targets of each row, and which of them are in doubt.

    What is in doubt lies out of reach of the row's node, or where the variance is so small (one token has nearly all
    of the probability) that rounding and the remainder, divided by it, exceed DOUBT.
    """
    *_, centre, coefficients, least, _ = (x[node, ..., None] for x in nodes)
    start, stop = nodes.strength[node, None], nodes.strength[node + 2, None]
    offsets = targets - centre

    def mean_and_variance(d):
        s = s1 = half_s2 = jnp.zeros_like(d)
        for n in reversed(range(DEGREE + 1)):
            half_s2, s1, s = half_s2 * d + s1, s1 * d + s, s * d + coefficients[:, n]
        mean = s1 / s
        return mean, 2 * half_s2 / s - mean * mean

    def newton(state):
        d, lower, upper, _, _, steps = state
        mean, variance = mean_and_variance(d)
        short = mean < offsets
        lower, upper = jnp.where(short, d, lower), jnp.where(short, upper, d)
        full = d + (offsets - mean) / variance
        new = jnp.where((full >= lower) & (full <= upper), full, (lower + upper) / 2)
        return new, lower, upper, variance, jnp.max(jnp.abs(new - d) / reach), steps + 1

    reach = stop - start
    lower, upper = (jnp.broadcast_to(bound, offsets.shape) for bound in (least, reach))
    guess = jnp.clip(_hermite_inverse(nodes, node, targets), lower, upper)
    state = (guess, lower, upper, jnp.zeros_like(guess), jnp.inf, 0)
    d, _, _, variance, *_ = lax.while_loop(lambda s: (s[-2] > SETTLED) & (s[-1] < MAX_STEPS), newton, state)
    rounding = 4 * jnp.finfo(float).eps * (jnp.abs(offsets) + jnp.sqrt(jnp.abs(variance)))
    remainder = DEGREE * coefficients[:, DEGREE] * jnp.abs(d) ** (DEGREE - 1)
    sound = rounding + remainder <= DOUBT * variance * jnp.maximum(jnp.abs(start + d), reach)
    within = (offsets <= nodes.centre[node + 2, None] - centre) & (least < d)
    return start + d, ~(sound & within)


def _hermite_inverse(
    nodes: Nodes, node: Int[Array, " rows"], targets: Float[Array, "rows width"]
) -> Float[Array, "rows width"]:
    """First guess of the step: the quintic with the inverse's value, slope 1/K'' and bend -K'''/K''^3 at both ends."""
    ends = node, node + 2
    start, stop = (nodes.strength[end, None] for end in ends)
    low, high = (nodes.centre[end, None] for end in ends)
    rise = high - low
    variances = [2 * nodes.coefficients[end, 2, None] for end in ends]
    thirds = [6 * nodes.coefficients[end, 3, None] for end in ends]
    slopes = [rise / variance for variance in variances]
    bends = [-third * rise * rise / variance**3 for variance, third in zip(variances, thirds, strict=True)]
    t = (targets - low) / rise
    left = slopes[0] * (1 + t * t * (-6 + t * (8 - 3 * t))) + bends[0] / 2 * t * (1 - t) ** 3
    right = (stop - start) * (10 + t * (-15 + 6 * t)) + slopes[1] * (-4 + t * (7 - 3 * t)) + bends[1] / 2 * (1 - t) ** 2
    guess = t * left + t * t * t * right
    return jnp.where(jnp.isfinite(guess), guess, 0)
