"""Writing results so that nothing is ever half-written, and nothing is lost to a figure."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from numerics.files.atomic import write_atomically
from steerlaw.results.document import Results
from steerlaw.results.reference_verdicts import TokenRow


def write_report(results: Results, directory: Path, *, pdf: bool = False) -> list[str]:
    """report.json, tokens.csv of other people's results, then figures/*.svg (and *.pdf if asked for), then report.html.

    Gives a line for each figure that could not be drawn; these lines are added to report.json. A directory with
    report.html is complete.
    """
    _write_json(results, directory, [])
    if results.tokens:
        write_atomically(directory / "tokens.csv", _table(results.tokens))
    from steerlaw.rendering.figures import report_figures
    from steerlaw.rendering.page.whole import page

    figures, notes = report_figures(results, directory / "figures", pdf=pdf)
    if notes:
        _write_json(results, directory, notes)
    write_atomically(directory / "report.html", page(results, figures, notes))
    return notes


def _table(rows: Sequence[TokenRow]) -> str:
    """The rows as CSV under a heading."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(field.name for field in fields(TokenRow))
    table.writerows(astuple(row) for row in rows)
    return text.getvalue()


def _write_json(results: Results, directory: Path, notes: list[str]) -> None:
    document = json.dumps(results.to_json(notes), ensure_ascii=False, allow_nan=False, indent=1)
    write_atomically(directory / "report.json", document)
