"""Any callable from strengths to logits as a steered model: a torch hook, a served model, a formula."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from real_models.steering.inputs import Strengths, strength_values


@dataclass(frozen=True, kw_only=True)
class WrappedModel:
    """A `SteeredModel` around `function`: strengths [strengths] -> logits [strengths, vocab], row by row.

    The function has its prompt, layer and vector inside, so `tokens`, `layer`, `vector` and `positions` are accepted
    for the protocol's sake and ignored. It has no inside to look at: no residuals, no tokenizer.
    """

    function: Callable[[Any], Any] = field(repr=False)
    vocab_size: int
    name: str = "wrapped"

    def logits(
        self,
        tokens: Any,
        strengths: Strengths,
        *,
        layer: Any = None,
        vector: Any = None,
        positions="all",
    ) -> Float[Array, "strengths vocab"]:
        """The function's logits, in its own dtype."""
        alpha = strength_values(strengths)
        return self._checked(to_array(self.function(alpha)), alpha.size)

    def derivative(
        self,
        tokens: Any,
        strengths: Strengths,
        *,
        layer: Any = None,
        vector: Any = None,
        positions="all",
    ) -> Float[Array, "strengths vocab"]:
        """The exact derivative in the strength, if the function is written in JAX; otherwise a `ValueError`."""
        alpha = jnp.asarray(strength_values(strengths))
        # Under jit every value is abstract, so a function that leaves JAX fails instead of losing its derivative.
        forward_mode = jax.jit(lambda s: jax.jvp(self.function, (s,), (jnp.ones_like(s),))[1])
        try:
            tangents = forward_mode(alpha)
        except Exception as error:  # every library refuses an abstract value in its own way
            reason = f"its function is not all JAX ({type(error).__name__})"
            raise ValueError(f"{self.name} has no exact derivative: {reason}") from error
        return self._checked(tangents, alpha.size)

    def _checked(self, values: Array, count: int) -> Float[Array, "strengths vocab"]:
        if values.shape != (count, self.vocab_size):
            raise ValueError(f"{self.name} gave shape {values.shape}, expected ({count}, {self.vocab_size})")
        if not jnp.issubdtype(values.dtype, jnp.floating):
            raise ValueError(f"{self.name} gave {values.dtype}, expected floating-point logits")
        if bool(jnp.isnan(values).any()):
            raise ValueError(f"{self.name} gave NaN")
        return values


def wrap(function: Callable[[Any], Any], vocab_size: int | None = None, name: str = "wrapped") -> WrappedModel:
    """A `SteeredModel` from any callable `strengths [strengths] -> logits [strengths, vocab]`, NumPy or JAX.

    The function is given a NumPy float64 array. `vocab_size` is found by one call at strength 0 if it is not given.

    >>> base, shift = np.log([0.5, 0.3, 0.2]), np.array([1.0, 0.0, -1.0])
    >>> wrap(lambda strengths: base + strengths[:, None] * shift).logits(None, [0.0, 2.0]).shape
    (2, 3)
    """
    if vocab_size is None:
        values = to_array(function(np.zeros(1)))
        if values.ndim != 2 or values.shape[0] != 1:
            raise ValueError(f"{name} gave shape {values.shape} at one strength, expected (1, vocab)")
        vocab_size = values.shape[1]
    return WrappedModel(function=function, vocab_size=vocab_size, name=name)


def to_array(values: Any) -> Array:
    """A JAX array from whatever the function returns; a torch tensor may still carry gradients."""
    return jnp.asarray(values.detach().cpu().numpy() if hasattr(values, "detach") else values)
