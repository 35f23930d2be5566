"""The report as one self-contained page: no script, font or picture from elsewhere, and at most `MOST` bytes."""

import json
from collections.abc import Sequence
from html import escape
from importlib import resources
from typing import Any

from steerlaw.rendering.figures.drawn import Drawn
from steerlaw.rendering.page.departures import departures_section
from steerlaw.rendering.page.derivations import derivations_section
from steerlaw.rendering.page.directions import directions_section
from steerlaw.rendering.page.explorer import explorer_section
from steerlaw.rendering.page.findings import findings_section
from steerlaw.rendering.page.lean import lean
from steerlaw.rendering.page.numbers import numbers_section
from steerlaw.rendering.page.reach import reach_section
from steerlaw.rendering.page.scripts import script
from steerlaw.rendering.page.scrolled import scroll
from steerlaw.rendering.page.texts import texts_section
from steerlaw.rendering.page.verdicts import verdicts_section
from steerlaw.results.document import Results
from steerlaw.results.provenance import RunRecord

MOST = 5_000_000
"""Bytes of the page: what is left of them by all else is the explorer's."""

EXPLORER = "Any token at any strength"


def page(results: Results, figures: Sequence[Drawn], notes: Sequence[str] = ()) -> str:
    """The HTML of report.html: summary, departures, figures, derivations and the record of the run.

    `notes` say which figures could not be drawn.
    """
    before = (
        _header(results),
        _section("reach", "Do the laws hold where people steer?", reach_section(results.horizons, results.limits)),
        _reading(results),
    )
    after = (
        _section(
            "summary", "Verdicts, law by model", verdicts_section(results.lines, results.derivations, results.pictures)
        ),
        _section("findings", "What the paper saw, block by block", findings_section(results.findings)),
        _section("directions", "Among other directions", directions_section(results.directions)),
        _section("texts", "Whole texts", texts_section(results.texts)),
        _section("departures", "Where laws cease to hold", departures_section(results.verdicts)),
        _section("quantities", "Predicted against observed", numbers_section(results.quantities)),
        _section("figures", "Figures", _figures(figures, notes)),
        _section("derivations", "The laws and their derivations", derivations_section(results.derivations)),
        _section("run", "Record of the run", _run(results.run)),
    )
    after = (*after, f"<script>{script('table.js')}</script>")
    room = MOST - len(_document("".join((*before, *after, _section("explorer", EXPLORER, "")))).encode())
    explorer = explorer_section(results.explored, room)
    explored = _section("explorer", EXPLORER, explorer) if explorer else ""
    return _document("".join((*before, explored, *after)))


def _document(body: str) -> str:
    style = resources.files("steerlaw.rendering").joinpath("page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>steerlaw report</title><style>{style}</style></head><body><main>{body}</main></body></html>\n"
    )


def _section(anchor: str, title: str, content: str) -> str:
    return f'<section id="{anchor}"><h2>{escape(title)}</h2>{content}</section>'


LINKS = (
    ("reach", "in short"),
    ("explorer", "explorer"),
    ("summary", "verdicts"),
    ("findings", "the paper's findings"),
    ("directions", "random directions"),
    ("texts", "whole texts"),
    ("departures", "departures"),
    ("quantities", "predicted numbers"),
    ("figures", "figures"),
    ("derivations", "laws"),
    ("run", "the run"),
)
"""Sections by their anchors, and what the links to them are called."""


def _header(results: Results) -> str:
    links = "".join(
        f'<a href="#{anchor}">{words}</a>' for anchor, words in LINKS if anchor != "explorer" or results.explored
    )
    return f'<h1>Do the laws of activation steering hold?</h1><nav aria-label="sections">{links}</nav>'


def _reading(results: Results) -> str:
    """How to read the page, below its answer."""
    return (
        "<details><summary>How to read this page</summary>"
        "<p>Each law was derived and checked, evaluated from what is known before steering, and compared with curves "
        "observed under steering. <b>Holds</b> means that every curve within the error band obeys the law up to the "
        "stated tolerance, <b>departs</b> that none does; a law's <b>horizon</b> is how far out it holds. The controls "
        "steer along a random direction of equal norm, or permute the log-odds over the tokens: what a law scores "
        "there, it scores with no concept at all.</p></details>"
        f'<p class="soft">{escape(results.derivation_line)} Run {escape(results.run.started)}.</p>'
    )


def _figures(figures: Sequence[Drawn], notes: Sequence[str]) -> str:
    missing = "".join(f'<p class="soft">{escape(note)}</p>' for note in notes)
    return missing + "".join(_figure(drawn) for drawn in figures)


def _figure(drawn: Drawn) -> str:
    said = f"<b>{escape(drawn.title)}.</b> {escape(drawn.caption)}"
    return f"<figure>{scroll(lean(drawn.svg), drawn.title)}<figcaption>{said}</figcaption></figure>"


def _run(run: RunRecord) -> str:
    def text(value: Any) -> str:
        if isinstance(value, dict):
            return ", ".join(f"{k} {v}" for k, v in value.items()) or "none"
        return value if isinstance(value, str) else json.dumps(value)

    return f"<dl>{''.join(f'<dt>{escape(k)}</dt><dd>{escape(text(v))}</dd>' for k, v in run.to_json().items())}</dl>"
