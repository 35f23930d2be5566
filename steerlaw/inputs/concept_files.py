"""What the commands that steer a checkpoint are given: a concept's vectors by layer, contexts, prompts and words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from numerics.files.text import read_text
from real_models import LanguageModel, prompt_log_odds, read_contexts, read_prompts, read_texts, read_vectors, texts_of
from steerlaw.inputs.concept import Concept


@dataclass(frozen=True, kw_only=True)
class ConceptInputs:
    """A concept's files as they were read, before there is a model: what `Concept` holds, in texts and words.

    The log-odds are measured after the first `prompt_tokens` tokens of each prompt (None: after all of them).
    """

    name: str
    vectors: Mapping[int, Float[np.ndarray, " d"]]
    contexts: Sequence[str]
    positive: Sequence[str] = ()
    negative: Sequence[str] = ()
    words: frozenset[str] | None = None
    prompt_tokens: int | None = None

    def concept(self, model: LanguageModel) -> Concept:
        """The concept as the model's own tokens, its log-odds measured on the prompts if there are any."""
        first = slice(self.prompt_tokens)
        positive, negative = ([model.encode(t)[first] for t in texts] for texts in (self.positive, self.negative))
        return Concept(
            name=self.name,
            vectors=self.vectors,
            contexts=self.contexts,
            targets=None if self.words is None else word_tokens(model, self.words),
            log_odds=np.asarray(prompt_log_odds(model, positive, negative)) if positive else None,
        )


def read_concept(
    vectors: Mapping[int, Float[np.ndarray, " d"]],
    contexts: str | Path,
    *,
    prompts: str | Path | None = None,
    words: str | Path | None = None,
    concept: str | None = None,
    prompt_tokens: int | None = None,
) -> ConceptInputs:
    """Read the files about a concept; its name may be left out where the contexts are of only one.

    `prompts` are rows of both kinds in one file, or a directory with the reference's pair of files.
    """
    texts = read_contexts(contexts, concept)
    name = _concept_name(texts, contexts, concept)
    positive, negative = read_pair(prompts, name) if prompts else ([], [])
    return ConceptInputs(
        name=name,
        vectors=vectors,
        contexts=[*texts.get("negative", ()), *texts[name]],
        positive=positive,
        negative=negative,
        words=read_words(words) if words else None,
        prompt_tokens=prompt_tokens,
    )


def read_pair(prompts: str | Path, concept: str | None) -> tuple[list[str], list[str]]:
    """A concept's positive and negative prompts (or all), from one file or the reference's pair in a directory."""
    if Path(prompts).is_dir():
        return read_texts(prompts, "positive", concept), read_texts(prompts, "negative", concept)
    rows = read_prompts(prompts)
    positive, negative = texts_of(rows, "positive", concept), texts_of(rows, "negative", concept)
    if not (positive and negative):
        of, got = f" of {concept!r}" if concept else "", f"got {len(positive)} and {len(negative)}"
        raise ValueError(f"{prompts}: expected positive and negative prompts{of}, {got}")
    return positive, negative


def _concept_name(contexts: Mapping[str, Sequence[str]], path: str | Path, asked: str | None) -> str:
    concepts = [name for name in contexts if name != "negative"]
    if asked is None and len(concepts) == 1:
        return concepts[0]
    if asked not in concepts:
        wanted = "name one with --concept" if asked is None else f"not {asked!r}"
        raise ValueError(f"{path}: holds the concepts {concepts}, {wanted}")
    return asked


def chosen_vectors(path: str | Path, layer: int | None) -> dict[int, Float[np.ndarray, " d"]]:
    """The file's vectors by layer, or the one asked for, which is taken for its layer where the file names none."""
    vectors = read_vectors(path, layer=layer).vectors
    if still := [layer for layer, vector in vectors.items() if not np.any(vector)]:
        raise ValueError(f"{path}: the vector of layer {still[0]} is zero and steers nothing; choose another --layer")
    return vectors


def one_vector(path: str | Path, layer: int | None) -> tuple[int, Float[np.ndarray, " d"]]:
    """The layer asked for and its vector; without one the file must hold a single layer."""
    vectors = chosen_vectors(path, layer)
    if len(vectors) > 1:
        raise ValueError(f"{path}: holds layers {sorted(vectors)}; choose one with --layer")
    return next(iter(vectors.items()))


def read_words(path: str | Path) -> frozenset[str]:
    """The words of a text file, one a line or separated by spaces."""
    words = frozenset(read_text(path).split())
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
