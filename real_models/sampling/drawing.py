"""How the next token is drawn: at a temperature, among the k likeliest, among those that hold a share p, or greedily.

    p_T(z) ~ p(z)^{1/T};   cut to the tokens of the k largest logits;   cut again to the fewest that hold more than p

A token that ties with the last one kept is kept too, so that what is kept does not depend on how sorting breaks ties.
"""

from dataclasses import dataclass
from functools import partial
from math import isfinite

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

BLOCK = 128
"""Tokens of the vocabulary that are first looked at together: a token is found in two steps."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """How tokens are drawn; temperature 0 takes the likeliest. `ValueError` for what is no such thing."""

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        if not (isfinite(self.temperature) and self.temperature >= 0):
            raise ValueError(f"temperature is {self.temperature!r}, expected a number of 0 (greedy) or more")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"top_k is {self.top_k!r}, expected 1 or more, or None for all tokens")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p!r}, expected a share above 0 and up to 1, or None for all tokens")

    @property
    def cut(self) -> bool:
        """Whether some tokens are never drawn: which ones then depends on the strength."""
        return self.temperature == 0 or self.top_k is not None or (self.top_p or 1.0) < 1

    @property
    def divisor(self) -> float:
        """What divides logits; greedy texts are scored by the model's own distribution."""
        return self.temperature or 1.0


def tempered(drawing: Drawing, logits: Float[Array, "*rows vocab"]) -> Float[Array, "*rows vocab"]:
    """Log-probabilities at the temperature, nothing cut."""
    return jax.nn.log_softmax(logits / jnp.asarray(drawing.divisor, logits.dtype), axis=-1)


def kept(drawing: Drawing, log_probs: Float[Array, "rows vocab"]) -> Float[Array, "rows vocab"]:
    """Log-probabilities of what is drawn from: cut by `top_k`, then by `top_p`, and normalised again."""
    if drawing.top_k is not None and drawing.top_k < log_probs.shape[-1]:
        least = jax.lax.top_k(log_probs, drawing.top_k)[0][:, -1:]
        log_probs = jax.nn.log_softmax(jnp.where(log_probs < least, -jnp.inf, log_probs), axis=-1)
    if (share := drawing.top_p or 1.0) < 1:
        ordered = jnp.sort(log_probs, axis=-1)[:, ::-1]
        before = jnp.cumsum(jnp.exp(ordered), axis=-1) - jnp.exp(ordered)
        least = jnp.min(jnp.where(before < share, ordered, jnp.inf), axis=-1, keepdims=True)
        log_probs = jax.nn.log_softmax(jnp.where(log_probs < least, -jnp.inf, log_probs), axis=-1)
    return log_probs


def draw(drawing: Drawing, log_probs: Float[Array, "rows vocab"], uniform: Float[Array, " rows"]):
    """The token of each row: the first at which the cumulative probability exceeds a uniform number of [0, 1)."""
    if drawing.temperature == 0:
        return jnp.argmax(log_probs, axis=-1).astype(jnp.int32)
    return first_exceeding(jnp.exp(log_probs), uniform)


def first_exceeding(probs: Float[Array, "rows vocab"], uniform: Float[Array, " rows"]) -> Int[Array, " rows"]:
    """The inverse of the cumulative distribution, summed in float64, first over blocks of tokens, then inside one.

    A token of probability 0 is never taken, however sums are rounded.
    """
    rows, vocab = probs.shape
    blocks = jnp.pad(probs, ((0, 0), (0, -vocab % BLOCK))).reshape(rows, -1, BLOCK).astype(jnp.float64)
    sums = blocks.sum(axis=-1)
    cumulative = jnp.cumsum(sums, axis=-1)
    wanted = uniform * cumulative[:, -1]
    block = _first(cumulative, sums, wanted)[:, None]
    inside = jnp.take_along_axis(blocks, block[..., None], axis=1)[:, 0]
    before = jnp.take_along_axis(cumulative - sums, block, axis=1)
    return (block[:, 0] * BLOCK + _first(before + jnp.cumsum(inside, axis=-1), inside, wanted)).astype(jnp.int32)


def _first(cumulative: Float[Array, "rows n"], parts: Float[Array, "rows n"], wanted: Float[Array, " rows"]):
    """The first part of positive size whose cumulative sum exceeds what is wanted; the last one where none does."""
    positive = parts > 0
    exceeds = positive & (cumulative > wanted[:, None])
    last = parts.shape[-1] - 1 - jnp.argmax(positive[:, ::-1], axis=-1)
    return jnp.where(exceeds.any(axis=-1), jnp.argmax(exceeds, axis=-1), last)


@partial(jax.jit, static_argnames="tokens")
def uniforms(seed: Int[Array, ""], prompts: Int[Array, " rows"], draws: Int[Array, " rows"], tokens: int):
    """A stream `[rows, tokens]` of uniform numbers of [0, 1) for each text, by its prompt's number and its own.

    Streams do not depend on what else is drawn, and the beginning of a longer one is the shorter one.
    """

    def number(prompt: Int[Array, ""], text: Int[Array, ""], token: Int[Array, ""]) -> Float[Array, ""]:
        key = jax.random.key(seed, impl="threefry2x32")
        for part in (prompt, text, token):
            key = jax.random.fold_in(key, part)
        return jax.random.uniform(key, (), jnp.float64)

    of_text = jax.vmap(number, (None, None, 0))
    return jax.vmap(of_text, (0, 0, None))(prompts, draws, jnp.arange(tokens))


def divergence(steered: Float[Array, "*rows vocab"], unsteered: Float[Array, "*rows vocab"]) -> Float[Array, "*rows"]:
    """`KL(p_alpha, p) = sum p_alpha (d + e^{-d} - 1)`, `d = log p_alpha - log p`: no term is negative."""
    d = steered - unsteered
    return jnp.sum(jnp.exp(steered) * jnp.where(jnp.abs(d) < 0.01, small(d), d + jnp.expm1(-d)), axis=-1)


def small(d: Float[Array, "*rows"]) -> Float[Array, "*rows"]:
    """`d + e^{-d} - 1` for small d, by its series: nothing cancels."""
    return d * d * (0.5 - d * (1 / 6 - d * (1 / 24 - d / 120)))


def entropy(log_probs: Float[Array, "*rows vocab"]) -> Float[Array, "*rows"]:
    """`-sum p log p`."""
    return -jnp.sum(jnp.exp(log_probs) * log_probs, axis=-1)
