"""RESULTS.md: a part for each benchmark, which its command writes anew and leaves the others as they are."""

import os
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
PARTS = (
    "The main job",
    "Evaluating the laws",
    "How far the laws hold",
    "The comparator",
    "Steered sweeps",
    "Curves",
    "Texts under steering",
    "Steered sweeps on an accelerator",
)
HEAD = "# Benchmarks\n\nEach part is written by the command that it names.\n"


def write_part(title: str, text: str, path: Path = RESULTS) -> None:
    """Put `text` (Markdown whose headings are of level 3 or more) in the place of the part of that title."""
    parts = _parts(path)
    parts[title] = text.strip()
    body = "".join(f"\n## {part}\n\n{parts[part]}\n" for part in PARTS if part in parts)
    temporary = path.with_name(f"{path.name}.partial")
    temporary.write_text(HEAD + body, encoding="utf-8")
    os.replace(temporary, path)


def write_section(title: str, text: str, path: Path = RESULTS) -> None:
    """Put a section in the place of the one of a part whose heading is the same up to a colon, or after the others.

    `text` begins with its heading, of level 3.
    """
    kind = text.strip().partition("\n")[0].partition(":")[0]
    head, *sections = _parts(path).get(title, "").split("\n### ")
    found = ["### " + section for section in sections]
    place = next((n for n, one in enumerate(found) if one.partition("\n")[0].partition(":")[0] == kind), len(found))
    found[place : place + 1] = [text]
    write_part(title, "\n\n".join(one.strip() for one in (head, *found)), path)


def _parts(path: Path) -> dict[str, str]:
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    return {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in old.split("\n## ")[1:]}
