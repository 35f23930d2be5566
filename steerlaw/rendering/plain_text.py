"""Texts of unknown origin made fit for a terminal: names of files and models, tokens, messages of libraries."""

import unicodedata

LONGEST = 2_000
"""Characters of a line about an error."""


def printable(text: str) -> str:
    r"""The text in one line, with what a terminal might obey or not show written out: `\x1b`, `\n`, `\u202e`.

    That is every control and format character (those that turn the direction of writing among them), separator of
    lines, half of a surrogate pair, and character that is not assigned.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else _written_out(c) for c in text)


def one_line(message: str) -> str:
    """A message as one printable line, its white space collapsed, its middle left out where it is very long."""
    line = printable(" ".join(message.split()))
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} ... {line[-LONGEST // 2 :]}"


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
