"""What the commands that steer a checkpoint are given: vectors by layer, and a concept's words."""

from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from real_models import LanguageModel, read_vectors


def chosen_vectors(path: str | Path, layer: int | None) -> dict[int, Float[np.ndarray, " d"]]:
    """The file's vectors by layer, or the one asked for; a layer that it does not hold is a `ValueError`."""
    vectors = read_vectors(path).vectors
    if layer is None:
        return vectors
    if layer not in vectors:
        raise ValueError(f"{path}: holds layers {sorted(vectors)}, not {layer}; choose one of them")
    return {layer: vectors[layer]}


def one_vector(path: str | Path, layer: int | None) -> tuple[int, Float[np.ndarray, " d"]]:
    """The layer asked for and its vector; without one the file must hold a single layer."""
    vectors = chosen_vectors(path, layer)
    if len(vectors) > 1:
        raise ValueError(f"{path}: holds layers {sorted(vectors)}; choose one with --layer")
    return next(iter(vectors.items()))


def read_words(path: str | Path) -> frozenset[str]:
    """The words of a text file, one a line or separated by spaces."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file")
    words = frozenset(Path(path).read_text(encoding="utf-8").split())
    if not words:
        raise ValueError(f"{path}: holds no words, expected the concept's target words, one a line")
    return words


def word_tokens(model: LanguageModel, words: frozenset[str]) -> Bool[np.ndarray, " vocab"]:
    """The tokens whose stripped text is one of the words."""
    mask = np.array([model.tokenizer.decode([z]).strip() in words for z in range(model.vocab_size)])
    if not mask.any():
        raise ValueError(f"none of the {len(words)} target words is a token of {model.name}; choose shorter words")
    return mask


def comma_separated(numbers: str | None) -> list[int] | None:
    """Whole numbers from `3,6`; None for nothing."""
    if numbers is None:
        return None
    try:
        return [int(number) for number in numbers.split(",")]
    except ValueError:
        raise ValueError(f"expected whole numbers separated by commas, got {numbers!r}") from None
