"""Between texts and token ids, whatever the tokenizers library does meanwhile: it raises all sorts, and panics."""

from collections.abc import Callable
from typing import Any


def reason(error: BaseException) -> str:
    """What a library says of a file, cut to one short line."""
    lines = str(error).strip().splitlines()
    line = lines[0] if lines else type(error).__name__
    return line if len(line) <= 200 else f"{line[:197]}..."


def guarded(where: Any, call: Callable[[], Any], what: str = "is not a readable tokenizer") -> Any:
    """What the tokenizers library answers; it raises nothing narrower than Exception, and panics beyond that."""
    try:
        return call()
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise ValueError(f"{where} {what}: {reason(error)}") from error


def encode(tokenizer: Any, name: str, text: str, *, special: bool = True) -> list[int]:
    """Token ids of a text, by the tokenizer's own rule for special tokens, or without any; errors as above."""
    ids = guarded(name, lambda: tokenizer.encode(text, add_special_tokens=special).ids, "cannot be tokenised")
    return list(ids)
