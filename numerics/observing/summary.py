"""The shape of every token's curve in a few numbers: what a sweep keeps of the whole vocabulary."""

from collections.abc import Collection

import numpy as np
from jaxtyping import Float

from numerics.bands import shapes
from numerics.bands.band import Band, around
from numerics.bands.exceeding import FROM_BUMP
from numerics.bands.outward import SIDES, first_passages, signed_nats, windows
from numerics.observing.observers.divergences import observe_divergences
from numerics.observing.observers.view import View
from numerics.observing.variables import OF_ALL_SHAPES, REACHING, SHAPES, SUMMARY

TURNS = frozenset({"turns", "first"})
OTHERS = frozenset(SUMMARY) - TURNS - frozenset({*OF_ALL_SHAPES, *REACHING})
TOGETHER = (frozenset(OF_ALL_SHAPES), frozenset(REACHING), TURNS, OTHERS)
"""Variables of the summary that are found together."""
POINTS = 3
"""Strengths that are kept of what rules a shape out, at most."""

Summary = dict[str, np.ndarray]


def empty_summary(contexts: int, vocab: int, wanted: Collection[str] = SUMMARY, tolerances: int = 1) -> Summary:
    """Room for what is wanted of the summary of every token in every context, before anything is observed.

    What is found together is wanted together: the shapes, how far out (at so many tolerances), the turns, the rest.
    """
    groups = [group for group in TOGETHER if not group.isdisjoint(wanted)]
    sizes = {"context": contexts, "vocab": vocab, "shape": len(SHAPES), "bound": 2, "point": POINTS}
    sizes |= {"reach_side": len(SIDES), "allowed": tolerances}
    empty = {"shape_witness": -1, "shape_witness_value": np.nan}
    return {
        name: np.full([sizes[axis] for axis in row.dimensions], empty.get(name, 0), row.dtype)
        for name, row in SUMMARY.items()
        if any(name in group for group in groups)
    }


def summarise(summary: Summary, context: int, view: View, tolerances: Collection[tuple[float, float]] = ()) -> None:
    """Fill in one context's row, a slice of the vocabulary at a time: what there is room for.

    Witnesses are kept of departures alone. A departure within any of the `tolerances` does not matter: so many nats,
    or a share of the curve's movement, never below its band.
    """
    if not summary:
        return
    strengths, halfwidth = view.strengths, 2 * view.halfwidth
    reaching = "bump_reach" in summary
    nats = signed_nats(strengths, observe_divergences(view, None)["kl_forward"]) if reaching else strengths
    for columns, values in view.slices():
        values -= view.log_normaliser[:, None]
        band = around(strengths, values, halfwidth[:, None])
        if "shape_departure" in summary:
            _compare(summary, (context, columns), values, band)
        if reaching:
            _reach(summary, (context, columns), band, nats, tolerances)
        if "turns" in summary:
            summary["turns"][context, columns], summary["first"][context, columns] = shapes.fewest_turns(band)
        if "peak" in summary:
            summary["peak"][context, columns] = strengths[values.argmax(axis=0)]
            summary["peak_lower"][context, columns], summary["peak_upper"][context, columns] = _peaks(band)
            summary["start"][context, columns], summary["end"][context, columns] = values[0], values[-1]


def _compare(
    summary: Summary, at: tuple[int, slice], values: Float[np.ndarray, "strengths curves"], band: Band
) -> None:
    """How far the curves are from every shape, and the points that show it."""
    summary["movement"][at] = _movement(band)
    for n, shape in enumerate(SHAPES):
        found = getattr(shapes, shape)(band, "departing")
        points = np.pad(found.witness, ((0, 0), (0, POINTS - found.witness.shape[1])), constant_values=-1)
        seen = np.take_along_axis(values.T, points, axis=1)
        summary["shape_departure"][(*at, n)] = np.stack([found.least, found.most], axis=1)
        summary["shape_witness"][(*at, n)] = points
        summary["shape_witness_value"][(*at, n)] = np.where(points >= 0, seen, np.nan)


def _reach(
    summary: Summary,
    at: tuple[int, slice],
    band: Band,
    nats: Float[np.ndarray, " strengths"],
    tolerances: Collection[tuple[float, float]],
) -> None:
    """How far out, on either side of strength 0 and on both, each curve is a bump within every tolerance."""
    movement = _movement(band)
    known_to = (band.upper - band.lower).max(axis=0)
    families = [*(windows(band.strengths, side) for side in SIDES), windows(nats)]
    for n, (amount, share) in enumerate(tolerances):
        allowed = np.maximum(share * movement, known_to) if share else amount
        passages = first_passages(FROM_BUMP, band.strengths, band.lower, band.upper, families, allowed)
        *sides, spending = (np.stack(passed, axis=1) for passed in passages)
        summary["bump_nats"][(*at, n)] = spending
        for side, passed in enumerate(sides):
            summary["bump_reach"][(*at, side, n)] = passed


def _movement(band: Band) -> Float[np.ndarray, " curves"]:
    return np.ptp((band.lower + band.upper) / 2, axis=0)


def _peaks(band: Band) -> tuple[Float[np.ndarray, " curves"], Float[np.ndarray, " curves"]]:
    """Between which strengths each curve is largest: the neighbours of all at which some curve in the band may be.

    Infinite where that is an end of the window: it may be largest beyond. The curve may have any shape;
    `peak_intervals` takes it for a bump, which narrows the interval and leaves none where it cannot be one.
    """
    may_be = band.upper >= band.lower.max(axis=0)
    first, last = may_be.argmax(axis=0), len(may_be) - 1 - may_be[::-1].argmax(axis=0)
    around = np.concatenate([[-np.inf], band.strengths, [np.inf]])
    return around[first], around[last + 2]
