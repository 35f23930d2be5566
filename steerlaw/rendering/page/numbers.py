"""The section of the page with predicted numbers beside observed ones: a scatter plot a quantity, and the table."""

from collections.abc import Sequence
from html import escape

from steerlaw.rendering.page.scatter import Point, scatter, without_noise
from steerlaw.rendering.page.scrolled import scroll
from steerlaw.results.predicted_rows import PredictedRow


def numbers_section(quantities: Sequence[PredictedRow]) -> str:
    """Predicted against observed, one point a place; below, each place with the gap along a random direction beside."""
    rows = [row for row in quantities if row.control is None]
    if not rows:
        return "<p>No law predicted a number here.</p>"
    return (
        "<p>Medians over contexts (and tokens, concepts): what the unsteered model predicts, between which bounds it "
        "was observed, and the distance from the one to the other. Peaks are roots of exact slopes; of cross-entropy "
        "the bounds are 95 % intervals over segments of text. Log-odds of a concept are measured on prompts and scaled "
        "by the derivative of the logits at strength 0. What single precision cannot tell from 0 is 0.</p>"
        f"{_panels(quantities)}{_table(rows, quantities)}"
    )


def _panels(quantities: Sequence[PredictedRow]) -> str:
    """A panel a quantity and unit: rings are along a random direction."""
    kinds = dict.fromkeys((row.gap.quantity, row.gap.unit) for row in quantities if row.gap.predicted is not None)
    panels = []
    for quantity, unit in kinds:
        points = [
            Point(
                predicted=row.gap.predicted,
                lower=row.gap.lower,
                upper=row.gap.upper,
                name=", ".join([_where(row), *([] if row.control is None else [row.control.replace("_", " ")])]),
                control=row.control is not None,
            )
            for row in quantities
            if (row.gap.quantity, row.gap.unit) == (quantity, unit)
            and row.gap.predicted is not None
            and row.control in (None, "random_direction")
        ]
        panels.append(scatter(quantity, unit, points))
    return (
        '<p class="key">predicted to the right, observed upwards; on the dashed line they are equal; rings: along a '
        f'random direction</p><div class="panels">{"".join(panels)}</div>'
        if panels
        else ""
    )


def _where(row: PredictedRow) -> str:
    return ", ".join(filter(None, (row.name, row.concept, None if row.layer is None else f"block {row.layer}")))


def _table(rows: Sequence[PredictedRow], quantities: Sequence[PredictedRow]) -> str:
    null = {row.place: row.gap for row in quantities if row.control == "random_direction"}
    lines = []
    for row in rows:
        gap, random = row.gap, null.get(row.place)
        known = [gap.predicted, gap.lower, gap.upper, gap.gap, gap.largest, random and random.gap]
        predicted, lower, upper, away, largest, other = (_number(value) for value in without_noise(known))
        sense = "" if gap.sense == "equal" or not predicted else f"{gap.sense} "
        words = (gap.quantity, _where(row), gap.unit)
        numbers = (f"{sense}{predicted}", f"{lower} to {upper}", away, largest, other, f"{gap.count:,}")
        cells = [f"<td>{escape(word)}</td>" for word in words] + [f'<td class="n">{x}</td>' for x in numbers]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    heads = [f'<th scope="col">{head}</th>' for head in ("quantity", "where", "unit")]
    counted = ("predicted", "observed", "gap", "largest gap", "gap, random", "cases")
    heads += [f'<th scope="col" class="n">{head}</th>' for head in counted]
    table = f"<table><thead><tr>{''.join(heads)}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f"<details><summary>{len(rows)} quantities</summary>{scroll(table, 'predicted and observed')}</details>"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
