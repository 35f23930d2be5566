"""The language model that ships with the project, and the texts to steer it with.

A four-block Llama trained on CPython's standard library (`checkpoint/`, an ordinary Hugging Face directory), and, from
text held out of its training, prompts, contexts and evaluation segments for two concepts. What builds a vector, what
measures log-odds, the contexts and the evaluation segments share no span of text.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool

CHECKPOINT = Path(__file__).parent / "checkpoint"
DATA = Path(__file__).parent / "data"
SEGMENTS_FILE = DATA / "segments.jsonl"
CONCEPTS = ("python_code", "uppercase")
USES = ("vector", "log_odds")
NEGATIVES = ("contrastive", "random")


def prompts_file(concept: str, use: str = "vector", negatives: str = "contrastive") -> Path:
    """The JSONL file of `{"concept", "kind", "text"}` rows."""
    _expect("concept", concept, CONCEPTS)
    _expect("use", use, USES)
    _expect("negatives", negatives, NEGATIVES)
    return DATA / f"{concept}.{use}.{negatives}.jsonl"


def prompts(concept: str, use: str = "vector", negatives: str = "contrastive") -> tuple[list[str], list[str]]:
    """`(positive, negative)` texts that build the concept's vector, or that measure its log-odds.

    Contrastive negatives carry the opposite of the concept; random ones are any held-out text.
    """
    from real_models.texts.prompts import read_prompts, texts_of

    rows = read_prompts(prompts_file(concept, use, negatives))
    return texts_of(rows, "positive"), texts_of(rows, "negative")


def contexts_file(concept: str) -> Path:
    """The JSONL file with a `{"negative": [...]}` and a `{concept: [...]}` row."""
    _expect("concept", concept, CONCEPTS)
    return DATA / f"{concept}.contexts.jsonl"


def contexts(concept: str) -> tuple[list[str], list[str]]:
    """`(negative, positive)`: 12 and 4 short prompts without and with the concept."""
    from real_models.texts.prompts import read_contexts

    rows = read_contexts(contexts_file(concept))
    return rows["negative"], rows[concept]


def segments() -> list[str]:
    """Texts of 64 tokens each, code and prose by turns, on which cross-entropy is measured."""
    from numerics.files.text import json_lines

    return [row["text"] for _, row in json_lines(SEGMENTS_FILE)]


def target_tokens(concept: str) -> "Bool[np.ndarray, ' vocab']":
    """The concept's target set as a mask over the shipped tokenizer's vocabulary (rules in `targets.py`)."""
    from toy_models.stdlib_gpt import targets
    from toy_models.stdlib_gpt.tokenizer import load_tokenizer

    return targets.target_tokens(load_tokenizer(CHECKPOINT), concept)


def _expect(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"unknown {what} {value!r}, expected one of {', '.join(known)}")
