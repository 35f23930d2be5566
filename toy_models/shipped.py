"""The texts beside a language model that ships with the project: prompts, contexts and segments, in files."""

from dataclasses import dataclass
from pathlib import Path

USES = ("vector", "log_odds")
NEGATIVES = ("contrastive", "random")


@dataclass(frozen=True, kw_only=True)
class ShippedTexts:
    """The files of one model in the folder `data`, for each of its `concepts`. Unknown names are a `ValueError`."""

    data: Path
    concepts: tuple[str, ...]

    @property
    def segments_file(self) -> Path:
        """The JSONL file of texts on which cross-entropy is measured."""
        return self.data / "segments.jsonl"

    @property
    def tasks(self) -> Path:
        """The directory of task files of lm-evaluation-harness (`toy_models.cloze`)."""
        return self.data / "tasks"

    def prompts_file(self, concept: str, use: str = "vector", negatives: str = "contrastive") -> Path:
        """The JSONL file of `{"concept", "kind", "text"}` rows."""
        _expect("concept", concept, self.concepts)
        _expect("use", use, USES)
        _expect("negatives", negatives, NEGATIVES)
        return self.data / f"{concept}.{use}.{negatives}.jsonl"

    def prompts(self, concept: str, use: str = "vector", negatives: str = "contrastive") -> tuple[list[str], list[str]]:
        """`(positive, negative)` texts that build the concept's vector, or that measure its log-odds.

        Contrastive negatives carry the opposite of the concept; random ones are any held-out text.
        """
        from real_models.texts.prompts import read_prompts, texts_of

        rows = read_prompts(self.prompts_file(concept, use, negatives))
        return texts_of(rows, "positive"), texts_of(rows, "negative")

    def contexts_file(self, concept: str, *, further: bool = False) -> Path:
        """The JSONL file with a `{"negative": [...]}` and a `{concept: [...]}` row; or one of as many further ones."""
        _expect("concept", concept, self.concepts)
        return self.data / f"{concept}.contexts{'.further' if further else ''}.jsonl"

    def contexts(self, concept: str, *, further: bool = False) -> tuple[list[str], list[str]]:
        """`(negative, positive)`: 12 and 4 short prompts without and with the concept; or 16 further ones in all."""
        from real_models.texts.prompts import read_contexts

        rows = read_contexts(self.contexts_file(concept, further=further))
        return rows["negative"], rows[concept]

    def segments(self) -> list[str]:
        """Texts of 64 tokens each, code and prose by turns, on which cross-entropy is measured."""
        from numerics.files.text import json_lines

        return [row["text"] for _, row in json_lines(self.segments_file)]


def _expect(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"unknown {what} {value!r}, expected one of {', '.join(known)}")
