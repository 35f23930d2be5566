"""The section of the page on where each steering vector ranks among directions with no concept in them."""

from collections.abc import Sequence
from html import escape

from steerlaw.rendering.page.scrolled import scroll
from steerlaw.results.directions import TOLERANCE, Standing
from steerlaw.results.shares import LEVEL, interval, percent


def directions_section(standings: Sequence[Standing]) -> str:
    """A row a claim, vector, block and kind of direction."""
    if not standings:
        return "<p>No vector of a language model was ranked (--directions).</p>"
    rows = "".join(_row(one) for one in standings)
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("law and claim", "model, concept and block", "among"))
    numbers = "".join(
        f'<th scope="col" class="n">{name}</th>' for name in ("vector", "middle half", "excess", "level", "adjusted")
    )
    table = f"<table><thead><tr>{heads}{numbers}</tr></thead><tbody>{rows}</tbody></table>"
    return (
        scroll(table, "vectors ranked among directions")
        + f'<p class="soft">Share of curves in %, by base probability where they are of tokens, that obey within '
        f"{TOLERANCE:g}, each direction judged by its own derivative as far as its own tilt spends a nat. "
        "The direction is the replicate: the level is the rank of the vector, at best 1 in one more than there are "
        "directions; it is adjusted for all the claims asked of a vector, and in bold where that is at most "
        f"{LEVEL:g}. Intervals of the excess are over contexts, the directions being given.</p>"
    )


def _row(one: Standing) -> str:
    where = ", ".join(filter(None, (one.model, one.concept, None if one.layer is None else f"block {one.layer}")))
    adjusted = f"{one.adjusted:.2g}"
    numbers = (
        percent(one.score),
        f"{percent(one.null[0])} to {percent(one.null[2])}",
        interval(one.excess, "+"),
        f'<span title="{escape(one.words)}">{one.level:.2g}</span>',
        f"<b>{adjusted}</b>" if one.significant else adjusted,
    )
    cells = "".join(f'<td class="n">{number}</td>' for number in numbers)
    return (
        f'<tr class="first"><td class="model">{escape(f"{one.law}: {one.claim}")}</td><td>{escape(where)}</td>'
        f"<td>{one.drawn} {one.origin}</td>{cells}</tr>"
    )
