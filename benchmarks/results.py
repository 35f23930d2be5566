"""RESULTS.md: a part for each benchmark, which its command writes anew and leaves the others as they are."""

import os
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
PARTS = (
    "Evaluating the laws",
    "The comparator",
    "Steered sweeps",
    "Curves",
    "Texts under steering",
    "Steered sweeps on an accelerator",
)
HEAD = "# Benchmarks\n\nEach part is written by the command that it names.\n"


def write_part(title: str, text: str, path: Path = RESULTS) -> None:
    """Put `text` (Markdown whose headings are of level 3 or more) in the place of the part of that title."""
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    parts = {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in old.split("\n## ")[1:]}
    parts[title] = text.strip()
    body = "".join(f"\n## {part}\n\n{parts[part]}\n" for part in PARTS if part in parts)
    temporary = path.with_name(f"{path.name}.partial")
    temporary.write_text(HEAD + body, encoding="utf-8")
    os.replace(temporary, path)
