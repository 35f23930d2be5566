"""Text to measure cross-entropy on: documents from files, cut into segments of token ids.

.txt       one document
.jsonl     {"text": "..."} a line, each a document
.parquet   a document a row of the column `text` (needs pyarrow)
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from numerics.files.text import json_lines, read_text
from real_models.texts.encoding import encode

Ids = list[int]


def read_documents(path: str | Path) -> Iterator[str]:
    """The documents of a file, one after another; a `ValueError` names the file and the line or row that is wrong."""
    path = Path(path)
    readers = {".txt": _plain, ".jsonl": _json, ".parquet": _parquet}
    if path.suffix.lower() not in readers:
        raise ValueError(f"{path}: expected text in a file that ends in {', '.join(readers)}")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    return readers[path.suffix.lower()](path)


def token_segments(tokenizer: Any, documents: Iterable[str], length: int, most: int | None = None) -> list[Ids]:
    """Segments of at most `length` token ids, in the documents' order, the first `most` of them (default: all).

    A document is encoded by the tokenizer's own rule (a `tokenizers.Tokenizer`). Where that rule begins a text with a
    token of its own, each segment begins with it, and it is never predicted. No segment holds tokens of two documents;
    a document's last segment is as short as what is left of it, as long as one token is left to predict.
    """
    if length < 2:
        raise ValueError(f"segments of {length} tokens: expected 2 or more, of which the first is never predicted")
    if most is not None and most < 1:
        raise ValueError(f"{most} segments of text asked for: expected 1 or more")
    segments = (segment for document in documents for segment in _cut(*_encode(tokenizer, document), length))
    return list(islice(segments, most))


def _encode(tokenizer: Any, document: str) -> tuple[Ids, Ids]:
    """What the tokenizer's rule puts before a text, and the text with what comes after."""
    ids, own = (encode(tokenizer, "a document", document, special=special) for special in (True, False))
    before = next((n for n in range(len(ids) - len(own) + 1) if ids[n : n + len(own)] == own), None)
    if before is None or before > 1:
        raise ValueError("the tokenizer begins a text with more than a token of its own: give segments as token ids")
    return ids[:before], ids[before:] if own else []


def _cut(first: Ids, rest: Ids, length: int) -> Iterator[Ids]:
    step = length - len(first)
    segments = (first + rest[start : start + step] for start in range(0, len(rest), step))
    return (segment for segment in segments if len(segment) > 1)


def _plain(path: Path) -> Iterator[str]:
    yield read_text(path)


def _json(path: Path) -> Iterator[str]:
    return (_checked(row.get("text"), where) for where, row in json_lines(path))


def _parquet(path: Path) -> Iterator[str]:
    for number, value in enumerate(_column(path, "text"), start=1):
        yield _checked(value, f"{path}, row {number}")


def _column(path: Path, name: str) -> Iterator[Any]:
    """The values of a column; whatever pyarrow says of a damaged file is a `ValueError` of one line."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ValueError(f"{path}: parquet is read with pyarrow; pip install pyarrow, or give .jsonl or .txt") from None
    try:
        with ParquetFile(path) as file:
            names = file.schema_arrow.names
            for batch in file.iter_batches(columns=[name]) if name in names else ():
                yield from batch.column(0).to_pylist()
    except (ArrowException, OSError, ValueError) as error:
        said = " ".join(str(error).split())
        raise ValueError(f"{path} is not a parquet file that can be read: {said}") from error
    if name not in names:
        raise ValueError(f"{path}: expected a column {name!r}, got {', '.join(names)}")


def _checked(text: Any, where: str) -> str:
    if not isinstance(text, str):
        raise ValueError(f"{where}: expected a text under 'text', got {text!r}")
    return text
