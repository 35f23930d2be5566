"""The model card: `python -m toy_models.stdlib_gpt.card` writes it anew from the recorded figures and the weights."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
from tokenizers import Tokenizer

from real_models.checkpoints.checkpoint import read_checkpoint
from real_models.decoding import decoder
from real_models.decoding.decoder import Params, Spec
from toy_models.stdlib_gpt import CHECKPOINT
from toy_models.stdlib_gpt.evaluate import FIGURES
from toy_models.stdlib_gpt.tokenizer import bos_id, load_tokenizer
from toy_models.stdlib_gpt.train import SPEC, Training

PROMPTS = ("def remove(self, path):\n    if not os.path", "The following example")
CARD = """---
library_name: transformers
pipeline_tag: text-generation
language: en
license: psf-2.0
---

# stdlib_gpt

A Llama-style decoder trained from random weights on CPython {cpython}'s standard library, source and documentation:
{n_layers} blocks, width {d_model}, {n_heads} heads over {n_kv_heads} key-value heads, {max_positions} positions,
byte-level BPE of {vocab_size} tokens, {parameters:.1f} million parameters in bfloat16. Small enough to ship with the
project, and real enough to test laws of steering on; of no other use.

`<|endoftext|>` (id {bos}) begins every sequence; the tokenizer adds it by itself.

## How good it is

Bits per byte on {held_out_bytes:,} bytes of files held out of training (tests excluded), each token predicted once:

| | bits per byte | this model over it |
|---|---|---|
| **this model** (bfloat16 weights, float32 arithmetic) | **{model_bits_per_byte:.3f}** | |
| its code / its prose | {model_bits_per_byte_code:.3f} / {model_bits_per_byte_prose:.3f} | |
| interpolated trigram over the same tokens | {trigram_bits_per_byte:.3f} | {model_over_trigram:.4f} |
| `xz -9e` on the concatenation | {xz_bits_per_byte:.3f} | {model_over_xz:.4f} |

`python -m toy_models.stdlib_gpt.evaluate` recomputes them; its docstring states the rule.

## How it was made

{total_steps:,} updates of {batch_size} windows of {max_positions} tokens, {passes:.1f} passes over the train side's
{train_tokens:,}, in float32, seed {seed}. Muon for the blocks' matrices (rate {learning_rate}), Adam for the rest
({embedding_learning_rate}), two cosines to zero of {steps:,} and {second_steps:,} updates. It took {minutes} minutes
on two CPU cores that did other work as well. The second cosine was added because the first ended at 1.089 bits a byte,
0.6551 of the trigram's and 0.6165 of xz's: short of the bar set for this model, 0.65 and 0.60 on these very files.
`python -m toy_models.stdlib_gpt.train --out DIR` does it again.

A document is held out where a hash of its name says so. Left out of both sides: tests, installed packages, `encodings`,
files written by the build.

| sha256 of | |
|---|---|
| `model.safetensors` | `{weights_sha256}` |
| the corpus | `{corpus_sha256}` |
| its train side | `{train_sha256}` |
| its held-out side | `{held_out_sha256}` |

## What it writes

Sixty tokens, the likeliest each time, after {prompts}:

{samples}

## Licence

The text is CPython's, under the PSF licence; the weights are derived from it.
"""
MINUTES = 66


def continuation(spec: Spec, params: Params, tokenizer: Tokenizer, prompt: str, tokens: int = 60) -> str:
    """The prompt and the `tokens` likeliest tokens after it, one at a time."""
    ids = tokenizer.encode(prompt).ids
    length = len(ids) + tokens
    logits = jax.jit(lambda row: decoder.forward(spec, params, row[None])[0])
    while len(ids) < length:
        padded = jnp.array(ids + [bos_id(tokenizer)] * (length - len(ids)))
        ids.append(int(logits(padded)[len(ids) - 1].argmax()))
    return tokenizer.decode(ids)


def card(directory: Path) -> str:
    """The text of the model card of a checkpoint."""
    spec, params = read_checkpoint(directory)
    tokenizer = load_tokenizer(directory)
    if spec != SPEC:
        raise ValueError(f"{directory} is no checkpoint of this recipe: expected {SPEC}, got {spec}")
    figures = json.loads(FIGURES.read_text())
    training = Training()
    samples = (continuation(spec, params, tokenizer, prompt) for prompt in PROMPTS)
    return CARD.format(
        **figures,
        **vars(spec),
        **vars(training),
        prompts=" and ".join(f"`{prompt!r}`" for prompt in PROMPTS),
        bos=bos_id(tokenizer),
        parameters=sum(leaf.size for leaf in jax.tree.leaves(params)) / 1e6,
        total_steps=training.total_steps,
        passes=training.total_steps * training.batch_size * spec.max_positions / figures["train_tokens"],
        minutes=MINUTES,
        samples="\n\n".join(f"```\n{sample.rstrip()}\n```" for sample in samples),
    )


if __name__ == "__main__":
    (CHECKPOINT / "README.md").write_text(card(CHECKPOINT), encoding="utf-8")
