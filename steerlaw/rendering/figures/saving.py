"""Figures as bytes: the same input gives the same file, and every SVG may stand on one page with any other."""

import re
from html import escape
from io import BytesIO, StringIO

from matplotlib.figure import Figure

from steerlaw.rendering.figures.style import styled

PROLOGUE = '<?xml version="1.0" encoding="utf-8"?>\n'
"""What comes before the `<svg>` of a file of its own."""


@styled
def svg_text(figure: Figure, name: str, title: str) -> str:
    """One `<svg>` element for an HTML page: no prologue, ids led by `name`, no date, `title` for screen readers."""
    page = StringIO()
    _settle(figure)
    figure.savefig(page, format="svg", metadata={"Date": None, "Creator": None})
    svg = page.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1)


@styled
def pdf_bytes(figure: Figure) -> bytes:
    """The figure as a PDF with embedded TrueType fonts and no date."""
    page = BytesIO()
    _settle(figure)
    figure.savefig(page, format="pdf", metadata={"CreationDate": None})
    return page.getvalue()


def _settle(figure: Figure) -> None:
    """Lay the figure out once: a second pass of the layout moves things by a hair, and files would differ."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
