"""A finished figure with its title and caption, and the files it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """A finished figure: `name` (of its files, and unique on a page), title, caption in plain text."""

    name: str
    title: str
    caption: str
    figure: Figure

    @cached_property
    def svg(self) -> str:
        """One `<svg>` element, for a page of HTML."""
        from steerlaw.rendering.figures.saving import svg_text

        return svg_text(self.figure, self.name, self.title)

    def write(self, directory: Path, *, pdf: bool = False) -> list[Path]:
        """Write `name.svg` and, if asked for, `name.pdf`; each appears whole or not at all."""
        from numerics.files.atomic import write_atomically
        from steerlaw.rendering.figures.saving import PROLOGUE, pdf_bytes

        contents = {"svg": PROLOGUE + self.svg} | ({"pdf": pdf_bytes(self.figure)} if pdf else {})
        paths = [Path(directory) / f"{self.name}.{kind}" for kind in contents]
        for path, content in zip(paths, contents.values(), strict=True):
            write_atomically(path, content)
        return paths


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawing:
    """A figure to be drawn under a name; `draw(name)` gives None where there turns out to be nothing to show."""

    name: str
    draw: Callable[[str], Drawn | None]


def draw_all(drawings: Iterable[Drawing]) -> list[Drawn]:
    """The figures, drawn; those that show nothing are left out."""
    return [drawn for drawing in distinct(drawings) if (drawn := drawing.draw(drawing.name)) is not None]


def distinct(drawings: Iterable[Drawing]) -> list[Drawing]:
    """The same with names that are not empty and not shared: models of any name may lie in one directory."""
    named: dict[str, Drawing] = {}
    for drawing in drawings:
        name, number = drawing.name, 1
        while not name or name in named:
            number += 1
            name = f"{drawing.name or 'figure'}-{number}"
        named[name] = replace(drawing, name=name)
    return list(named.values())


def slug(*parts: str) -> str:
    """Words as the name of a file and of SVG ids: small letters, digits and hyphens."""
    text = "-".join(parts).lower()
    return "-".join("".join(c if c.isalnum() and c.isascii() else " " for c in text).split())
