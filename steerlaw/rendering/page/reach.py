"""The first section of the page: do the laws hold where people steer, and how far does each?"""

from collections.abc import Sequence
from html import escape

from steerlaw.rendering.page.scrolled import scroll
from steerlaw.rendering.page.survival import survival_panels
from steerlaw.results.reaching.answers import LAWS, answers, middle, sentence, weakest_rows
from steerlaw.results.reaching.limits import LimitRow
from steerlaw.results.reaching.rows import HorizonRow

SHOWN = ("random_direction", "permuted_log_odds", "random_weights")


def reach_section(rows: Sequence[HorizonRow], limits: Sequence[LimitRow] = ()) -> str:
    """The answer for each model's middle block in words, then every law's horizons, block by block, beside controls."""
    there = middle(rows)
    if not there:
        return "<p>No model was steered whose strengths have a push, in norms of the residual.</p>"
    asked = "".join(f'<p class="answer">{escape(answer.say())}</p>' for answer in answers(there))
    told = "".join(f"<li>{escape(sentence(row))}</li>" for row in weakest_rows(there) if row.law in LAWS)
    told += "".join(f"<li>{escape(row.say())}</li>" for row in limits if row.control is None)
    words = f"<details><summary>Each law in words</summary><ul>{told}</ul></details>"
    return f"{asked}{survival_panels(rows)}{words}{_table(rows)}"


def _table(rows: Sequence[HorizonRow]) -> str:
    """A row a claim, concept and block: the median horizon in push and nats, and in push along the controls."""
    own = [row for row in rows if row.control is None and row.weighing == "count"]
    null = {(_key(row), row.control): row for row in rows if row.weighing == "count"}
    heads = ["law and claim", "where", "push", "nats", *(name.replace("_", " ") for name in SHOWN)]
    lines = []
    for row in sorted(own, key=lambda row: (row.law, row.claim, str(row.concept), row.layer or 0)):
        beside = (null.get((_key(row), control)) for control in SHOWN)
        where = ", ".join(filter(None, (row.model, row.concept, None if row.layer is None else f"block {row.layer}")))
        cells = [_median(row.push), "" if row.nats is None else _median(row.nats)]
        cells += ["" if other is None else _median(other.push) for other in beside]
        numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
        text = f"<b>{escape(row.law)}</b> {escape(row.claim)}"
        lines.append(f"<tr><td>{text}</td><td>{escape(where)}</td>{numbers}</tr>")
    titles = "".join(f'<th scope="col" class="{"n" if n > 1 else ""}">{head}</th>' for n, head in enumerate(heads))
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return (
        f"<details><summary>Median horizons: {len(lines)} claims and blocks</summary>"
        f"{scroll(table, 'median horizons')}"
        '<p class="soft">The reach at which half of the curves have ceased to obey within the tolerance, by count: '
        "from where that may be so to where it certainly is. In push (norms of the residual), for controls too; in "
        "nats, what their contexts have spent by then.</p></details>"
    )


def _key(row: HorizonRow) -> tuple:
    return row.law, row.claim, row.model, row.concept, row.layer


def _median(curve) -> str:
    low, high = (f"{end:.2g}" if end != float("inf") else "" for end in curve.median())
    if not low and not high:
        return f"over {curve.at[-1]:.2g}"
    return low if low == high else f"{low or '?'} to {high or 'the end'}"
