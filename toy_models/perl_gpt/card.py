"""How good the model is, and its card: `python -m toy_models.perl_gpt.card` measures the one and writes the other."""

import json
import subprocess

import jax

from real_models.checkpoints.checkpoint import read_checkpoint
from toy_models.perl_gpt import CHECKPOINT, DATA, corpus
from toy_models.perl_gpt.train import SPEC, TRAINING
from toy_models.stdlib_gpt.card import continuation
from toy_models.stdlib_gpt.evaluate import figures
from toy_models.stdlib_gpt.tokenizer import load_tokenizer

FIGURES = DATA / "figures.json"
PROMPTS = ("sub new {\n    my ($class, %args)", "This module provides")
MINUTES = 47
CARD = """---
library_name: transformers
pipeline_tag: text-generation
language: en
license: other
---

# perl_gpt

A GPT-2 (LayerNorm, learned positions) trained from random weights on the library of Perl {perl}, code and
documentation, as Debian carries it: {n_layers} blocks, width {d_model}, {n_heads} heads, {max_positions} positions,
byte-level BPE of {vocab_size} tokens, {parameters:.1f} million parameters in bfloat16. It is
the second family behind the claims of this project, and of no other use.

`<|endoftext|>` (id 0) begins every sequence; the tokenizer adds it by itself.

## How good it is

Bits per byte on {held_out_bytes:,} bytes of files held out of training, each token predicted once:

| | bits per byte | this model over it |
|---|---|---|
| **this model** (bfloat16 weights, float32 arithmetic) | **{model_bits_per_byte:.3f}** | |
| its code / its prose | {model_bits_per_byte_code:.3f} / {model_bits_per_byte_prose:.3f} | |
| interpolated trigram over the same tokens | {trigram_bits_per_byte:.3f} | {model_over_trigram:.4f} |
| `xz -9e` on the concatenation | {xz_bits_per_byte:.3f} | {model_over_xz:.4f} |

## How it was made

By the recipe of `stdlib_gpt`, shorter: {total_steps:,} updates of {batch_size} windows of {max_positions} tokens,
{passes:.2f} passes over the train side's {train_tokens:,} tokens, seed {seed}; {minutes} minutes on two CPU cores that
did much other work. `python -m toy_models.perl_gpt.train --out DIR` does it again.
Sections that name people, and mail addresses, are left out of the text. A document is held out where a hash of its name
says so.

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

The text is Perl's, under the GPL or the Artistic licence, at your option; the weights are derived from it.
"""


def card(found: dict) -> str:
    """The text of the model card, given the figures."""
    spec, params = read_checkpoint(CHECKPOINT)
    if spec != SPEC:
        raise ValueError(f"{CHECKPOINT} is no checkpoint of this recipe: expected {SPEC}, got {spec}")
    samples = (continuation(spec, params, load_tokenizer(CHECKPOINT), prompt) for prompt in PROMPTS)
    return CARD.format(
        **found,
        **vars(spec),
        **vars(TRAINING),
        prompts=" and ".join(f"`{prompt!r}`" for prompt in PROMPTS),
        parameters=sum(leaf.size for leaf in jax.tree.leaves(params)) / 1e6,
        total_steps=TRAINING.total_steps,
        passes=TRAINING.total_steps * TRAINING.batch_size * spec.max_positions / found["train_tokens"],
        minutes=MINUTES,
        samples="\n\n".join(f"```\n{sample.rstrip()}\n```" for sample in samples),
    )


def main() -> None:
    """Measure, record and describe the committed checkpoint."""
    version = subprocess.run(["perl", "-e", "print $^V"], check=True, capture_output=True, text=True).stdout
    found = figures(CHECKPOINT, corpus.documents(), perl=version.removeprefix("v"))
    FIGURES.write_text(json.dumps(found, indent=2) + "\n")
    (CHECKPOINT / "README.md").write_text(card(found), encoding="utf-8")


if __name__ == "__main__":
    main()
