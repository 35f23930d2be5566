"""Prompts and contexts: JSON lines, in the reference's schemas.

prompts    {"concept": "uppercase", "kind": "positive", "text": "..."}       kind is positive or negative
contexts   {"negative": ["...", ...]} and one {"<concept>": ["...", ...]} per concept
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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


def json_lines(path: str | Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each line's place (`file:line`) and JSON object."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        lines = Path(path).read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error}") from error
    if lines == [""]:
        raise ValueError(f"{path} is empty, expected one JSON object a line")
    for number, line in enumerate(lines, start=1):
        where = f"{path}:{number}"
        if not line.strip():
            raise ValueError(f"{where}: empty line, expected a JSON object")
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{where}: not valid JSON ({error.msg} at column {error.colno})") from error
        if not isinstance(row, dict):
            raise ValueError(f"{where}: expected a JSON object, got {type(row).__name__}")
        yield where, row
