"""Examples in docstrings, `>>> ...` up to an empty line, as blocks of code: to Markdown they are quotations."""

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"^>>> .*?(?=\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
FLAG = re.compile(r" *# doctest: \+\w+")


class Doctests(griffe.Extension):
    """Fences every example as it is read."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Of each module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = EXAMPLE.sub(fenced, obj.docstring.value)


def fenced(example: re.Match[str]) -> str:
    """An example as a block of an interactive session, without what only doctest reads."""
    return f"\n```pycon\n{FLAG.sub('', example[0])}\n```"
