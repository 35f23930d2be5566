"""The section of the page with predicted numbers beside observed ones."""

from collections.abc import Sequence
from html import escape

from steerlaw.results.predicted_rows import PredictedRow


def numbers_section(quantities: Sequence[PredictedRow]) -> str:
    """One row a quantity and place, with the same gap along a random direction beside it."""
    null = {row.place: row.gap for row in quantities if row.control == "random_direction"}
    rows = []
    for row in (row for row in quantities if row.control is None):
        gap, random = row.gap, null.get(row.place)
        sense = "" if gap.sense == "equal" else f"{gap.sense} "
        where = (row.name, row.concept, None if row.layer is None else f"layer {row.layer}")
        words = (gap.quantity, ", ".join(filter(None, where)), gap.unit)
        numbers = (
            "" if gap.predicted is None else f"{sense}{gap.predicted:.3g}",
            f"{gap.lower:.3g} to {gap.upper:.3g}",
            _number(gap.gap),
            _number(gap.largest),
            _number(random and random.gap),
            f"{gap.count:,}",
        )
        cells = [f"<td>{escape(word)}</td>" for word in words] + [f'<td class="n">{x}</td>' for x in numbers]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    heads = [f"<th>{head}</th>" for head in ("quantity", "where", "unit")]
    heads += [
        f'<th class="n">{head}</th>' for head in ("predicted", "observed", "gap", "largest gap", "gap, random", "cases")
    ]
    return (
        "<p>Medians over contexts (and tokens, concepts): what the unsteered model predicts, between which bounds it "
        "was observed, and the distance from the one to the other. Peaks are roots of exact slopes; of cross-entropy "
        "the bounds are 95 % intervals over segments of text. Log-odds of a concept are measured on prompts and scaled "
        "by the derivative of the logits at strength 0.</p>"
        f'<details><summary>{len(rows)} quantities</summary><div class="scroll"><table>'
        f"<thead><tr>{''.join(heads)}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div></details>"
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"
