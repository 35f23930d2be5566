"""What a final normalisation lets through of a residual and of a direction."""

from typing import Any

import numpy as np
from jaxtyping import Float

from real_models.decoding.decoder import Params, Spec

# A direction shorter than this share of the vector is below the resolution of the float32 it was computed in.
CONSTANT = 2.0**-20


def centred(spec: Spec, x: Float[np.ndarray, "*rows d"]) -> Float[np.ndarray, "*rows d"]:
    """`P x`: less the mean over features, which LayerNorm removes; RMSNorm keeps it."""
    return x - x.mean(axis=-1, keepdims=True) if spec.norm == "layer" else x


def visible(spec: Spec, v: Float[np.ndarray, "*rows d"]) -> Float[np.ndarray, "*rows d"]:
    """`P v`, and 0 where that is but the rounding of a vector constant over features."""
    direction = centred(spec, v)
    size, whole = (np.linalg.norm(each, axis=-1, keepdims=True) for each in (direction, v))
    return np.where(size <= CONSTANT * whole, 0.0, direction)


def normed_limits(norm: Params, direction: Float[np.ndarray, " d"]) -> Float[np.ndarray, "2 d"]:
    """`gamma * (-+P v) sqrt(d) / |P v| + b`: where `norm(h + alpha v)` ends at strengths of -infinity and +infinity."""
    weights, d = float64(norm), len(direction)
    towards = weights["weight"] * direction * (d**0.5 / np.linalg.norm(direction))
    return np.stack([-towards, towards]) + weights.get("bias", 0.0)


def float64(tree: Any) -> Any:
    """Weights as NumPy float64 arrays, in the same dictionaries."""
    if isinstance(tree, dict):
        return {name: float64(value) for name, value in tree.items()}
    return np.asarray(tree, np.float64)
