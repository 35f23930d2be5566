"""Writing results so that nothing is ever half-written."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from numerics.files.atomic import write_atomically

if TYPE_CHECKING:
    from steerlaw.report import Report


def reserve(directory: Path) -> None:
    """Check, before any work is done, that `directory` can be written; creates nothing."""
    directory = Path(directory)
    nearest = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not nearest.is_dir():
        raise NotADirectoryError(
            f"{directory}: expected a directory to write to, but {nearest} is a file; choose another"
        )
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(f"{directory}: no permission to write in {nearest}; choose another directory")


def write_report(report: "Report", directory: Path) -> None:
    """figures/*.svg and *.pdf, then report.html, then report.json: a directory with report.json is complete."""
    from steerlaw.rendering.figures import report_figures
    from steerlaw.rendering.page import page

    figures = report_figures(report)
    for drawn in figures:
        drawn.write(directory / "figures")
    write_atomically(directory / "report.html", page(report, figures))
    write_atomically(
        directory / "report.json", json.dumps(report.to_json(), ensure_ascii=False, allow_nan=False, indent=1)
    )
