"""A second language model that ships with the project, of another family, and the texts to steer it with.

A four-block GPT-2 (LayerNorm, learned positions) trained on Perl's library by the recipe of `toy_models.stdlib_gpt`,
and from held-out text prompts, contexts and segments for two concepts, as that has them.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from toy_models.shipped import NEGATIVES, USES, ShippedTexts

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool

__all__ = ["CHECKPOINT", "CONCEPTS", "DATA", "NEGATIVES", "USES"]

CHECKPOINT = Path(__file__).parent / "checkpoint"
DATA = Path(__file__).parent / "data"
CONCEPTS = ("perl_code", "uppercase")
TEXTS = ShippedTexts(data=DATA, concepts=CONCEPTS)
prompts_file, prompts, contexts_file, contexts = TEXTS.prompts_file, TEXTS.prompts, TEXTS.contexts_file, TEXTS.contexts
segments = TEXTS.segments


def target_tokens(concept: str) -> "Bool[np.ndarray, ' vocab']":
    """The concept's target set as a mask over the shipped tokenizer's vocabulary (rules in `targets.py`)."""
    from toy_models.perl_gpt.targets import target_tokens
    from toy_models.stdlib_gpt.tokenizer import load_tokenizer

    return target_tokens(load_tokenizer(CHECKPOINT), concept)
