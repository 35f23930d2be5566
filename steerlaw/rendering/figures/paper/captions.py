"""The captions of figures, with their verdicts, as one Markdown file beside them."""

from collections.abc import Iterable
from pathlib import Path

from numerics.files.atomic import write_atomically
from steerlaw.rendering.figures.drawn import Drawn
from steerlaw.rendering.plain_text import one_line

FILE = "captions.md"


def write_captions(figures: Iterable[Drawn], directory: Path) -> Path:
    """Write the title and the caption of each figure under a link to its file; the path."""
    parts = [f"## {one_line(d.title)}\n\n![{d.name}]({d.name}.svg)\n\n{one_line(d.caption)}\n" for d in figures]
    path = directory / FILE
    write_atomically(path, "\n".join(parts))
    return path
