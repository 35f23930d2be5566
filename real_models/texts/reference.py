"""The conventions of the paper's own code for text that is measured on.

Cross-entropy is measured on spans of 129 tokens of a document, of which the first is only read: 128 predictions each,
every span beginning with the last token of the one before it. No document begins with a token of the tokenizer's own,
each ends with the end-of-text token, blank ones are left out, and what is left of a document after its last whole span
is dropped. Log-odds are measured after the first 100 tokens of a prompt.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from numerics.files.text import read_json
from real_models.texts.encoding import encode

Ids = list[int]
PREDICTIONS = 128
PROMPT_TOKENS = 100
ENDS = ("eos_token", "sep_token", "pad_token")
"""What ends a text, in the order in which the reference looks for it; the first may be named by the model alone."""


def reference_segments(tokenizer: Any, documents: Iterable[str], end: int | None, most: int | None = None) -> list[Ids]:
    """Segments of 129 token ids, the first `most` of them (default: all); `end` is the end-of-text token, if any."""
    if most is not None and most < 1:
        raise ValueError(f"{most} segments of text asked for: expected 1 or more")
    return list(islice((segment for document in documents for segment in _spans(tokenizer, document, end)), most))


def _spans(tokenizer: Any, document: str, end: int | None) -> Iterator[Ids]:
    if not document.strip():
        return
    ids = encode(tokenizer, "a document", document, special=False)
    if ids and end is not None:
        ids = [*ids, end]
    for start in range(0, len(ids) - PREDICTIONS, PREDICTIONS):
        yield ids[start : start + PREDICTIONS + 1]


def end_of_text(directory: Path, tokenizer: Any) -> int | None:
    """The token that ends a text, by the tokenizer's configuration or else the model's; None where neither says."""
    tokens, model = (_object(directory / name) for name in ("tokenizer_config.json", "config.json"))
    named = [token.get("content") if isinstance(token, dict) else token for token in map(tokens.get, ENDS)]
    numbers = [tokenizer.token_to_id(token) if isinstance(token, str) else None for token in named]
    said = model.get("eos_token_id")
    numbers.insert(1, next(iter(said), None) if isinstance(said, list) else said)
    return next((number for number in numbers if type(number) is int and number >= 0), None)


def _object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; nothing where there is no such file."""
    said = read_json(path) if path.is_file() else {}
    return said if isinstance(said, dict) else {}
