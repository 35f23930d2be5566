"""The language model that ships with the project, and the texts to steer it with.

A four-block Llama trained on CPython's standard library (`checkpoint/`, an ordinary Hugging Face directory), and, from
text held out of its training, prompts, contexts and evaluation segments for two concepts. What builds a vector, what
measures log-odds, the contexts and the evaluation segments share no span of text.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from toy_models.shipped import NEGATIVES, USES, ShippedTexts

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool

__all__ = ["CHECKPOINT", "CONCEPTS", "DATA", "NEGATIVES", "SEGMENTS_FILE", "USES"]

CHECKPOINT = Path(__file__).parent / "checkpoint"
DATA = Path(__file__).parent / "data"
CONCEPTS = ("python_code", "uppercase")
TEXTS = ShippedTexts(data=DATA, concepts=CONCEPTS)
SEGMENTS_FILE = TEXTS.segments_file
prompts_file, prompts, contexts_file, contexts = TEXTS.prompts_file, TEXTS.prompts, TEXTS.contexts_file, TEXTS.contexts
segments = TEXTS.segments


def target_tokens(concept: str) -> "Bool[np.ndarray, ' vocab']":
    """The concept's target set as a mask over the shipped tokenizer's vocabulary (rules in `targets.py`)."""
    from toy_models.stdlib_gpt import targets
    from toy_models.stdlib_gpt.tokenizer import load_tokenizer

    return targets.target_tokens(load_tokenizer(CHECKPOINT), concept)
