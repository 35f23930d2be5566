"""The words of token ids, from a tokenizer that is given by itself."""

from collections.abc import Callable
from pathlib import Path


def token_texts(path: str | Path | None) -> Callable[[int], str] | None:
    """A token's text by its id ("" for an id that the tokenizer lacks), from a `tokenizer.json` or its directory.

    None where there is no path. A file that is missing is a `FileNotFoundError`, one that is none a `ValueError`.
    """
    if path is None:
        return None
    path = Path(path)
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such tokenizer; give tokenizer.json or the directory that holds it")
    from tokenizers import Tokenizer

    from real_models.texts.encoding import guarded

    tokenizer = guarded(
        file, lambda: Tokenizer.from_file(str(file)), "is not a tokenizer.json of the tokenizers library"
    )
    return lambda token: tokenizer.decode([token], skip_special_tokens=False)
