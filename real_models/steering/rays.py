"""A decoder along steering vectors, as its curves see it: what to interpolate, and the angle in which it is smooth."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Float, Int

from numerics.observing.curves.angle import AngleMap, map_of
from numerics.observing.curves.head import Head
from numerics.observing.curves.rays import Rays
from real_models.decoding.batching import in_ladder, padded_batches, rows_within
from real_models.decoding.decoder import Params, Spec, at_least_float32, of_block, unembedding
from real_models.steering import cross_entropy, steering
from real_models.steering.normed import centred, normed_limits, visible
from real_models.steering.steering import STRENGTHS_AXIS, Prompt, Residuals, Vectors

Batch = dict[int, Float[np.ndarray, "vectors d"]]
Steered = Callable[[Spec, Params, Prompt, Array, Vectors], Residuals]

TEXTS = 32
"""Segments whose residuals give the mean geometry of all."""


def prompt_rays(
    spec: Spec, params: Params, prompt: Prompt, batch: Batch, steered: Steered, dtype: str, mesh: Mesh | None
) -> Rays:
    """x is the last residual after the final norm; the angle is that of the last position at the steered blocks.

    `batch` holds the vectors of every steered block, in float64.
    """
    wide = at_least_float32(dtype)
    vectors = {layer: jnp.asarray(v, wide) for layer, v in batch.items()}
    weights = steering.unembedding_weights(spec, params)
    with jax.default_matmul_precision("highest"):
        x0 = steering.prefix(spec, params, prompt.tokens, min(batch))
        residuals = steered(spec, params, prompt, x0, vectors)
        h = last_residuals(spec, params, prompt, x0, sorted(batch))
    width = prompt.tokens.shape[1]
    bytes_each = steering.block_bytes(spec, 1 if steered is steering.residuals_last else width, width, wide.itemsize)
    share = 1 if mesh is None else mesh.shape[STRENGTHS_AXIS]

    def normed(strengths: Float[Array, " rows"], which: Int[Array, " rows"]) -> Float[Array, "rows d"]:
        return steering.final_normed(spec, weights, residuals(strengths, which))

    def evaluate(strengths: Float[np.ndarray, " rows"], which: Int[np.ndarray, " rows"]) -> np.ndarray:
        rows = normed if mesh is None else steering.split(normed, mesh)
        with jax.default_matmul_precision("highest"):
            found = in_ladder(rows, share * bytes_each, share, strengths.astype(wide), which.astype(np.int32))
        return found.astype(wide)

    def limits(ray: int) -> Float[np.ndarray, "2 d"]:
        towards = visible(spec, np.sum([v[ray] for v in batch.values()], axis=0))
        if not towards.any():
            raise ValueError("the final norm sees nothing of the vector, so there is no limit: give a window")
        return normed_limits(params["final_norm"], towards)

    pushed = np.cumsum([batch[layer] for layer in sorted(batch)], axis=0)
    geometry = [_geometry(spec, h, pushed[:, ray]) for ray in _each(batch)]
    return Rays(
        evaluate=evaluate,
        maps=tuple(map_ for map_, _ in geometry),
        units=tuple(unit for _, unit in geometry),
        head=head_of(spec, params),
        dtype=dtype,
        limits=limits,
    )


def head_of(spec: Spec, params: Params) -> Head:
    """The unembedding, what divides it, and the cap."""
    table = unembedding(spec, params)
    return Head(size=spec.vocab_size, table=table, cap=spec.logit_cap, divisor=spec.logit_divisor)


def text_rays(spec: Spec, params: Params, segments: Sequence[Sequence[int]], batch: Batch, dtype: str) -> Rays:
    """x are the losses of the segments, all positions steered; the angle is the mean one of all their positions."""
    wide = at_least_float32(dtype)
    first = min(batch)
    some = [segments[i] for i in np.unique(np.linspace(0, len(segments) - 1, TEXTS).astype(int))]
    with jax.default_matmul_precision("highest"):
        h = text_residuals(spec, params, some, first)

    def evaluate(strengths: Float[np.ndarray, " rows"], which: Int[np.ndarray, " rows"]) -> np.ndarray:
        losses = np.empty((len(which), len(segments)), wide)
        for ray in np.unique(which):
            along = {layer: jnp.asarray(v[[ray]], wide) for layer, v in batch.items()}
            with jax.default_matmul_precision("highest"):
                found = cross_entropy.segment_losses(
                    spec, params, segments, strengths[which == ray].astype(wide), along
                )
            losses[which == ray] = found
        return losses

    def limits(ray: int) -> Float[np.ndarray, "2 d"]:
        raise ValueError("the cross-entropy of texts has no curve over all strengths: give a window")

    geometry = [_geometry(spec, h, np.broadcast_to(batch[first][ray], h.shape)) for ray in _each(batch)]
    return Rays(
        evaluate=evaluate,
        maps=tuple(map_ for map_, _ in geometry),
        units=tuple(unit for _, unit in geometry),
        head=Head(size=len(segments)),
        dtype=dtype,
        limits=limits,
    )


def last_residuals(spec: Spec, params: Params, prompt: Prompt, x0: Array, layers: Sequence[int]) -> np.ndarray:
    """Unsteered outputs `[layers, d]` of the steered blocks at the prompt's end, the first block's being `x0`."""
    found = []
    for layer in range(layers[0], layers[-1] + 1):
        if layer > layers[0]:
            x0 = steering.run_block(of_block(spec, layer), params["blocks"][layer], x0)
        if layer in layers:
            found.append(np.asarray(steering.row(x0, prompt.last)[0, 0], np.float64))
    return np.stack(found)


def text_residuals(spec: Spec, params: Params, segments: Sequence[Sequence[int]], layer: int) -> np.ndarray:
    """Unsteered outputs `[positions, d]` of a block, at all the positions of all the texts from which it predicts."""
    longest = max(len(segment) for segment in segments)
    itemsize = params["embed"].dtype.itemsize
    rows = rows_within(steering.block_bytes(spec, longest, longest, itemsize), len(segments))
    found = []
    for texts in padded_batches(segments, rows, spec.max_positions if spec.positions == "learned" else None):
        x = np.asarray(steering.prefix(spec, params, texts.tokens, layer), np.float64)
        found += [x[i, : int(texts.lengths[i]) - 1] for i in range(len(texts.which))]
    return np.concatenate(found)


def _each(batch: Batch) -> range:
    return range(len(next(iter(batch.values()))))


def _geometry(spec: Spec, h: Float[np.ndarray, "places d"], v: Float[np.ndarray, "places d"]) -> tuple[AngleMap, float]:
    """The angle of residuals h pushed along v, and the strength of push 1: the geometric mean of |h| / |v|.

    A residual of 0 counts as the norm's floor sqrt(d eps); where v is 0, or unseen by the norm, the angle is that of
    push 1.
    """
    floor = spec.d_model * spec.norm_eps
    sizes, lengths = (np.linalg.norm(each, axis=1) for each in (h, v))
    moved = lengths > 0
    ratios = np.maximum(sizes[moved], floor**0.5) / lengths[moved]
    unit = float(np.exp(np.log(ratios).mean())) if moved.any() else 1.0
    return map_of(centred(spec, h), visible(spec, v), floor) or AngleMap(middle=0.0, spread=unit), unit
