"""What the cards of the shipped models have in common: scores, hashes, and what a model writes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from tokenizers import Tokenizer

from real_models.checkpoints.checkpoint import read_checkpoint
from real_models.decoding import decoder
from real_models.decoding.decoder import Params, Spec
from toy_models.stdlib_gpt.tokenizer import bos_id, load_tokenizer

SCORES = """| | bits per byte | this model over it |
|---|---|---|
| **this model** (bfloat16 weights, float32 arithmetic) | **{model_bits_per_byte:.3f}** | |
| its code / its prose | {model_bits_per_byte_code:.3f} / {model_bits_per_byte_prose:.3f} | |
| interpolated trigram over the same tokens | {trigram_bits_per_byte:.3f} | {model_over_trigram:.4f} |
| `xz -9e` on the concatenation | {xz_bits_per_byte:.3f} | {model_over_xz:.4f} |
"""
HASHES = """| sha256 of | |
|---|---|
| `model.safetensors` | `{weights_sha256}` |
| the corpus | `{corpus_sha256}` |
| its train side | `{train_sha256}` |
| its held-out side | `{held_out_sha256}` |
"""
SAMPLES = """## What it writes

Sixty tokens, the likeliest each time, after {prompts}:

{samples}
"""


def filled(
    card: str,
    checkpoint: Path,
    recipe: Spec,
    training: Any,
    found: Mapping[str, Any],
    prompts: Sequence[str],
    **more: Any,
) -> str:
    """The text of a card, its blanks filled: by the model's own sizes, those of its training, and the figures `found`.

    A checkpoint of another shape than the recipe's is a `ValueError`.
    """
    spec, params = read_checkpoint(checkpoint)
    tokenizer = load_tokenizer(checkpoint)
    if spec != recipe:
        raise ValueError(f"{checkpoint} is no checkpoint of this recipe: expected {recipe}, got {spec}")
    samples = (continuation(spec, params, tokenizer, prompt) for prompt in prompts)
    seen = training.total_steps * training.batch_size * spec.max_positions
    return card.format(
        **found,
        **vars(spec),
        **vars(training),
        prompts=" and ".join(f"`{prompt!r}`" for prompt in prompts),
        bos=bos_id(tokenizer),
        parameters=sum(leaf.size for leaf in jax.tree.leaves(params)) / 1e6,
        total_steps=training.total_steps,
        passes=seen / found["train_tokens"],
        samples="\n\n".join(f"```\n{sample.rstrip()}\n```" for sample in samples),
        **more,
    )


def continuation(spec: Spec, params: Params, tokenizer: Tokenizer, prompt: str, tokens: int = 60) -> str:
    """The prompt and the `tokens` likeliest tokens after it, one at a time."""
    ids = tokenizer.encode(prompt).ids
    length = len(ids) + tokens
    logits = jax.jit(lambda row: decoder.forward(spec, params, row[None])[0])
    while len(ids) < length:
        padded = jnp.array(ids + [bos_id(tokenizer)] * (length - len(ids)))
        ids.append(int(logits(padded)[len(ids) - 1].argmax()))
    return tokenizer.decode(ids)
