"""What the fast evaluations are measured against: the direct ways to compute the same numbers."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float
from scipy.interpolate import CubicHermiteSpline
from scipy.optimize import brentq


@jax.jit
def streamed_moments(
    law: Float[Array, " vocab"], log_odds: Float[Array, " vocab"], strengths: Float[Array, " strengths"]
) -> Float[Array, "3 strengths"]:
    """K, K', K'' with one pass over the vocabulary a strength, the fastest such form in XLA on a CPU."""

    def at(strength: Float[Array, ""]) -> Float[Array, "3"]:
        exponents = law + strength * log_odds
        top = jnp.max(exponents)
        weights = jnp.exp(exponents - top)
        mass = jnp.sum(weights)
        mean = weights @ log_odds / mass
        deviations = log_odds - mean
        return jnp.stack([top + jnp.log(mass), mean, weights @ (deviations * deviations) / mass])

    return lax.map(at, strengths).T


def interpolated_peaks(law: Array, log_odds: Array, strengths: Array) -> np.ndarray:
    """Peaks read off the inverse of the streamed mean, by cubic Hermite interpolation; nan outside the grid."""
    _, mean, variance = (np.asarray(row) for row in streamed_moments(law, log_odds, strengths))
    return CubicHermiteSpline(mean, np.asarray(strengths), 1 / variance, extrapolate=False)(np.asarray(log_odds))


def bracketed_peak(law: np.ndarray, log_odds: np.ndarray, token: int) -> float:
    """One peak by scipy's brentq."""
    gaps = log_odds - log_odds[token]

    def slope(strength: float) -> float:
        exponents = law + strength * gaps
        return np.exp(exponents - exponents.max()) @ gaps

    stop = 1.0
    while slope(-stop) > 0 or slope(stop) < 0:
        stop *= 2
    return brentq(slope, -stop, stop, xtol=1e-13)  # pyright: ignore[reportReturnType]


@partial(jax.jit, static_argnames="block")
def streamed_cross_entropy(
    laws: Float[Array, "contexts vocab"],
    log_odds: Float[Array, " vocab"],
    strengths: Float[Array, " strengths"],
    block: int = 8,
) -> Float[Array, " strengths"]:
    """Mean of K_j(alpha) - alpha K_j'(0): each context's row stays in cache while all strengths pass over it."""

    def one(law: Float[Array, " vocab"]) -> Float[Array, " strengths"]:
        cgf = lax.map(lambda a: jax.nn.logsumexp(law + a * log_odds), strengths, batch_size=block)
        return cgf - strengths * (jnp.exp(law) @ log_odds)

    return jnp.mean(lax.map(one, laws), axis=0)


def partitioned_top_tokens(law: np.ndarray, log_odds: np.ndarray, strengths: np.ndarray, k: int) -> np.ndarray:
    """The k likeliest tokens, one pass over the vocabulary a strength."""
    rows = []
    for strength in strengths:
        scores = law + strength * log_odds
        best = np.argpartition(-scores, k)[:k]
        rows.append(best[np.argsort(-scores[best], kind="stable")])
    return np.stack(rows)
