r"""The tilted distribution, streamed: every strength reads the whole vocabulary once.

    p_alpha(z) = p(z) exp(alpha M(z) - K(alpha)),    K(alpha) = log sum_z p(z) exp(alpha M(z))

These are the plain kernels: no approximation, bounded memory, any number of contexts.
`numerics.exponential_sums.cells` computes the same sums faster for one large vocabulary and is tested against this
file. Inputs are trusted here and checked in `numerics.checks`; a log-probability of -inf is a token that never occurs.
"""

from collections.abc import Callable
from functools import partial
from math import comb
from typing import Literal

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.special import logsumexp
from jaxtyping import Array, Bool, Float

Way = Literal["forward", "reverse"]

BLOCK_ELEMENTS = 2**16
"""Elements of one streamed group: its temporaries stay in cache, and memory does not grow with the strengths."""


@partial(jax.jit, static_argnames="order")
def tilted_moments(
    log_probs: Float[Array, "*contexts vocab"],
    log_odds: Float[Array, " vocab"],
    strengths: Float[Array, " strengths"],
    order: int = 2,
) -> Float[Array, "{order}+1 *contexts strengths"]:
    """K and its derivatives: entry n is the n-th cumulant of the tilted log-odds (n = 0: K itself).

    Cumulants come from moments about the tilted mean, so the variance is a sum of squares and suffers no cancellation;
    exponents are shifted by their maximum, so no strength overflows. `log_probs` need not be normalised: K shifts.
    """
    favoured = favoured_by(log_odds)

    def at(log_prob: Float[Array, " vocab"], strength: Float[Array, ""]) -> Float[Array, "order+1"]:
        extreme = favoured(strength)
        centred = log_odds - extreme
        exponents = log_prob + strength * centred
        top = jnp.maximum(jnp.max(exponents), jnp.finfo(exponents.dtype).min)  # finite even if no token occurs
        weights = jnp.exp(exponents - top)
        mass = jnp.sum(weights)
        mean = jnp.sum(weights * centred) / mass
        deviations = centred - mean
        moments = [jnp.sum(weights * deviations**n) / mass for n in range(1, order + 1)]
        cgf = top + jnp.log(mass) + strength * extreme
        return jnp.stack([cgf, *cumulants_of_moments(mean + extreme, moments)])

    return _over_contexts_and_strengths(at, log_probs, strengths, elements=log_odds.size)


@jax.jit
def tilted_log_mass(
    log_probs: Float[Array, "*contexts vocab"],
    log_odds: Float[Array, " vocab"],
    sets: Bool[Array, "concepts vocab"],
    strengths: Float[Array, " strengths"],
) -> tuple[Float[Array, "*contexts concepts strengths"], Float[Array, "*contexts concepts strengths"]]:
    """Log-probabilities, under the tilted distribution, of each set of tokens and of its complement.

    Their difference is the logit of the set's probability, log F/(1 - F). Inside and outside are summed apart and never
    by 1 - F, so both stay accurate when F is within rounding of 0 or 1. An empty set has log-probability -inf.
    """
    favoured = favoured_by(log_odds)

    def at(log_prob: Float[Array, " vocab"], strength: Float[Array, ""]) -> Float[Array, "2 concepts"]:
        exponents = log_prob + strength * (log_odds - favoured(strength))
        inside = logsumexp(exponents, where=sets, axis=-1)
        outside = logsumexp(exponents, where=~sets, axis=-1)
        return -jax.nn.softplus(jnp.stack([outside - inside, inside - outside]))

    return tuple(_over_contexts_and_strengths(at, log_probs, strengths, elements=sets.size))


@partial(jax.jit, static_argnames="ways")
def tilted_divergences(
    log_probs: Float[Array, "*contexts vocab"],
    log_odds: Float[Array, " vocab"],
    strengths: Float[Array, " strengths"],
    ways: tuple[Way, ...] = ("forward", "reverse"),
) -> tuple[Float[Array, "*contexts strengths"], ...]:
    """Relative entropies in nats of normalised `log_probs`, of each way, relatively accurate down to alpha = 0.

        forward KL(p_alpha, p) = alpha K'(alpha) - K(alpha),    reverse KL(p, p_alpha) = K(alpha) - alpha K'(0)

    The base distribution is the tilted one tilted back, so the first is the second seen from p_alpha with strength
    -alpha.
    """
    favoured = favoured_by(log_odds)

    def along(way: Way, log_prob: Float[Array, " vocab"], strength: Float[Array, ""]) -> Float[Array, ""]:
        if way == "reverse":
            return excess(log_prob, log_odds, strength)
        return excess(jax.nn.log_softmax(log_prob + strength * (log_odds - favoured(strength))), log_odds, -strength)

    def at(log_prob: Float[Array, " vocab"], strength: Float[Array, ""]) -> Float[Array, " ways"]:
        return jnp.stack([along(way, log_prob, strength) for way in ways])

    return tuple(_over_contexts_and_strengths(at, log_probs, strengths, elements=log_odds.size))


