"""Prompts and contexts: JSON lines, in the reference's schemas.

prompts    {"concept": "uppercase", "kind": "positive", "text": "..."}       kind is positive or negative
contexts   {"negative": ["...", ...]} and one {"<concept>": ["...", ...]} per concept
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from numerics.files.text import json_lines

Kind = Literal["positive", "negative"]


@dataclass(frozen=True, kw_only=True)
class PromptText:
    """One text that shows a concept (`positive`) or does not."""

    concept: str
    kind: Kind
    text: str


def read_prompts(path: str | Path) -> list[PromptText]:
    """The rows of a prompts file; a `ValueError` names the file and the line of whatever is wrong in it."""
    rows = []
    for where, row in json_lines(path):
        for key in ("concept", "kind", "text"):
            if not isinstance(row.get(key), str) or not row[key]:
                raise ValueError(f"{where}: expected a non-empty text under {key!r}, got {row.get(key)!r}")
        if row["kind"] not in ("positive", "negative"):
            raise ValueError(f"{where}: kind is {row['kind']!r}, expected 'positive' or 'negative'")
        rows.append(PromptText(concept=row["concept"], kind=row["kind"], text=row["text"]))
    return rows


def texts_of(prompts: Iterable[PromptText], kind: Kind, concept: str | None = None) -> list[str]:
    """The texts of one kind, of one concept or of all."""
    return [p.text for p in prompts if p.kind == kind and concept in (None, p.concept)]


def read_contexts(path: str | Path) -> dict[str, list[str]]:
    """Contexts by concept, and those of none under "negative"; errors as for `read_prompts`."""
    contexts: dict[str, list[str]] = {}
    for where, row in json_lines(path):
        if not row:
            raise ValueError(f"{where}: expected a concept and its contexts, got an empty object")
        for concept, texts in row.items():
            if not isinstance(texts, list) or not texts or not all(isinstance(t, str) and t for t in texts):
                raise ValueError(f"{where}: expected a list of non-empty texts under {concept!r}")
            if concept in contexts:
                raise ValueError(f"{where}: the contexts of {concept!r} are given twice")
            contexts[concept] = texts
    return contexts
