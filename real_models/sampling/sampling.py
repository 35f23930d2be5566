"""`sample`: texts from a steered model, many prompts and strengths at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from real_models.checkpoints.checkpoint import resolve_dtype
from real_models.decoding.decoder import at_least_float32
from real_models.sampling.batches import Wanted, batches
from real_models.sampling.decoding import finish, start
from real_models.sampling.drawing import Drawing
from real_models.sampling.texts import SampledTexts
from real_models.steering.inputs import Layers, Strengths, Tokens, Vector, steering_vectors, strength_values
from real_models.steering.model import LanguageModel
from real_models.texts.encoding import guarded


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """Texts in a row each, as they were drawn: see `SampledTexts`."""

    tokens: Int[np.ndarray, "texts tokens"]
    log_prob: Float[np.ndarray, "texts tokens"]
    divergence: Float[np.ndarray, "texts tokens"]
    entropy: Float[np.ndarray, "texts tokens"]
    lengths: Int[np.ndarray, " texts"]
    ended: Bool[np.ndarray, " texts"]


def sample(
    model: LanguageModel,
    prompts: Sequence[Tokens],
    strengths: Strengths,
    *,
    layer: Layers,
    vector: Vector,
    tokens: int,
    samples: int = 1,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int = 0,
    end_tokens: Sequence[int] | None = None,
    batch: int | None = None,
    divergences: bool = True,
) -> SampledTexts:
    """`samples` texts of at most `tokens` tokens after every prompt at every strength, steered at every position.

    Temperature 0 is greedy. A text ends with one of `end_tokens` (None: the model's own; empty: never). Its random
    numbers follow from the seed, its prompt's place in the list and its own number among the samples: they are the same
    at every strength, which sharpens differences between strengths, and do not depend on `batch`, the number of texts
    drawn at a time (None: as many as fit in memory). Without `divergences`, which are then NaN, nothing runs
    beside the steered texts, which saves up to half. `ValueError` of one line for bad input.

    >>> sample(model, ["def f("], [0.0, 2.0], layer=2, vector=v, tokens=48, samples=12).tokens.shape   # doctest: +SKIP
    (1, 2, 12, 48)
    """
    drawing = Drawing(temperature=temperature, top_k=top_k, top_p=top_p)
    ids, values = prompt_ids(model, prompts, tokens), strength_values(strengths)
    if samples < 1:
        raise ValueError(f"samples is {samples!r}, expected 1 or more texts per prompt and strength")
    shape = len(ids), len(values), samples
    prompt, at, stream = (n.reshape(-1) for n in np.indices(shape))
    drawn = draw_texts(
        model,
        ids,
        Wanted(prompt=prompt, strength=values[at], stream=stream),
        layer=layer,
        vector=vector,
        tokens=tokens,
        drawing=drawing,
        seed=seed,
        ends=end_tokens,
        batch=batch,
        divergences=divergences,
    )
    tables = {name: column.reshape(*shape, *column.shape[1:]) for name, column in vars(drawn).items()}
    return SampledTexts(
        model=model.name,
        layer=list(np.atleast_1d(layer).tolist()),
        prompts=ids,
        prompt_texts=[p if isinstance(p, str) else decoded(model, p) for p in prompts],
        strengths=values,
        **tables,
        texts=np.array(texts_of(model, drawn), object).reshape(shape),
        drawing=drawing,
        seed=seed,
        dtype=model.dtype,
    )


def prompt_ids(model: LanguageModel, prompts: Sequence[Tokens], tokens: int) -> list[list[int]]:
    """The prompts' token ids; texts of so many tokens after them have to fit the positions of the model."""
    if isinstance(prompts, str) or len(prompts) == 0:
        raise ValueError(f"prompts are {prompts!r}, expected a list of one prompt or more")
    if tokens < 1:
        raise ValueError(f"tokens is {tokens!r}, expected 1 or more")
    ids = [model.encode(prompt) for prompt in prompts]
    longest, most = max(map(len, ids)), model.spec.max_positions
    if model.spec.positions == "learned" and longest + tokens - 1 > most:
        raise ValueError(
            f"a prompt of {longest} tokens and a text of {tokens} do not fit the {most} positions of {model.name};"
            f" ask for at most {max(0, most + 1 - longest)} tokens, or shorten the prompt"
        )
    return ids


def draw_texts(
    model: LanguageModel,
    prompts: Sequence[list[int]],
    wanted: Wanted,
    *,
    layer: Layers,
    vector: Vector,
    tokens: int,
    drawing: Drawing,
    seed: int,
    ends: Sequence[int] | None = None,
    batch: int | None = None,
    divergences: bool = True,
) -> Draws:
    """The wanted texts, in their order."""
    found = steering_vectors(model.spec, model.name, layer, vector)
    wide = at_least_float32(resolve_dtype(model.dtype))
    vectors = {block: jnp.asarray(v[None], wide) for block, v in found.items()}
    stops = end_tokens_of(model, ends)
    if batch is not None and batch < 1:
        raise ValueError(f"batch is {batch!r}, expected 1 or more texts at a time")
    parts = []
    with jax.default_matmul_precision("highest"):
        cut = batches(model.spec, min(found), prompts, wanted, tokens=tokens, seed=seed, dtype=model.dtype, rows=batch)
        for where, begun, rows in cut:
            caches = start(model.spec, model.params, vectors, begun, rows, tokens, divergences)
            drawn = finish(model.spec, drawing, stops, model.params, vectors, rows, caches, beside=divergences)
            parts.append([np.asarray(column)[: where.stop - where.start] for column in drawn])
    ids, log_prob, divergence, entropy, lengths = (np.concatenate(column) for column in zip(*parts, strict=True))
    last = np.take_along_axis(ids, lengths[:, None] - 1, axis=1)
    return Draws(
        tokens=np.where(np.arange(tokens) < lengths[:, None], ids, last),
        log_prob=log_prob,
        divergence=divergence,
        entropy=entropy,
        lengths=lengths,
        ended=np.isin(last[:, 0], stops),
    )


def end_tokens_of(model: LanguageModel, ends: Sequence[int] | None) -> tuple[int, ...]:
    """The tokens that end a text: those asked for, which have to be tokens, or the model's own."""
    if ends is None:
        return tuple(sorted(model.end_tokens))
    if wrong := [n for n in ends if not isinstance(n, int | np.integer) or not 0 <= n < model.vocab_size]:
        raise ValueError(f"end token {wrong[0]!r}: expected token ids of {model.name}, 0 to {model.vocab_size - 1}")
    return tuple(sorted({int(n) for n in ends}))


def texts_of(model: LanguageModel, drawn: Draws) -> list[str]:
    """The words of each text, without special tokens."""
    return [decoded(model, ids[:n]) for ids, n in zip(drawn.tokens, drawn.lengths, strict=True)]


def decoded(model: LanguageModel, ids: Any) -> str:
    """The words that token ids stand for; "" where there is no tokenizer."""
    if model.tokenizer is None:
        return ""
    listed = np.asarray(ids).tolist()
    return guarded(model.name, lambda: model.tokenizer.decode(listed), "has a tokenizer that cannot read its tokens")
