"""Verdicts in words: how large a departure is, of which curve, and how much holds."""

from collections.abc import Mapping

from steerlaw.results.lines import Line
from steerlaw.results.shares import interval, percent
from steerlaw.results.verdict_rows import Place, VerdictRow

CONTROLS: Mapping[str, str] = {
    "random_direction": "random direction",
    "permuted_log_odds": "permuted log-odds",
    "random_weights": "random weights",
}


def amount(row: VerdictRow) -> str:
    """The size of a departure with its unit."""
    return f"{row.verdict.departure:.3g} {row.verdict.unit.replace('_', ' ')}"


def where(place: Place) -> str:
    """The curve a verdict is about, its model and control first."""
    parts = (place.model, place.control and CONTROLS[place.control], inside(place))
    return ", ".join(filter(None, parts))


def inside(place: Place) -> str:
    """Where in its model the curve of a verdict is."""
    token = place.token
    parts = [
        place.instance or (None if place.layer is None else f"layer {place.layer}"),
        place.concept,
        None if place.context is None else f"context {place.context}",
        None if token is None else f"token {token.text!r}" if token.text else f"token {token.id}",
    ]
    return ", ".join(part for part in parts if part)


def departure(row: VerdictRow | None) -> str:
    """How far the row departs and where in its model; nothing for none."""
    return "" if row is None else f"{amount(row)}: {inside(row.place)}"


def held(line: Line) -> str:
    """The share that holds, with its interval where there are replicates."""
    if line.holds is not None:
        return interval(line.holds)
    return "" if line.shares is None else percent(line.shares["holds"])
