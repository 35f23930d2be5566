"""What a caller may pass, checked once at the boundary: every mistake is a `ValueError` of one line."""

import logging
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from numerics.arrays import ArrayLike
from real_models.decoding.decoder import Spec

log = logging.getLogger(__name__)
Ids = Sequence[int] | Int[np.ndarray, " position"] | Int[Array, " position"]
Tokens = str | Ids
Strengths = Sequence[float] | Float[ArrayLike, " strengths"]
Vector = Sequence[float] | Float[ArrayLike, "*layers d"]
VectorBatch = Sequence[Vector] | Float[ArrayLike, "vectors *layers d"]
Segments = Sequence[Sequence[int]] | Int[ArrayLike, "segments position"]
Layers = int | Sequence[int]
Positions = Literal["all", "last"]


def token_ids(spec: Spec, name: str, tokens: Ids) -> list[int]:
    """Ids of one prompt: one or more, in the vocabulary, and no more than the model has positions."""
    ids = np.asarray(tokens)
    if ids.ndim != 1 or ids.size == 0:
        raise ValueError(f"a prompt has shape {ids.shape}, expected one token or more in one dimension")
    if not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(f"token ids are {ids.dtype}, expected integers")
    if (wrong := ids[(ids < 0) | (ids >= spec.vocab_size)]).size:
        raise ValueError(f"token id {wrong[0]} is out of range: {name} has {spec.vocab_size} tokens")
    if ids.size > spec.max_positions:
        if spec.positions == "learned":
            raise ValueError(f"a prompt has {ids.size} tokens, but {name} has {spec.max_positions} positions")
        warn_of_length(name, spec.max_positions)
    return ids.tolist()


@cache
def warn_of_length(name: str, positions: int) -> None:
    """Log once that a prompt is longer than a model with rotary positions was made for; it is computed all the same."""
    log.warning("a prompt is longer than the %d positions that %s was made for", positions, name)


def text_segments(spec: Spec, name: str, segments: Segments) -> list[list[int]]:
    """Ids of one or more segments of text, each of 2 tokens or more: the first is never predicted."""
    sequences: Any = segments if isinstance(segments, Sequence) else np.asarray(segments)
    rows = [token_ids(spec, name, segment) for segment in sequences]
    if not rows:
        raise ValueError("no segments of text given, expected one or more")
    if (shortest := min(len(row) for row in rows)) < 2:
        raise ValueError(f"a segment of text has {shortest} token, expected 2 or more: the first is never predicted")
    return rows


def strength_values(strengths: Strengths) -> Float[np.ndarray, " strengths"]:
    """Strengths in float64, finite, in one dimension; a scalar is one strength."""
    values = np.atleast_1d(np.asarray(strengths, np.float64))
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"strengths have shape {values.shape}, expected one dimension of one value or more")
    if not np.isfinite(values).all():
        raise ValueError("strengths contain NaN or infinite values")
    return values


def block_number(spec: Spec, name: str, layer: Any) -> int:
    """The number of a block, from 0."""
    if not isinstance(layer, int | np.integer) or not 0 <= layer < spec.n_layers:
        raise ValueError(f"layer is {layer!r}, expected a block of {name}: 0 to {spec.n_layers - 1}")
    return int(layer)


def steering_vectors(
    spec: Spec, name: str, layer: Layers, vector: Vector | VectorBatch, *, many: bool = False
) -> dict[int, Float[np.ndarray, "*vectors d"]]:
    """The vector of every steered block, in float64: `[d]` for one block, `[layers, d]` for a list of blocks.

    With `many`, a batch of vectors along one more axis, the first.
    """
    several = isinstance(layer, Sequence | np.ndarray)
    layers = [block_number(spec, name, one) for one in (layer if several else [layer])]
    if not layers or len(set(layers)) < len(layers):
        raise ValueError(f"layers are {layers}, expected each block once and at least one")
    values = np.asarray(vector)
    if not jnp.issubdtype(values.dtype, jnp.number):
        raise ValueError(f"the steering vector has dtype {values.dtype}, expected numbers")
    expected = (len(layers), spec.d_model) if several else (spec.d_model,)
    batch = values.shape[:1] if many else ()
    if values.shape != (*batch, *expected) or 0 in batch:
        wanted = f"(vectors, {', '.join(map(str, expected))})" if many else expected
        raise ValueError(f"the steering vector has shape {values.shape}, expected {wanted} for {name}")
    if not np.isfinite(values := values.astype(np.float64)).all():
        raise ValueError("the steering vector contains NaN or infinite entries")
    return {block: values[..., i, :] if several else values for i, block in enumerate(layers)}
