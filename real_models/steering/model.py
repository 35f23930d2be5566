"""A language model as a function of the steering strength: `load_model(path_or_id).logits(tokens, strengths, ...)`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.jet import jet
from jax.sharding import Mesh
from jaxtyping import Array, Float

from numerics.observing.curves.head import Head
from numerics.observing.curves.rays import Rays
from real_models.checkpoints.checkpoint import read_checkpoint, resolve_dtype
from real_models.checkpoints.end_tokens import read_end_tokens
from real_models.checkpoints.hub import find_checkpoint
from real_models.checkpoints.stored import read_object
from real_models.checkpoints.tokenizer import read_chat_template, read_tokenizer
from real_models.decoding.batching import bucket, chunk_of, in_chunks
from real_models.decoding.decoder import Params, Spec, at_least_float32
from real_models.steering import cross_entropy, inputs, rays, sensitivity, steering
from real_models.steering.inputs import Layers, Positions, Segments, Strengths, Tokens, Vector, VectorBatch
from real_models.steering.steering import STRENGTHS_AXIS, Prompt, Vectors, split
from real_models.texts.encoding import encode

Moving = tuple[Array, list[Array]]
"""What moves with the strength, and its derivatives in it, from the first on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LanguageModel:
    """A decoder with its weights, steered by `x_{l+1} <- x_{l+1} + alpha v` at the output of block `l` (0-based).

    `tokens` is a list of ids, or a string, which the tokenizer encodes by its own rule (a beginning-of-text token
    included where it has one). `layer` may be a list of blocks; `vector` then is `[layers, d]`. Strengths and vectors
    are converted to the compute dtype `dtype`; logits come in that dtype, in float32 where it is narrower.
    `chat_template` is the Jinja template by which its maker wraps a conversation; a prompt goes in as it is.
    `end_tokens` are the ids of the tokens with which it ends a text.
    `mesh` is where the model lies if it is spread over several devices (`shard_model`).
    Bad input is a `ValueError` of one line.
    """

    name: str
    spec: Spec
    params: Params = field(repr=False)
    tokenizer: Any = field(default=None, repr=False)
    chat_template: str | None = field(default=None, repr=False)
    end_tokens: tuple[int, ...] = ()
    dtype: str = "float32"
    mesh: Mesh | None = field(default=None, repr=False)

    @property
    def n_layers(self) -> int:
        """Number of blocks."""
        return self.spec.n_layers

    @property
    def d_model(self) -> int:
        """Width d of the residual stream."""
        return self.spec.d_model

    @property
    def vocab_size(self) -> int:
        """V, the number of tokens."""
        return self.spec.vocab_size

    def logits(
        self,
        tokens: Tokens,
        strengths: Strengths,
        *,
        layer: Layers,
        vector: Vector,
        positions: Positions = "all",
    ) -> Float[Array, "strengths vocab"]:
        """Next-token logits after the prompt, at every strength; `positions="last"` steers its last position only."""
        batch = self._one(layer, vector)
        return self._rows(tokens, strengths, batch, positions, steering.final_logits)

    def logits_each(
        self,
        tokens: Tokens,
        strengths: Strengths,
        *,
        layer: Layers,
        vectors: VectorBatch,
        positions: Positions = "all",
    ) -> Float[Array, "vectors strengths vocab"]:
        """`logits` for each of many vectors `[vectors, d]` (for a list of blocks `[vectors, layers, d]`), in one batch.

        What comes before the first steered block is computed once for all of them.
        """
        batch = inputs.steering_vectors(self.spec, self.name, layer, vectors, many=True)
        rows = self._rows(tokens, strengths, batch, positions, steering.final_logits)
        return rows.reshape(len(next(iter(batch.values()))), -1, self.vocab_size)

    def derivative(
        self,
        tokens: Tokens,
        strengths: Strengths,
        *,
        layer: Layers,
        vector: Vector,
        positions: Positions = "all",
    ) -> Float[Array, "strengths vocab"]:
        """The exact derivative of `logits` in the strength, at every strength, by forward-mode differentiation."""
        return self._rows(tokens, strengths, self._one(layer, vector), positions, steering.final_slopes, order=1)

    def derivatives(
        self,
        tokens: Tokens,
        strengths: Strengths,
        order: int,
        *,
        layer: Layers,
        vector: Vector,
        positions: Positions = "all",
    ) -> Float[Array, "order+1 strengths vocab"]:
        """`logits` and their exact derivatives in the strength up to `order`, by forward or, beyond 1, Taylor mode."""
        if not isinstance(order, int) or order < 1:
            raise ValueError(f"order is {order!r}, expected a positive integer")

        def head(spec: Spec, weights: Params, x: Array, *moving: Array) -> Float[Array, "order+1 rows vocab"]:
            logits, terms = along(lambda at: steering.final_logits(spec, weights, at), (x, list(moving)))
            return jnp.stack([logits, *terms])

        return self._rows(tokens, strengths, self._one(layer, vector), positions, head, order)

    def residual(self, tokens: Tokens, layer: int) -> Float[Array, "position d"]:
        """The unsteered output of block `layer` at every position of the prompt."""
        ids, block = self.encode(tokens), inputs.block_number(self.spec, self.name, layer)
        return _first(self._residual(ids, block), len(ids))

    def gradients(self, tokens: Tokens, measure: sensitivity.Measure) -> Float[Array, "layers d"]:
        """The gradient of a number made of the next token's logits in what is added to each block's output.

        It is added at every position, and the gradient is taken at none: its product with a vector is the derivative of
        the number in the strength of that vector, at strength 0.
        """
        dtype = at_least_float32(resolve_dtype(self.dtype)).name
        return sensitivity.gradients(self.spec, self.params, self._prompt(self.encode(tokens)), measure, dtype)

    def position_logits(self, tokens: Tokens) -> Float[Array, "position vocab"]:
        """Unsteered logits after every position of the prompt: row i predicts token i + 1."""
        ids = self.encode(tokens)
        weights = steering.unembedding_weights(self.spec, self.params)
        residual = self._residual(ids, self.n_layers - 1)
        with jax.default_matmul_precision("highest"):
            return _first(steering.final_logits(self.spec, weights, residual[:, None]), len(ids))

    def _residual(self, ids: list[int], block: int) -> Float[Array, "padded d"]:
        with jax.default_matmul_precision("highest"):
            return steering.prefix(self.spec, self.params, self._prompt(ids).tokens, block)[0]

    def cross_entropy(
        self,
        segments: Segments,
        strengths: Strengths,
        *,
        layer: Layers,
        vector: Vector,
        own: bool = False,
    ) -> Float[Array, "strengths segments"]:
        """Mean next-token cross-entropy (nats per token) of each segment of text, every position steered.

        Of a segment of n tokens, n - 1 are predicted, from those before them in it; segments may differ in length.
        With `own` it is not the text's tokens that count, but the model's own unsteered distributions after them.
        """
        rows = inputs.text_segments(self.spec, self.name, segments)
        values, vectors = self._steering(strengths, self._one(layer, vector))
        with jax.default_matmul_precision("highest"):
            return cross_entropy.segment_losses(self.spec, self.params, rows, values, vectors, own=own)

    @property
    def head(self) -> Head:
        """What makes logits of normed residuals."""
        return rays.head_of(self.spec, self.params)

    def rays(self, tokens: Tokens, *, layer: Layers, vectors: VectorBatch, positions: Positions = "all") -> Rays:
        """The normed last residual after the prompt as a function of the strength along each of the vectors.

        It is what `steerlaw.steered_curve` interpolates; `vectors` as for `logits_each`.
        """
        batch = inputs.steering_vectors(self.spec, self.name, layer, vectors, many=True)
        prompt, steered = self._prompt(self.encode(tokens)), steering.residuals_of(positions)
        return rays.prompt_rays(self.spec, self.params, prompt, batch, steered, self.dtype, self.mesh)

    def text_rays(self, segments: Segments, *, layer: Layers, vectors: VectorBatch) -> Rays:
        """The cross-entropy of each segment of text as a function of the strength along each of the vectors."""
        batch = inputs.steering_vectors(self.spec, self.name, layer, vectors, many=True)
        rows = inputs.text_segments(self.spec, self.name, segments)
        return rays.text_rays(self.spec, self.params, rows, batch, self.dtype)

    def encode(self, tokens: Tokens) -> list[int]:
        """Token ids of a prompt: a string goes through the tokenizer and its own rule for special tokens."""
        if not isinstance(tokens, str):
            return inputs.token_ids(self.spec, self.name, tokens)
        if self.tokenizer is None:
            raise ValueError(f"{self.name} has no tokenizer.json: give the prompt as a list of token ids")
        return inputs.token_ids(self.spec, self.name, encode(self.tokenizer, f"{self.name}: a prompt", tokens))

    def _rows(self, tokens, strengths, batch, positions, head, order=0) -> Float[Array, "*order rows vocab"]:
        """`head` of the last residuals, and their derivatives up to `order`, steered along each vector in turn.

        Residuals are computed as many rows at a time as memory allows; the unembedding is then read once for all.
        """
        steered = steering.residuals_of(positions)
        prompt = self._prompt(self.encode(tokens))
        values, vectors = self._steering(strengths, batch)
        width = prompt.tokens.shape[1]
        bytes_each = steering.block_bytes(self.spec, width if positions == "all" else 1, width, values.dtype.itemsize)
        count = len(next(iter(vectors.values())))
        rows, which = np.tile(values, count), np.repeat(np.arange(count), len(values))
        weights = steering.unembedding_weights(self.spec, self.params)
        with jax.default_matmul_precision("highest"):
            x0 = steering.prefix(self.spec, self.params, prompt.tokens, min(vectors))
            residuals = steered(self.spec, self.params, prompt, x0, vectors)

            def moving(s: Array, which: Array) -> tuple[Array, ...]:
                terms = [jnp.ones_like(s), *[jnp.zeros_like(s)] * (order - 1)] if order else []
                x, terms = along(lambda at: residuals(at, which), (s, terms))
                return x, *terms

            share = 1 if self.mesh is None else self.mesh.shape[STRENGTHS_AXIS]
            chunk = chunk_of((order + 1) * bytes_each, -(-len(rows) // share)) * share
            found = in_chunks(moving if self.mesh is None else split(moving, self.mesh), chunk, rows, which)
            return _first(head(self.spec, weights, *found), len(rows), axis=-2)

    def _one(self, layer: Layers, vector: Vector) -> dict[int, np.ndarray]:
        """A batch of one vector."""
        vectors = inputs.steering_vectors(self.spec, self.name, layer, vector)
        return {block: v[None] for block, v in vectors.items()}

    def _prompt(self, ids: list[int]) -> Prompt:
        width = bucket(len(ids))
        width = min(width, self.spec.max_positions) if self.spec.positions == "learned" else width
        padded = np.zeros((1, width), np.int32)
        padded[0, : len(ids)] = ids
        return Prompt(tokens=jnp.asarray(padded), last=jnp.asarray(len(ids) - 1, jnp.int32))

    def _steering(self, strengths: Strengths, batch: dict[int, np.ndarray]) -> tuple[np.ndarray, Vectors]:
        """Strengths, checked, and vectors in the dtype they are multiplied in."""
        dtype = at_least_float32(resolve_dtype(self.dtype))
        values = inputs.strength_values(strengths).astype(dtype)
        return values, {block: jnp.asarray(v, dtype) for block, v in batch.items()}


def along(function: Callable[[Array], Array], path: Moving) -> Moving:
    """Where a function takes what moves: by forward mode to first order, by Taylor mode beyond."""
    start, terms = path
    if not terms:
        return function(start), []
    if len(terms) == 1:
        value, slope = jax.jvp(function, (start,), (terms[0],))
        return value, [slope]
    return jet(function, (start,), (terms,))


def _first(rows: Float[Array, "..."], count: int, axis: int = 0) -> Float[Array, "..."]:
    """The first rows; cut outside JAX, which would compile a slice for every count."""
    if rows.shape[axis] == count:
        return rows
    return jnp.asarray(np.moveaxis(np.moveaxis(np.asarray(rows), axis, 0)[:count], 0, axis))


def load_model(path_or_id: str | PathLike[str], dtype: str = "float32") -> LanguageModel:
    """The model of a checkpoint directory, or of a hub id such as "openai-community/gpt2".

    `dtype` is what it computes in: "float32", "bfloat16" or "float64". Bad input is a `ValueError` of one line.

    >>> model = load_model("toy_models/stdlib_gpt/checkpoint")                                     # doctest: +SKIP
    >>> model.logits("def f(", [-1.0, 0.0, 1.0], layer=1, vector=vector).shape                     # doctest: +SKIP
    (3, 4096)
    """
    resolve_dtype(dtype)
    directory = find_checkpoint(str(path_or_id))
    spec, params = read_checkpoint(directory, dtype)
    config = read_object(directory / "config.json", "")
    return LanguageModel(
        name=Path(path_or_id).resolve().name if directory == Path(path_or_id).expanduser() else str(path_or_id),
        spec=spec,
        params=params,
        tokenizer=read_tokenizer(directory, config),
        chat_template=read_chat_template(directory),
        end_tokens=read_end_tokens(directory, config, spec.vocab_size),
        dtype=dtype,
    )
