"""Input checks at the door of the public functions: one line each, naming the input, what was expected and the mend.

What passes comes out as a JAX array of float64, or of the dtype that is asked for. Values under a JAX transformation
cannot be looked at, so there only shapes are checked.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from numerics.arrays import ArrayLike

NORMALISATION, NORMALISATION_SINGLE = 1e-6, 1e-5
"""How far the probabilities of a distribution may sum from 1; if its logarithms were rounded to float32 or less."""


def working_dtype(*arrays: ArrayLike) -> DTypeLike:
    """float32 if every array is one of float32, else float64: numbers of other types carry no wish for less."""
    single = all(getattr(array, "dtype", None) == jnp.float32 for array in arrays)
    return jnp.float32 if single else jnp.float64


def checked_distribution(
    log_probs: ArrayLike, log_odds: ArrayLike, dtype: DTypeLike = jnp.float64
) -> tuple[Float[Array, "*contexts vocab"], Float[Array, " vocab"]]:
    """A distribution (or several) and the log-odds that tilt it; the distribution comes out normalised to rounding."""
    distribution = checked_log_probs(log_probs, dtype=dtype)
    return distribution, checked_log_odds(log_odds, vocab=distribution.shape[-1], dtype=dtype)


def checked_log_probs(
    log_probs: ArrayLike, name: str = "log_probs", dtype: DTypeLike = jnp.float64
) -> Float[Array, "*contexts vocab"]:
    """Natural logs of probabilities `[..., vocab]`, -inf for 0, normalised to rounding if they nearly were."""
    distribution = _real(log_probs, name, dtype)
    if distribution.ndim == 0 or distribution.shape[-1] == 0:
        raise ValueError(f"{name}: expected an array [..., vocab], got shape {distribution.shape}")
    normalised, mass = _normalised(distribution)
    check_mass(mass, name, given=getattr(log_probs, "dtype", distribution.dtype))
    return normalised


def check_mass(mass: Float[Array, "*contexts"], name: str, given: DTypeLike = jnp.float64) -> None:
    """Refuse distributions, given in some dtype, whose probabilities do not sum to 1."""
    if not is_concrete(mass):
        return
    if not jnp.isfinite(mass).all():
        raise ValueError(f"{name}: holds NaN or +inf; expected finite values, or -inf for a token of probability 0")
    off = np.ravel(mass)[np.argmax(np.abs(mass - 1))] - 1
    allowed = NORMALISATION_SINGLE if given in (jnp.float32, jnp.float16, jnp.bfloat16) else NORMALISATION
    if abs(off) > allowed:
        raise ValueError(
            f"{name}: expected logarithms of probabilities that sum to 1 within {allowed:g}, "
            f"got a sum that is off by {off:+.3g}; apply log_softmax first"
        )


def checked_log_odds(log_odds: ArrayLike, *, vocab: int, dtype: DTypeLike = jnp.float64) -> Float[Array, " vocab"]:
    """Finite log-odds, one a token."""
    values = _real(log_odds, "log_odds", dtype)
    if values.shape != (vocab,):
        raise ValueError(f"log_odds: expected one value per token, shape ({vocab},), got shape {values.shape}")
    return _finite(values, "log_odds")


def checked_strengths(strengths: ArrayLike, dtype: DTypeLike = jnp.float64) -> Float[Array, " strengths"]:
    """Finite strengths in one dimension, in any order."""
    values = _real(strengths, "strengths", dtype)
    if values.ndim != 1:
        raise ValueError(
            f"strengths: expected a one-dimensional array, got shape {values.shape}; wrap a single one in [ ]"
        )
    return _finite(values, "strengths")


def check_real(dtype: DTypeLike, name: str) -> None:
    """Refuse what is neither floating nor integer: booleans, complex numbers, objects."""
    if not (jnp.issubdtype(dtype, jnp.floating) or jnp.issubdtype(dtype, jnp.integer)):
        raise ValueError(f"{name}: expected real numbers, got dtype {dtype}")


def is_concrete(*values: object) -> bool:
    """Whether the values can be looked at: false inside jit, grad and vmap."""
    return not any(isinstance(value, Tracer) for value in values)


def sliceable(values: ArrayLike, name: str) -> Array | np.ndarray:
    """Real numbers as they are: a large table is neither copied nor moved whole, a part at a time is."""
    array = values if isinstance(values, Array | np.ndarray) else np.asarray(values)
    check_real(array.dtype, name)
    return array


def _real(values: ArrayLike, name: str, dtype: DTypeLike) -> Float[Array, "..."]:
    array = jnp.asarray(values)
    check_real(array.dtype, name)
    return array.astype(dtype)


def _finite(values: Float[Array, "..."], name: str) -> Float[Array, "..."]:
    if is_concrete(values) and not jnp.isfinite(values).all():
        bad = int((~jnp.isfinite(values)).sum())
        raise ValueError(f"{name}: expected finite numbers, got {bad} NaN or infinite ones")
    return values


@jax.jit
def _normalised(
    log_probs: Float[Array, "*contexts vocab"],
) -> tuple[Float[Array, "*contexts vocab"], Float[Array, "*contexts"]]:
    mass = jnp.sum(jnp.exp(log_probs), axis=-1, dtype=jnp.float64)
    return (log_probs - jnp.log(mass)[..., None]).astype(log_probs.dtype), mass
