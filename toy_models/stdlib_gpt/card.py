"""The model card: `python -m toy_models.stdlib_gpt.card` writes it anew from the recorded figures and the weights."""

import json
from pathlib import Path

from toy_models.cards import HASHES, SAMPLES, SCORES, filled
from toy_models.stdlib_gpt import CHECKPOINT
from toy_models.stdlib_gpt.evaluate import FIGURES
from toy_models.stdlib_gpt.train import SPEC, Training

PROMPTS = ("def remove(self, path):\n    if not os.path", "The following example")
CARD = (
    """---
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

"""
    + SCORES
    + """
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

"""
    + HASHES
    + """
"""
    + SAMPLES
    + """
## Licence

The text is CPython's, under the PSF licence; the weights are derived from it.
"""
)
MINUTES = 66


def card(directory: Path) -> str:
    """The text of the model card of a checkpoint."""
    return filled(CARD, directory, SPEC, Training(), json.loads(FIGURES.read_text()), PROMPTS, minutes=MINUTES)


if __name__ == "__main__":
    (CHECKPOINT / "README.md").write_text(card(CHECKPOINT), encoding="utf-8")
