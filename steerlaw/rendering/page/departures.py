"""The section of the page on where laws cease to hold: law by law, each unit by itself, the earliest first."""

from collections.abc import Sequence
from html import escape

from steerlaw.rendering.page.scrolled import scroll
from steerlaw.rendering.prose import in_unicode
from steerlaw.rendering.words import amount, where
from steerlaw.results.verdict_rows import VerdictRow

MOST = 6
"""Departures of a law that are shown in a unit."""
HEADS = ("claim", "departs by", "holds up to push", "departs from push", "on", "witness (strength, value)")


def departures_section(rows: Sequence[VerdictRow]) -> str:
    """Of each claim and model the case that departs first, with where it starts and its witness."""
    departing = [row for row in rows if row.verdict.verdict == "departs" and row.place.control is None]
    if not departing:
        return "<p>No law departs on any model.</p>"
    groups: dict[tuple[str, str], list[VerdictRow]] = {}
    for row in sorted(departing, key=_order):
        groups.setdefault((str(row.verdict.law), row.verdict.unit.replace("_", " ")), []).append(row)
    parts = [_group(law, unit, _first_of_each(groups[law, unit])) for law, unit in sorted(groups)]
    return (
        f"<p>{len({law for law, _ in groups})} laws depart somewhere. Of each claim and model the case that departs "
        "first, in norms of the residual where that is known, with the fewest points that rule the law out.</p>"
        + "".join(parts)
    )


def _group(law: str, unit: str, rows: Sequence[VerdictRow]) -> str:
    heads = "".join(f'<th scope="col">{head}</th>' for head in HEADS)
    body = "".join(_row(row) for row in rows[:MOST])
    more = f"<p class='soft'>and {len(rows) - MOST} more</p>" if len(rows) > MOST else ""
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    title = f"<h3><a href='#law-{escape(law)}'>{escape(law)}</a>, in {escape(unit)}</h3>"
    return title + scroll(table, f"departures of {law} in {unit}") + more


def _row(row: VerdictRow) -> str:
    verdict, witness = row.verdict, row.verdict.witness or {"strengths": [], "values": []}
    points = ", ".join(f"({a:.4g}, {v:.4g})" for a, v in zip(witness["strengths"], witness["values"], strict=True))
    certain, ends = (verdict.horizon or {}).get("push") or (None, None)
    cells = (
        escape(in_unicode(verdict.claim)),
        escape(amount(row)),
        "" if certain is None else f"{certain:.2g}",
        "" if ends is None else f"{ends:.2g}",
        escape(where(row.place)),
        f'{points} <span class="soft">{escape(verdict.reason)}</span>',
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _first_of_each(rows: Sequence[VerdictRow]) -> list[VerdictRow]:
    """The first row of each claim and model."""
    first: dict[tuple[str, str], VerdictRow] = {}
    for row in rows:
        first.setdefault((row.verdict.claim, row.place.model), row)
    return list(first.values())


def _order(row: VerdictRow) -> tuple[float, float]:
    """Where it certainly departs, in push; of those of which that is not known, the largest first."""
    ends = ((row.verdict.horizon or {}).get("push") or (None, None))[1]
    size = (row.verdict.departure or 0.0) / max(row.verdict.tolerance, 1e-300)
    return (float("inf") if ends is None else ends), -size
