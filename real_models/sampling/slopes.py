"""How a text's log-probability moves with the strength at strength 0: exact derivatives, of unsteered texts alone.

s_t = d/dalpha log p_alpha(y_t | y_<t),    S = sum_t s_t,    S' = dS/dalpha,    all at alpha = 0
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from real_models.decoding.decoder import Params, Spec, at_least_float32
from real_models.sampling.drawing import Drawing
from real_models.sampling.rescoring import Chunk, Ids, chunks, log_probs_at
from real_models.steering.inputs import Layers, Vector
from real_models.steering.model import LanguageModel

TABLES = 12
"""Numbers held at once a token of the vocabulary, at each token of a text: the law and its two derivatives."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TextSlopes:
    """Of each text S and S' at strength 0, and token by token the unsteered variance of s_t given what precedes.

    `information[n, t] = sum_z p(z | y_<t) s_t(z)^2` in nats per strength squared, 0 after the text's end; its mean over
    unsteered texts, summed over tokens, is the Fisher information `I(0) = E[S^2]`.
    """

    first: Float[np.ndarray, " texts"]
    second: Float[np.ndarray, " texts"]
    information: Float[np.ndarray, "texts tokens"]


def text_slopes(
    model: LanguageModel,
    prompts: Sequence[Ids],
    texts: Sequence[Ids],
    *,
    layer: Layers,
    vector: Vector,
    drawing: Drawing | None = None,
) -> TextSlopes:
    """The slopes of texts (token ids), each after its own prompt, steered at every position; two forward derivatives.

    Of a `drawing` the temperature counts; one that cuts tokens is a `ValueError`.
    """
    drawing, found = drawing or Drawing(), []
    with jax.default_matmul_precision("highest"):
        how = {"layer": layer, "vector": vector, "drawing": drawing, "tables": TABLES}
        for where, chunk, vectors in chunks(model, prompts, texts, **how):
            columns = _at_zero(model.spec, drawing, model.params, vectors, chunk)
            found.append([np.asarray(column, np.float64)[: where.stop - where.start] for column in columns])
    first, second, information = (np.concatenate(column) for column in zip(*found, strict=True))
    return TextSlopes(first=first, second=second, information=information)


@partial(jax.jit, static_argnames=("spec", "drawing"))
def _at_zero(
    spec: Spec, drawing: Drawing, params: Params, vectors: Mapping, chunk: Chunk
) -> tuple[Float[Array, " texts"], Float[Array, " texts"], Float[Array, "texts tokens"]]:
    """S, S' and the variances of the steps; sums over tokens in float64."""
    zero = jnp.zeros((), at_least_float32(chunk.x0.dtype))
    one = jnp.ones_like(zero)

    def moving(strength: Float[Array, ""]) -> tuple[Array, Array]:
        """The log-probabilities and their derivative."""
        return jax.jvp(partial(log_probs_at, spec, drawing, params, vectors, chunk), (strength,), (one,))

    def own(table: Float[Array, "texts tokens vocab"]) -> Float[Array, "texts tokens"]:
        """Of the texts' own tokens."""
        taken = jnp.take_along_axis(table, chunk.targets[..., None], axis=-1)[..., 0]
        return jnp.where(chunk.real, taken, 0)

    (log_probs, slopes), (_, bends) = jax.jvp(moving, (zero,), (one,))
    information = jnp.sum(jnp.exp(log_probs) * slopes * slopes, axis=-1)
    total, bend = (jnp.sum(own(table), axis=1, dtype=jnp.float64) for table in (slopes, bends))
    return total, bend, jnp.where(chunk.real, information, 0)
