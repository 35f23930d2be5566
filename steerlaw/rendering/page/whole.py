"""The report as one self-contained page: no script, no font, no picture from elsewhere, and at most `MOST` bytes."""

import json
from collections.abc import Sequence
from html import escape
from importlib import resources
from typing import Any

from steerlaw.rendering.figures.drawn import Drawn
from steerlaw.rendering.page.derivations import derivations_section
from steerlaw.rendering.page.directions import directions_section
from steerlaw.rendering.page.explorer import explorer_section
from steerlaw.rendering.page.findings import findings_section
from steerlaw.rendering.page.numbers import numbers_section
from steerlaw.rendering.page.reach import reach_section
from steerlaw.rendering.page.scrolled import scroll
from steerlaw.rendering.page.verdicts import departures_section, verdicts_section
from steerlaw.results.document import Results
from steerlaw.results.provenance import RunRecord

MOST = 5_000_000
"""Bytes of the page: what is left of them by all else is the explorer's."""

OPENING = ("horizons", "overview")
"""What the names of the figures that open the page end in."""


def page(results: Results, figures: Sequence[Drawn], notes: Sequence[str] = ()) -> str:
    """The HTML of report.html: summary, departures, figures, derivations and the record of the run.

    `notes` say which figures could not be drawn.
    """
    before = (
        _header(results),
        _section("reach", "Do the laws hold where people steer?", reach_section(results.horizons, results.limits)),
        "".join(_figure(drawn) for drawn in figures if _opens(drawn)),
    )
    after = (
        _section("summary", "Verdicts, law by model", verdicts_section(results.lines)),
        _section("findings", "What the paper saw, block by block", findings_section(results.findings)),
        _section("directions", "Among other directions", directions_section(results.directions)),
        _section("departures", "The largest departures", departures_section(results.verdicts)),
        _section("quantities", "Predicted against observed", numbers_section(results.quantities)),
        _section("figures", "Figures", _figures(figures, notes)),
        _section("derivations", "Derivations", derivations_section(results.derivations)),
        _section("run", "Record of the run", _run(results.run)),
    )
    taken = sum(len(part.encode()) for part in (*before, *after))
    explorer = explorer_section(results.explored, MOST - taken - _FRAME)
    explored = _section("explorer", "Any token at any strength", explorer) if explorer else ""
    return _document("".join((*before, explored, *after)))


_FRAME = 100_000
"""Bytes of the page around its sections: style and head."""


def _document(body: str) -> str:
    style = resources.files("steerlaw.rendering").joinpath("page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>steerlaw report</title><style>{style}</style></head><body><main>{body}</main></body></html>\n"
    )


def _opens(drawn: Drawn) -> bool:
    return drawn.name.endswith(OPENING)


def _section(anchor: str, title: str, content: str) -> str:
    return f'<section id="{anchor}"><h2>{escape(title)}</h2>{content}</section>'


def _header(results: Results) -> str:
    anchors = (
        "reach",
        "summary",
        "findings",
        "directions",
        "departures",
        "quantities",
        "figures",
        "derivations",
        "run",
    )
    links = "".join(f'<a href="#{a}">{a}</a>' for a in anchors)
    return (
        "<h1>Do the laws of activation steering hold?</h1>"
        f'<p class="soft">{escape(results.derivation_line)} Run {escape(results.run.started)}.</p>'
        "<p>Each law was derived and checked, evaluated from what is known before steering, and compared with curves "
        "observed under steering. <b>Holds</b> means that every curve within the error band obeys the law up to the "
        "stated tolerance, <b>departs</b> that none does; a law's <b>horizon</b> is how far out it holds. The controls "
        "steer along a random direction of equal norm, or permute the log-odds over the tokens: what a law scores "
        "there, it scores with no concept at all.</p>"
        f"<nav>{links}</nav>"
    )


def _figures(figures: Sequence[Drawn], notes: Sequence[str]) -> str:
    missing = "".join(f'<p class="soft">{escape(note)}</p>' for note in notes)
    return missing + "".join(_figure(drawn) for drawn in figures if not _opens(drawn))


def _figure(drawn: Drawn) -> str:
    said = f"<b>{escape(drawn.title)}.</b> {escape(drawn.caption)}"
    return f"<figure>{scroll(drawn.svg, drawn.title)}<figcaption>{said}</figcaption></figure>"


def _run(run: RunRecord) -> str:
    def text(value: Any) -> str:
        if isinstance(value, dict):
            return ", ".join(f"{k} {v}" for k, v in value.items()) or "none"
        return value if isinstance(value, str) else json.dumps(value)

    return f"<dl>{''.join(f'<dt>{escape(k)}</dt><dd>{escape(text(v))}</dd>' for k, v in run.to_json().items())}</dl>"
