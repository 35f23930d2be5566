"""The report: everything one run found, and how it gets on disk."""

from dataclasses import dataclass
from pathlib import Path

from steerlaw.rendering.writing import write_report
from steerlaw.results.document import Results


@dataclass(frozen=True, kw_only=True)
class Report(Results):
    """Everything one run of `verify` found, as Python, as JSON, and as files with a page and figures."""

    def write(self, directory: str | Path, *, pdf: bool = False) -> list[str]:
        """Write report.json, figures/ and report.html into `directory`, each file whole or not at all.

        Figures are SVG, and PDF as well if asked for. The results are on disk before anything is drawn. A figure that
        cannot be drawn is left out; the lines that say so are returned, and stand in report.json and on the page.
        """
        return write_report(self, Path(directory), pdf=pdf)
