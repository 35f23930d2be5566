"""The target token sets, fixed by rule before any sweep. `python -m toy_models.stdlib_gpt.targets` writes their data.

python_code    tokens whose stripped text is a Python keyword, builtin name or operator
uppercase      tokens whose stripped text is two or more letters, all uppercase
"""

import builtins
import hashlib
import json
import keyword
import token
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool

from toy_models.stdlib_gpt import CHECKPOINT, CONCEPTS, DATA

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WORDS = DATA / "python_words.json"
HASHES = DATA / "targets.json"
DELIMITERS = {"(", ")", "[", "]", "{", "}", ",", ":", ".", ";", "...", "!"}
ADDED_BY_SITE = {"copyright", "credits", "exit", "help", "license", "quit"}


def target_tokens(tokenizer: "Tokenizer", concept: str) -> Bool[np.ndarray, " vocab"]:
    """True at the tokens of the concept's target set; a `ValueError` for an unknown concept."""
    if concept not in RULES:
        raise ValueError(f"unknown concept {concept!r}, expected one of {list(RULES)}")
    texts = (tokenizer.decode([i]).strip() for i in range(tokenizer.get_vocab_size()))
    return np.array([RULES[concept](text) for text in texts])


def is_python_word(text: str) -> bool:
    """Whether `text` is a keyword (soft ones too), a public builtin name, or an operator."""
    return text in _committed_words()


def is_uppercase_word(text: str) -> bool:
    """Whether `text` is two or more letters, all uppercase."""
    return len(text) >= 2 and text.isalpha() and text.isupper()


RULES: dict[str, Callable[[str], bool]] = {"python_code": is_python_word, "uppercase": is_uppercase_word}


def python_words() -> dict[str, list[str]]:
    """The words of the running Python; the committed list is CPython 3.11's, so that the sets never move.

    Operators are the tokenizer's exact tokens, assignments among them, less brackets and punctuation.
    """
    public = {name for name in dir(builtins) if not name.startswith("_")}
    return {
        "keywords": sorted({*keyword.kwlist, *keyword.softkwlist}),
        "builtins": sorted(public - ADDED_BY_SITE),
        "operators": sorted(set(token.EXACT_TOKEN_TYPES) - DELIMITERS),
    }


def mask_hash(mask: Bool[np.ndarray, " vocab"]) -> str:
    """sha256 of the mask, one byte (0 or 1) a token."""
    return hashlib.sha256(mask.astype(np.uint8).tobytes()).hexdigest()


@cache
def _committed_words() -> frozenset[str]:
    return frozenset(word for words in json.loads(WORDS.read_text()).values() for word in words)


def main() -> None:
    """Write the word list of the running Python, and each set's size and hash for the shipped tokenizer."""
    from tokenizers import Tokenizer

    WORDS.write_text(json.dumps(python_words(), indent=1) + "\n")
    _committed_words.cache_clear()
    tokenizer = Tokenizer.from_file(str(CHECKPOINT / "tokenizer.json"))
    masks = {concept: target_tokens(tokenizer, concept) for concept in CONCEPTS}
    sets = {concept: {"tokens": int(mask.sum()), "sha256": mask_hash(mask)} for concept, mask in masks.items()}
    HASHES.write_text(json.dumps(sets, indent=2) + "\n")


if __name__ == "__main__":
    main()
