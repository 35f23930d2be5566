"""The target token sets, fixed by rule before any sweep. `python -m toy_models.perl_gpt.targets` writes their hashes.

perl_code      tokens whose stripped text is a Perl keyword, common builtin or operator of the list below
uppercase      tokens whose stripped text is two or more letters, all uppercase
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool

from toy_models.perl_gpt import CHECKPOINT, CONCEPTS, DATA
from toy_models.stdlib_gpt.targets import is_uppercase_word, mask_hash

if TYPE_CHECKING:
    from tokenizers import Tokenizer

HASHES = DATA / "targets.json"
COMMON = """
my our local sub return if elsif else unless while until for foreach last next redo use no require package
defined undef ref bless shift push pop splice keys values each exists delete scalar wantarray die warn eval
sprintf printf print join split map grep sort reverse substr index length lc uc ucfirst lcfirst
eq ne lt gt le ge cmp and or not xor qw qr tr
= == != => -> <=> =~ !~ && || // ! ++ -- + - * / % ** .. += -= .= *= ||= //= &&= | & ^ ~ << >> < > <= >= ?
$ @ $_ @_ $self $class
"""
WORDS = frozenset(COMMON.split())
"""Common words and operators of Perl 5 (perlfunc, perlop), written down before the model was trained."""


def is_perl_word(text: str) -> bool:
    """Whether `text` is one of `WORDS`."""
    return text in WORDS


RULES: dict[str, Callable[[str], bool]] = {"perl_code": is_perl_word, "uppercase": is_uppercase_word}


def target_tokens(tokenizer: "Tokenizer", concept: str) -> Bool[np.ndarray, " vocab"]:
    """True at the tokens of the concept's target set; a `ValueError` for an unknown concept."""
    if concept not in RULES:
        raise ValueError(f"unknown concept {concept!r}, expected one of {list(RULES)}")
    texts = (tokenizer.decode([i]).strip() for i in range(tokenizer.get_vocab_size()))
    return np.array([RULES[concept](text) for text in texts])


def main() -> None:
    """Write each set's size and hash for the shipped tokenizer."""
    from toy_models.stdlib_gpt.tokenizer import load_tokenizer

    masks = {concept: target_tokens(load_tokenizer(CHECKPOINT), concept) for concept in CONCEPTS}
    sets = {concept: {"tokens": int(mask.sum()), "sha256": mask_hash(mask)} for concept, mask in masks.items()}
    HASHES.write_text(json.dumps(sets, indent=2) + "\n")


if __name__ == "__main__":
    main()
