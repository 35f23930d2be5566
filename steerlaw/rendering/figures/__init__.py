"""Figures: one function each, drawn from sweeps, baselines and verdicts, never from a model.

`report_figures` and `paper_figures` give every figure with its title and caption; Matplotlib loads when they run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from steerlaw.inputs.subjects import Observation
    from steerlaw.report import Report


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

    def write(self, directory: Path) -> list[Path]:
        """Write `name.svg` and `name.pdf`; each appears whole or not at all."""
        from numerics.files.atomic import write_atomically
        from steerlaw.rendering.figures.saving import PROLOGUE, pdf_bytes

        paths = [Path(directory) / f"{self.name}.{kind}" for kind in ("svg", "pdf")]
        for path, content in zip(paths, (PROLOGUE + self.svg, pdf_bytes(self.figure)), strict=True):
            write_atomically(path, content)
        return paths


def report_figures(report: Report) -> list[Drawn]:
    """The overview of a report's verdicts, the paper's findings, and the figures of every model that was observed."""
    from steerlaw.rendering.figures.findings import draw_findings
    from steerlaw.rendering.figures.language import language_figures
    from steerlaw.rendering.figures.overview import draw_overview
    from steerlaw.rendering.figures.toy import toy_figures

    return [
        *draw_overview(report.summary()),
        *toy_figures(report.observations),
        *draw_findings(report.findings),
        *language_figures(report.observations),
    ]


def paper_figures(observations: Iterable[Observation]) -> Sequence[Drawn]:
    """The paper's Figures 2 to 5 and B.1 from the toy models, 6, 7 and A.4 from the language models."""
    from steerlaw.rendering.figures.language import language_figures
    from steerlaw.rendering.figures.toy import toy_figures

    observations = list(observations)
    return [*toy_figures(observations), *language_figures(observations)]