@jax.jit
def tilted_covariance(
    log_probs: Float[Array, " vocab"],
    log_odds: Float[Array, " vocab"],
    f: Float[Array, " vocab"],
    g: Float[Array, " vocab"],
    strengths: Float[Array, " strengths"],
) -> tuple[Float[Array, " strengths"], Float[Array, " strengths"]]:
    """`E_alpha[f]` and `Cov_alpha[f, g]` of functions of the token under the tilted distribution of one context.

    The covariance is a sum over deviations from the means, so that it suffers no cancellation. A token that never
    occurs counts for nothing, whatever f and g are there.
    """
    favoured = favoured_by(log_odds)

    def at(log_prob: Float[Array, " vocab"], strength: Float[Array, ""]) -> Float[Array, "2"]:
        weights = jax.nn.softmax(log_prob + strength * (log_odds - favoured(strength)))
        f_here, g_here = (jnp.where(weights > 0, values, 0.0) for values in (f, g))
        f_mean, g_mean = weights @ f_here, weights @ g_here
        return jnp.stack([f_mean, weights @ ((f_here - f_mean) * (g_here - g_mean))])

    return tuple(_over_contexts_and_strengths(at, log_probs, strengths, elements=log_odds.size))


@jax.jit
def tilted_concept_divergence(
    log_probs: Float[Array, "*contexts vocab"],
    log_odds: Float[Array, " vocab"],
    sets: Bool[Array, "concepts vocab"],
    strengths: Float[Array, " strengths"],
) -> Float[Array, "*contexts concepts strengths"]:
    """Binary relative entropy `kl(F_alpha, F_0)` of each set's probability F, in nats; 0 for the empty set.

    Relatively accurate down to alpha = 0, as far as the mean log-odds inside and outside differ by more than rounding:

        logit F_alpha - logit F_0 = alpha (E_0[M | C] - E_0[M | not C]) + excess of C - excess of not C
    """

    def at(log_prob: Float[Array, " vocab"], strength: Float[Array, ""]) -> Float[Array, "1 concepts"]:
        def of(members: Bool[Array, " vocab"]) -> Float[Array, ""]:
            sides = [jnp.where(side, log_prob, -jnp.inf) for side in (members, ~members)]
            masses = [logsumexp(side) for side in sides]
            occurs = jnp.isfinite(masses[0] + masses[1])
            inside, outside = (side - jnp.where(occurs, mass, 0.0) for side, mass in zip(sides, masses, strict=True))
            gaps = log_odds - log_odds[jnp.argmax(inside)]
            shift = strength * (jnp.exp(inside) @ gaps - jnp.exp(outside) @ gaps)
            shift += excess(inside, log_odds, strength) - excess(outside, log_odds, strength)
            return jnp.where(occurs, binary_divergence(masses[0], masses[1], shift), 0.0)

        return jax.vmap(of)(sets)[None]

    return _over_contexts_and_strengths(at, log_probs, strengths, elements=sets.size)[0]


@jax.jit
def tilted_envelope(
    log_probs: Float[Array, "*contexts vocab"],
    log_odds: Float[Array, " vocab"],
    strengths: Float[Array, " strengths"],
) -> Float[Array, "*contexts strengths"]:
    """`max_z log p(z) + alpha M(z)`, the log-weight of the most probable token."""

    def at(log_prob: Float[Array, " vocab"], strength: Float[Array, ""]) -> Float[Array, "1"]:
        return jnp.max(log_prob + strength * log_odds)[None]

    return _over_contexts_and_strengths(at, log_probs, strengths, elements=log_odds.size)[0]


