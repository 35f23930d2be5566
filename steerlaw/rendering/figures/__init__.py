"""Figures: one function each, drawn from sweeps, baselines and verdicts, never from a model.

`report_figures` and `paper_figures` give every figure with its title and caption; Matplotlib loads when they run.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steerlaw.inputs.subjects import Observation
    from steerlaw.rendering.figures.drawn import Drawing, Drawn
    from steerlaw.results.document import Results


def report_figures(results: "Results", directory: Path, *, pdf: bool = False) -> tuple[list["Drawn"], list[str]]:
    """Draw and write every figure of a report; those that are there, and a line for each that could not be made."""
    return write_drawings(report_drawings(results), directory, pdf=pdf)


def write_drawings(
    drawings: Iterable["Drawing"], directory: Path, *, pdf: bool = False
) -> tuple[list["Drawn"], list[str]]:
    """Draw and write figures; those that are there, and a line for each that could not be made."""
    from steerlaw.rendering.figures.drawn import distinct

    written, notes = [], []
    for drawing in distinct(drawings):
        try:
            drawn = drawing.draw(drawing.name)
            if drawn is not None:
                drawn.write(directory, pdf=pdf)
                written.append(drawn)
        except OSError:
            raise  # of the disk, not of the figure
        except Exception as error:  # whatever is wrong with a figure, the others and the page go on
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            notes.append(f"figure {drawing.name} could not be drawn and is left out ({reason})")
    return written, notes


def report_drawings(results: "Results") -> list["Drawing"]:
    """The overview of a report's verdicts, the paper's findings, and the figures of every model that was observed."""
    from steerlaw.rendering.figures.findings import findings_drawings
    from steerlaw.rendering.figures.language import language_drawings
    from steerlaw.rendering.figures.overview import overview_drawings
    from steerlaw.rendering.figures.survival import survival_drawings
    from steerlaw.rendering.figures.toy import toy_drawings
    from steerlaw.rendering.figures.whole_texts import whole_text_drawings

    return [
        *survival_drawings(results.horizons),
        *whole_text_drawings(results.texts),
        *overview_drawings(results.lines),
        *toy_drawings(results.observations),
        *findings_drawings(results.findings),
        *language_drawings(results.observations),
    ]


def paper_figures(observations: Iterable["Observation"]) -> Sequence["Drawn"]:
    """The paper's Figures 2 to 5 and B.1 from the toy models, 6, 7 and A.4 from the language models."""
    from steerlaw.rendering.figures.drawn import draw_all
    from steerlaw.rendering.figures.language import language_drawings
    from steerlaw.rendering.figures.toy import toy_drawings

    observations = list(observations)
    return draw_all([*toy_drawings(observations), *language_drawings(observations)])


def theory_drawings(observations: Iterable["Observation"]) -> list["Drawing"]:
    """The paper's Figures 2 to 5 and B.1, of the unconstrained features model, by their numbers."""
    from dataclasses import replace

    from steerlaw.rendering.figures.toy import toy_drawings

    return [replace(drawing, name=f"figure-{THEORY[drawing.name]}") for drawing in toy_drawings(observations)]


THEORY = {"data-law": "2", "token-bumps": "3-and-b-1", "concept-behaviours": "4", "cross-entropy": "5"}
"""The paper's numbers of the theory's figures."""
