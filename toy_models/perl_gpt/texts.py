"""The texts beside the model, cut from held-out documents: `python -m toy_models.perl_gpt.texts` writes `data/`.

Files, sizes and cutting are those of `toy_models.stdlib_gpt.texts`. The opposite of *Perl code* (few comments and
quoted words) is documentation in sentences.
"""

import re

from toy_models.perl_gpt import CHECKPOINT, TEXTS, corpus
from toy_models.stdlib_gpt.corpus import split
from toy_models.stdlib_gpt.texts import Rule, Span, draw, is_ordinary, is_prose, is_uppercase, write_texts
from toy_models.stdlib_gpt.tokenizer import load_tokenizer

PROMPTS = {"uppercase": 24, "perl_code": 64}
LENGTHS = {"uppercase": (75, 130), "perl_code": (100, 250)}
QUOTED = re.compile(r"#[^\n]*|'[^'\n]*'|\"[^\"\n]*\"")


def is_perl(span: Span) -> bool:
    """Code of which at most a fifth of the visible characters stand in quotes and comments, with a variable in it."""
    if span.document.kind != "code" or not re.search(r"[$@%]\w", span.text):
        return False
    quoted = sum(len("".join(match.group().split())) for match in QUOTED.finditer(span.text))
    return quoted <= len("".join(span.text.split())) / 5


RULES: dict[str, tuple[Rule, Rule]] = {"uppercase": (is_uppercase, is_ordinary), "perl_code": (is_perl, is_prose)}


def main() -> None:
    """Write every file anew."""
    _, held_out = split(corpus.documents())
    write_texts(draw(held_out, load_tokenizer(CHECKPOINT), TEXTS, RULES, PROMPTS, LENGTHS))


if __name__ == "__main__":
    main()
