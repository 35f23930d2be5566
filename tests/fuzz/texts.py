"""Valid files of every kind of text that is read."""

import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path

from fuzz.reader import Reader
from real_models import read_contexts, read_prompts, read_texts
from real_models.texts.reference import end_of_text
from real_models.texts.segments import read_documents
from steerlaw.inputs.concept_files import read_pair, read_words

WORDS = [
    "Straße",
    "naïve café",
    "def f(x):",
    "日本語",
    "😀 yes",
    "a\u2028b",
    "x",
    "it's 50 %",
    "tab\there",
    '"quoted" \\',
]


def some(rng: random.Random) -> list[str]:
    return rng.choices(WORDS, k=rng.randrange(2, 6))


def rows(rng: random.Random, said: Callable[[str], dict]) -> str:
    """JSON lines, with and without escapes."""
    return "".join(json.dumps(said(text), ensure_ascii=rng.random() < 0.5) + "\n" for text in some(rng))


def prompts(rng: random.Random) -> str:
    kinds = ("positive", "negative")
    return "".join(rows(rng, lambda text, kind=kind: {"concept": "joy", "kind": kind, "text": text}) for kind in kinds)


def contexts(rng: random.Random) -> str:
    return "".join(json.dumps({name: some(rng)}, ensure_ascii=False) + "\n" for name in ("negative", "joy", "ärger"))


def written(name: str, content: Callable[[random.Random], str], read: Callable[[Path], object]) -> Reader:
    def make(directory: Path, rng: random.Random) -> Path:
        path = directory / name
        path.write_text(content(rng), encoding="utf-8", newline="\n")
        return path

    return Reader(make=make, read=read)


def lines(rng: random.Random) -> str:
    return "\n".join(some(rng)) + "\n"


def bare(rng: random.Random) -> str:
    return rows(rng, lambda text: {"text": text, "id": 3})


def make_pair(directory: Path, rng: random.Random) -> Path:
    """The reference's directory of prompts."""
    folder = directory / "prompts"
    folder.mkdir()
    for name, kind in (("joy_positive", "positive"), ("joy_gpt2_negative", "negative")):
        content = rows(rng, lambda text, kind=kind: {"concept": "joy", "kind": kind, "text": text})
        (folder / f"{name}.jsonl").write_text(content, encoding="utf-8", newline="\n")
    return folder


def make_parquet(directory: Path, rng: random.Random) -> Path:
    import pyarrow
    from pyarrow.parquet import write_table

    write_table(pyarrow.table({"id": [1, 2, 3], "text": [*some(rng)[:2], "last"]}), directory / "t.parquet")
    return directory / "t.parquet"


def listed(read: Callable[[Path], Iterable[object]]) -> Callable[[Path], object]:
    return lambda path: list(read(path))


class Tokens:
    """A tokenizer that knows any token."""

    def token_to_id(self, token: str) -> int:
        return len(token)


TEXTS: dict[str, Reader] = {
    "texts: words": written("words.txt", lines, read_words),
    "texts: prompts": written("prompts.jsonl", prompts, read_prompts),
    "texts: both kinds in one file": written("prompts.jsonl", prompts, lambda path: read_pair(path, "joy")),
    "texts: positive of both kinds": written(
        "prompts.jsonl", prompts, lambda path: read_texts(path, "positive", "joy")
    ),
    "texts: rows of text": written("texts.jsonl", bare, lambda path: read_texts(path, "negative", "joy")),
    "texts: one a line": written("texts.txt", lines, lambda path: read_texts(path, "positive")),
    "texts: contexts": written("contexts.jsonl", contexts, read_contexts),
    "texts: contexts, one a line": written("joy.txt", lines, read_contexts),
    "texts: document": written("text.txt", lines, listed(read_documents)),
    "texts: documents": written("text.jsonl", bare, listed(read_documents)),
    "texts: the reference's prompts": Reader(make=make_pair, read=lambda path: read_pair(path, "joy")),
    "texts: end of text": written(
        "tokenizer_config.json",
        lambda rng: json.dumps({"eos_token": {"content": rng.choice(WORDS)}, "pad_token": "é"}, ensure_ascii=False),
        lambda path: end_of_text(path.parent, Tokens()),
    ),
}
"""Files of text alone."""

READERS = TEXTS | {"texts: parquet": Reader(make=make_parquet, read=listed(read_documents))}