def binary_divergence(
    log_inside: Float[Array, "..."], log_outside: Float[Array, "..."], shift: Float[Array, "..."]
) -> Float[Array, "..."]:
    """`kl(F', F)` in nats for `logit F' = logit F + shift`, from log F and log(1 - F); accurate near shift 0.

    With r = log(F'/F) and r' = log((1 - F')/(1 - F)) it is F h(r) + (1 - F) h(r'), h(r) = r e^r - e^r + 1 >= 0.
    """

    def log_mixture(log_rest, log_moved, shift):
        small = jnp.log1p(jnp.exp(log_moved) * jnp.expm1(jnp.clip(shift, -1, 1)))
        return jnp.where(jnp.abs(shift) < 1, small, jnp.logaddexp(log_rest, log_moved + shift))

    def term(log_share, ratio):
        small = jnp.clip(ratio, -0.5, 0.5)
        moved = jnp.exp(log_share + ratio)
        return jnp.where(
            jnp.abs(ratio) < 0.5,
            jnp.exp(log_share + small) * exp_beyond_linear(-small),
            moved * ratio - moved + jnp.exp(log_share),
        )

    inside = term(log_inside, -log_mixture(log_inside, log_outside, -shift))
    return inside + term(log_outside, -log_mixture(log_outside, log_inside, shift))


def excess(
    log_prob: Float[Array, " vocab"], log_odds: Float[Array, " vocab"], strength: Float[Array, ""]
) -> Float[Array, ""]:
    """K(alpha) - alpha K'(0) of a normalised distribution, without cancellation.

        exp(excess) - 1 = sum_z p(z) (e^y - 1 - y),    y = alpha (M(z) - E_0[M])

    Every term is positive. Log-odds are measured from those of the likeliest token, lest the mean round off how little
    the others move it; large exponents are shifted away by `top`.
    """
    gaps = log_odds - log_odds[jnp.argmax(log_prob)]
    deviations = strength * (gaps - jnp.exp(log_prob) @ gaps)
    top = jnp.maximum(jnp.max(log_prob + deviations), 0.0)
    weights = jnp.exp(log_prob - top)
    steep = jnp.exp(log_prob + deviations - top) - weights * (1 + deviations)
    terms = jnp.where(deviations > 1, steep, weights * exp_beyond_linear(jnp.minimum(deviations, 1.0)))
    return top + jnp.log1p(jnp.expm1(-top) + jnp.sum(terms))


def exp_beyond_linear(y: Float[Array, "..."]) -> Float[Array, "..."]:
    """e^y - 1 - y, relatively accurate: the power series where the difference would cancel."""
    small = jnp.clip(y, -0.5, 0.5)
    series = jnp.ones_like(y)
    for n in range(14, 2, -1):
        series = 1 + small / n * series
    return jnp.where(jnp.abs(y) < 0.5, small * small / 2 * series, jnp.exp(y) - 1 - y)


def cumulants_of_moments(mean: Float[Array, "..."], moments: list[Float[Array, "..."]]) -> list[Float[Array, "..."]]:
    r"""Cumulants 1, 2, ... from the moments E(M - c)^n, n = 1, 2, ..., about a point c within rounding of the mean.

        kappa_n = m_n - sum_{0 < k < n} C(n - 1, k - 1) kappa_k m_{n - k}

    `mean` is c. The first moment is then a rounding error, and carrying it corrects the higher ones for it.
    """
    about = []
    for n, moment in enumerate(moments, start=1):
        lower = (comb(n - 1, k - 1) * about[k - 1] * moments[n - k - 1] for k in range(1, n))
        about.append(moment - sum(lower))
    return [mean + about[0], *about[1:]] if about else []


def favoured_by(log_odds: Float[Array, " vocab"]) -> Callable[[Float[Array, ""]], Float[Array, ""]]:
    """The extreme log-odds towards which a strength tilts: measured from it, exponents of likely tokens round least."""
    lowest, highest = jnp.min(log_odds), jnp.max(log_odds)
    return lambda strength: jnp.where(strength > 0, highest, lowest)


def _over_contexts_and_strengths(at, log_probs, strengths, *, elements: int):
    """Stream `at(log_prob, strength)` over all pairs, a group at a time: `[values, *contexts, (...), strengths]`."""
    *contexts, vocab = log_probs.shape
    rows = log_probs.reshape(-1, vocab)
    n_contexts, n_strengths = rows.shape[0], strengths.shape[0]
    context, strength = jnp.divmod(jnp.arange(n_contexts * n_strengths), n_strengths)
    out = lax.map(
        lambda pair: at(rows[pair[0]], strengths[pair[1]]),
        (context, strength),
        batch_size=max(1, min(BLOCK_ELEMENTS // elements, context.size)),
    )
    out = out.reshape(*contexts, n_strengths, *out.shape[1:])
    strengths_axis, values_axis = len(contexts), len(contexts) + 1
    return jnp.moveaxis(out, (values_axis, strengths_axis), (0, -1))
