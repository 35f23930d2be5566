"""The section of the page on whole texts: a sentence a concept, and a table of what was predicted and observed."""

from collections.abc import Sequence
from html import escape

from numerics.reweighting.derivatives import Estimate
from steerlaw.rendering.page.scrolled import scroll
from steerlaw.results.reaching.answers import place
from steerlaw.results.whole_texts import TextRow


def texts_section(rows: Sequence[TextRow]) -> str:
    """What whole texts show; where none were drawn, how to have them drawn."""
    if not rows:
        return (
            "<p>No whole texts were drawn: <code>--texts 8</code> draws eight after each context, and a file that "
            "<code>steerlaw texts</code> wrote may be given.</p>"
        )
    said = "".join(f'<p class="answer">{escape(row.say())}</p>' for row in rows)
    heads = ("where", "number", "predicted", "observed", "random directions")
    titles = "".join(f'<th scope="col" class="{"n" if n > 1 else ""}">{head}</th>' for n, head in enumerate(heads))
    body = "".join(line for row in rows for line in _lines(row))
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"
    return said + scroll(table, "whole texts") + _events(rows)


def _lines(row: TextRow) -> list[str]:
    """Slope, curvature and what texts cost near 0."""
    where = escape(f"{place(row.model, row.concept, row.layer)}: {row.score}")
    random = f"{min(row.random):.2g} to {max(row.random):.2g}" if row.random else ""
    numbers = [
        ("slope at 0", row.predicted and row.predicted.slope, row.observed and row.observed.slope, random),
        ("curvature at 0", row.predicted and row.predicted.curvature, row.observed and row.observed.curvature, ""),
        ("Fisher information, nats", row.information, None, ""),
    ]
    return [
        f'<tr class="{"" if n else "first"}"><td>{"" if n else where}</td><td>{name}</td>'
        f'<td class="n">{_interval(one)}</td><td class="n">{_interval(other)}</td><td class="n">{beside}</td></tr>'
        for n, (name, one, other, beside) in enumerate(numbers)
    ]


def _events(rows: Sequence[TextRow]) -> str:
    """Whether any event became likelier than the texts' nats allow."""
    asked = [event for row in rows for event in row.events]
    over = [event.event for event in asked if not event.within]
    kept = f"all {len(asked)} stay within it" if not over else f"these do not: {', '.join(over)}"
    return (
        '<p class="soft">Predicted from unsteered texts alone, observed on other, steered ones; 95 % intervals over '
        "prompts unless another level was asked for. No event can become likelier than its unsteered chance and the "
        f"texts' nats allow (estimated from upper limits of both): {escape(kept)}.</p>"
    )


def _interval(estimate: Estimate | None) -> str:
    return "" if estimate is None else f"{estimate.value:.3g} ({estimate.lower:.2g} to {estimate.upper:.2g})"
