"""How good the model is, and its card: `python -m toy_models.perl_gpt.card` measures the one and writes the other."""

import json
import subprocess

from toy_models.cards import HASHES, SAMPLES, SCORES, filled
from toy_models.perl_gpt import CHECKPOINT, DATA, corpus
from toy_models.perl_gpt.train import SPEC, TRAINING
from toy_models.stdlib_gpt.evaluate import figures

FIGURES = DATA / "figures.json"
PROMPTS = ("sub new {\n    my ($class, %args)", "This module provides")
MINUTES = 47
CARD = (
    """---
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

"""
    + SCORES
    + """
## How it was made

By the recipe of `stdlib_gpt`, shorter: {total_steps:,} updates of {batch_size} windows of {max_positions} tokens,
{passes:.2f} passes over the train side's {train_tokens:,} tokens, seed {seed}; {minutes} minutes on two CPU cores that
did much other work. `python -m toy_models.perl_gpt.train --out DIR` does it again.
Sections that name people, and mail addresses, are left out of the text. A document is held out where a hash of its name
says so.

"""
    + HASHES
    + """
"""
    + SAMPLES
    + """
## Licence

The text is Perl's, under the GPL or the Artistic licence, at your option; the weights are derived from it.
"""
)


def card(found: dict) -> str:
    """The text of the model card, given the figures."""
    return filled(CARD, CHECKPOINT, SPEC, TRAINING, found, PROMPTS, minutes=MINUTES)


def main() -> None:
    """Measure, record and describe the committed checkpoint."""
    version = subprocess.run(["perl", "-e", "print $^V"], check=True, capture_output=True, text=True).stdout
    found = figures(CHECKPOINT, corpus.documents(), perl=version.removeprefix("v"))
    FIGURES.write_text(json.dumps(found, indent=2) + "\n")
    (CHECKPOINT / "README.md").write_text(card(found), encoding="utf-8")


if __name__ == "__main__":
    main()
