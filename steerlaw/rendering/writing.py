"""Writing results so that nothing is ever half-written, and nothing is lost to a figure."""

import json
from pathlib import Path

from numerics.files.atomic import write_atomically
from steerlaw.results.document import Results


def write_report(results: Results, directory: Path) -> list[str]:
    """report.json, then figures/*.svg and *.pdf, then report.html; a line for each figure that could not be drawn.

    These lines are added to report.json. A directory with report.html is complete.
    """
    _write_json(results, directory, [])
    from steerlaw.rendering.figures import report_figures
    from steerlaw.rendering.page.whole import page

    figures, notes = report_figures(results, directory / "figures")
    if notes:
        _write_json(results, directory, notes)
    write_atomically(directory / "report.html", page(results, figures, notes))
    return notes


def _write_json(results: Results, directory: Path, notes: list[str]) -> None:
    document = json.dumps(results.to_json(notes), ensure_ascii=False, allow_nan=False, indent=1)
    write_atomically(directory / "report.json", document)
