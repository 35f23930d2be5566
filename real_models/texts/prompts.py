"""Prompts, contexts and texts that show a concept or do not, as people keep them.

prompts    {"concept": "uppercase", "kind": "positive", "text": "..."}       kind is positive or negative
contexts   {"negative": ["...", ...]} and one {"<concept>": ["...", ...]} per concept
texts      prompts, {"text": "..."} a line, or a .txt file of one text a line
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from numerics.files.text import json_lines, read_lines

Kind = Literal["positive", "negative"]
KINDS: tuple[Kind, ...] = ("positive", "negative")
PROMPT = '{"concept": "joy", "kind": "positive", "text": "I am so happy"}'
CONTEXT = '{"joy": ["The party was", "Today I feel"]}'


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
        concept, kind, text = (_text(row, key, where, PROMPT) for key in ("concept", "kind", "text"))
        rows.append(PromptText(concept=concept, kind=_kind(kind, where), text=text))
    return rows


def texts_of(prompts: Iterable[PromptText], kind: Kind, concept: str | None = None) -> list[str]:
    """The texts of one kind, of one concept or of all."""
    return [p.text for p in prompts if p.kind == kind and concept in (None, p.concept)]


def read_texts(path: str | Path, kind: Kind, concept: str | None = None) -> list[str]:
    """The texts of a kind in a file that was named as one of them, of one concept or of all.

    A .txt file holds one text a line. Rows {"text": ...} are of the kind that was asked for and of any concept, as far
    as they do not say; rows of the other kind, which may stand in the same file, are left out. In a directory, as the
    reference writes it, `<concept>_positive.jsonl` and `<concept>_<model>_negative.jsonl` are looked for, at any depth.
    No text at all is a `ValueError`, and so is whatever is wrong in a row: with its file, its line and a right row.
    """
    path = Path(path)
    if path.is_dir():
        path = _file_of(path, kind, concept)
    if path.suffix.lower() == ".txt":
        return read_text_lines(path)
    texts, example = [], f'{{"text": "I am so happy"}} or {PROMPT}'
    for where, row in json_lines(path):
        text = _text(row, "text", where, example)
        said = _kind(row["kind"], where) if "kind" in row else kind
        about = _text(row, "concept", where, example) if "concept" in row else concept
        if said == kind and concept in (None, about):
            texts.append(text)
    if not texts:
        of = f" of {concept!r}" if concept else ""
        raise ValueError(f"{path}: holds no text of kind {kind!r}{of}; expected one or more, such as {example}")
    return texts


def read_prompt_texts(path: str | Path) -> list[str]:
    """Prompts to be continued, whatever their kind: a .txt file of one a line, or rows {"text": ...}."""
    path = Path(path)
    if path.suffix.lower() == ".txt":
        return read_text_lines(path)
    return [_text(row, "text", where, '{"text": "I am so happy"}') for where, row in json_lines(path)]


def read_text_lines(path: str | Path) -> list[str]:
    """One text a line, as it stands; a blank line before the last text is a `ValueError`."""
    texts = []
    for where, line in read_lines(path):
        if not line.strip():
            raise ValueError(
                f'{where}: blank line, expected one text a line; texts of several lines go into {{"text": "..."}}'
            )
        texts.append(line)
    return texts


def read_contexts(path: str | Path, concept: str | None = None) -> dict[str, list[str]]:
    """Contexts by concept, and those of none under "negative"; errors as for `read_prompts`.

    A .txt file holds one context a line, of `concept`, or else of a concept that is named as the file.
    """
    path = Path(path)
    if path.suffix.lower() == ".txt":
        return {concept or path.stem: read_text_lines(path)}
    contexts: dict[str, list[str]] = {}
    for where, row in json_lines(path):
        if not row:
            raise ValueError(f"{where}: expected a concept and its contexts, got an empty object; such as {CONTEXT}")
        for name, texts in row.items():
            if not isinstance(texts, list) or not texts or not all(isinstance(t, str) and t for t in texts):
                raise ValueError(f"{where}: expected a list of non-empty texts under {name!r}, such as {CONTEXT}")
            if name in contexts:
                raise ValueError(f"{where}: the contexts of {name!r} are given twice")
            contexts[name] = texts
    return contexts


def slug(concept: str) -> str:
    """A concept's name as the reference writes it into names of files."""
    return re.sub(r"[^a-z0-9]+", "_", concept.lower()).strip("_")


def _file_of(directory: Path, kind: Kind, concept: str | None) -> Path:
    """The one file of a kind, and of a concept, in a tree of the reference's prompts."""
    pattern = rf"{re.escape(slug(concept)) if concept else '.+'}_(?:.+_)?{kind}\.jsonl"
    found = sorted(path for path in directory.rglob(f"*_{kind}.jsonl") if re.fullmatch(pattern, path.name))
    if len(found) != 1:
        names = ", ".join(str(path.relative_to(directory)) for path in found[:4]) or "none"
        raise ValueError(
            f"{directory}: expected one file <concept>_{kind}.jsonl or <concept>_<model>_{kind}.jsonl"
            f"{f' of {concept!r}' if concept else ''}, got {names}; name the file"
        )
    return found[0]


def _text(row: dict[str, Any], key: str, where: str, example: str) -> str:
    if not isinstance(row.get(key), str) or not row[key]:
        got = repr(row.get(key))[:60]
        raise ValueError(f"{where}: expected a non-empty text under {key!r}, got {got}; a row such as {example}")
    return row[key]


def _kind(kind: Any, where: str) -> Kind:
    if kind not in KINDS:
        raise ValueError(f"{where}: kind is {repr(kind)[:60]}, expected 'positive' or 'negative'")
    return kind
