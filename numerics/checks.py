"""Input checks at the door of the public functions: one line each, naming the input, what was expected and the mend.

What passes comes out as a float64 JAX array, whatever it was. Values under a JAX transformation cannot be looked at,
so there only shapes are checked.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import DTypeLike
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

NORMALISATION = 1e-6
"""How far the probabilities of a law may sum from 1."""


def checked_law(
    log_probs: ArrayLike, log_odds: ArrayLike
) -> tuple[Float[Array, "*contexts vocab"], Float[Array, " vocab"]]:
    """A law (or several) and the log-odds that tilt it; the law comes out normalised to rounding."""
    law = checked_log_probs(log_probs)
    return law, checked_log_odds(log_odds, vocab=law.shape[-1])


def checked_log_probs(log_probs: ArrayLike, name: str = "log_probs") -> Float[Array, "*contexts vocab"]:
    law = _float64(log_probs, name)
    if law.ndim == 0 or law.shape[-1] == 0:
        raise ValueError(f"{name}: expected an array [..., vocab], got shape {law.shape}")
    normalised, mass = _normalised(law)
    check_mass(mass, name)
    return normalised


def check_mass(mass: Float[Array, "*contexts"], name: str) -> None:
    """Refuse laws whose probabilities do not sum to 1."""
    if not is_concrete(mass):
        return
    if not jnp.isfinite(mass).all():
        raise ValueError(f"{name}: holds NaN or +inf; expected finite values, or -inf for a token of probability 0")
    off = np.ravel(mass)[np.argmax(np.abs(mass - 1))] - 1
    if abs(off) > NORMALISATION:
        raise ValueError(
            f"{name}: expected logarithms of probabilities that sum to 1 within {NORMALISATION:g}, "
            f"got a sum that is off by {off:+.3g}; apply log_softmax first"
        )


def checked_log_odds(log_odds: ArrayLike, *, vocab: int) -> Float[Array, " vocab"]:
    values = _float64(log_odds, "log_odds")
    if values.shape != (vocab,):
        raise ValueError(f"log_odds: expected one value per token, shape ({vocab},), got shape {values.shape}")
    return _finite(values, "log_odds")


def checked_strengths(strengths: ArrayLike) -> Float[Array, " strengths"]:
    values = _float64(strengths, "strengths")
    if values.ndim != 1:
        raise ValueError(
            f"strengths: expected a one-dimensional array, got shape {values.shape}; wrap a single one in [ ]"
        )
    return _finite(values, "strengths")


def check_real(dtype: DTypeLike, name: str) -> None:
    if not (jnp.issubdtype(dtype, jnp.floating) or jnp.issubdtype(dtype, jnp.integer)):
        raise ValueError(f"{name}: expected real numbers, got dtype {dtype}")


def is_concrete(*values: object) -> bool:
    """Whether the values can be looked at: false inside jit, grad and vmap."""
    return not any(isinstance(value, Tracer) for value in values)


def _float64(values: ArrayLike, name: str) -> Float[Array, "..."]:
    array = jnp.asarray(values)
    check_real(array.dtype, name)
    return array.astype(jnp.float64)


def _finite(values: Float[Array, "..."], name: str) -> Float[Array, "..."]:
    if is_concrete(values) and not jnp.isfinite(values).all():
        bad = int((~jnp.isfinite(values)).sum())
        raise ValueError(f"{name}: expected finite numbers, got {bad} NaN or infinite ones")
    return values


@jax.jit
def _normalised(
    law: Float[Array, "*contexts vocab"],
) -> tuple[Float[Array, "*contexts vocab"], Float[Array, "*contexts"]]:
    mass = jnp.sum(jnp.exp(law), axis=-1)
    return law - jnp.log(mass)[..., None], mass
