"""The section of the page that has every law on every model, and the one with the largest departures."""

from collections.abc import Sequence
from html import escape

from numerics.judging.verdict import OUTCOMES
from steerlaw.rendering.words import CONTROLS, amount, departure, held, where
from steerlaw.results.lines import Line
from steerlaw.results.shares import LEVEL, Excess, interval
from steerlaw.results.verdict_rows import VerdictRow

HEADS = {"undecided": "undec.", "not_applicable": "n/a"}
MOST = 12
"""Departures that are shown."""


def verdicts_section(lines: Sequence[Line]) -> str:
    """A row a claim and model, the controls below it: counts, shares and the worst departure."""
    rows, previous = [], None
    for line in lines:
        total = sum(line.counts.values())
        bar = "".join(f'<i class="{v}" style="width:{100 * line.counts[v] / total:.3f}%"></i>' for v in OUTCOMES)
        numbers = "".join(f'<td class="n">{line.counts[v]:,}</td>' for v in OUTCOMES)
        rows.append(
            f'<tr class="{"first" if line.law != previous else ""}">'
            f'<td class="law">{escape(line.law) if line.law != previous else ""}{_claim(line)}</td>'
            f'<td class="model">{_model(line)}</td><td><span class="bar">{bar}</span></td>'
            f'{numbers}<td class="n">{held(line)}</td>'
            f'<td class="n">{_excess(line.excess)}</td><td class="worst">{escape(departure(line.worst))}</td></tr>'
        )
        previous = line.law
    heads = "".join(f'<th class="n">{HEADS.get(v, v)}</th>' for v in OUTCOMES)
    key = "".join(f'<span class="{v}"></span>{v.replace("_", " ")}' for v in OUTCOMES)
    return (
        f'<p class="key">{key}</p><div class="scroll"><table><thead><tr><th>law</th><th>model</th><th></th>{heads}'
        '<th class="n">% holds</th><th class="n">over random</th><th>worst departure, and where</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        '<p class="soft">Shares are means over contexts, with 95 % intervals that hold whatever the distribution of '
        "contexts; <i>over random</i> is by how much a share exceeds that along a random direction on the same "
        "contexts. One direction tells no more than which of the two is higher: how a vector ranks among many is "
        "below. Claims are never pooled; of each law the weakest stands out. <i>Untested</i>: curves that hold, and "
        "would still hold if they moved twice as far or as far the other way.</p>"
    )


def _claim(line: Line) -> str:
    """The claim, of the model itself: the weakest of its law stands out."""
    if line.control:
        return ""
    vacuous = f" Untested on {line.untested:,} curves." if line.untested else ""
    text = f"{escape(line.claim)}.{vacuous}"
    return f'<br><span class="{"claim" if line.weakest else "soft"}">{text}</span>'


def _excess(excess: Excess | None) -> str:
    if excess is None:
        return ""
    text = interval(excess.share, "+")
    return f"<b>{text}</b>" if excess.adjusted <= LEVEL else text


def _model(line: Line) -> str:
    return f'<span class="control">{escape(CONTROLS[line.control])}</span>' if line.control else escape(line.model)


def departures_section(rows: Sequence[VerdictRow]) -> str:
    """The worst case of each claim that departs on a model, the largest first, with its witness."""
    departing = [row for row in rows if row.verdict.verdict == "departs" and row.place.control is None]
    if not departing:
        return "<p>No law departs on any model.</p>"
    departing.sort(key=lambda row: -(row.verdict.departure or 0.0) / max(row.verdict.tolerance, 1e-300))
    largest: dict[tuple[str | None, str], VerdictRow] = {}
    for row in departing:
        largest.setdefault((row.verdict.law, row.verdict.claim), row)
    items = "".join(f"<li>{_departure(row)}</li>" for row in list(largest.values())[:MOST])
    return f"<p>The worst case of each claim that departs, with the fewest points that rule it out.</p><ol>{items}</ol>"


def _departure(row: VerdictRow) -> str:
    verdict, witness = row.verdict, row.verdict.witness or {"strengths": [], "values": []}
    points = ", ".join(f"({a:.4g}, {v:.4g})" for a, v in zip(witness["strengths"], witness["values"], strict=True))
    return (
        f"<b>{escape(str(verdict.law))}</b>: {escape(verdict.claim)}<br>"
        f"departs by {escape(amount(row))} on {escape(where(row.place))}"
        f'<br><span class="soft">witness (strength, value): {points}. {escape(verdict.reason)}</span>'
    )
