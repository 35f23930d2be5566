"""The shape of every token's curve in a few numbers: what a sweep keeps of the whole vocabulary."""

from typing import Any

import numpy as np
from jaxtyping import Float

from numerics.bands import shapes
from numerics.bands.band import Band, around
from numerics.observing.view import View

BLOCK = 4096
"""Vocabulary columns worked on at once: few enough for bounded memory, many enough to keep NumPy busy."""

SHAPES = {"rising": shapes.rising, "falling": shapes.falling, "bump": shapes.bump}
POINTS = 3

Summary = dict[str, np.ndarray]


def empty_summary(contexts: int, vocab: int) -> Summary:
    """Room for the summary of every token in every context, before anything is observed."""
    one, of_shape = (contexts, vocab), (contexts, vocab, len(SHAPES))
    return {
        "shape_departure": np.zeros((*of_shape, 2), np.float32),
        "shape_witness": np.full((*of_shape, POINTS), -1, np.int32),
        "shape_witness_value": np.full((*of_shape, POINTS), np.nan, np.float32),
        "peak": np.zeros(one),
        "peak_lower": np.zeros(one),
        "peak_upper": np.zeros(one),
        "turns": np.zeros(one, np.int32),
        "first": np.zeros(one, np.int8),
        "start": np.zeros(one),
        "end": np.zeros(one),
    }


def summarise(summary: Summary, context: int, view: View) -> None:
    """Fill in one context's row, a block of the vocabulary at a time. Witnesses are kept of departures alone."""
    strengths, halfwidth = view.strengths, 2 * view.halfwidth
    for start in range(0, view.logits.shape[1], BLOCK):
        columns = slice(start, min(start + BLOCK, view.logits.shape[1]))
        values = view.logits[:, columns] - view.log_normaliser[:, None]
        band = around(strengths, values, halfwidth[:, None])
        for n, shape in enumerate(SHAPES.values()):
            found = shape(band, "departing")
            points = np.pad(found.witness, ((0, 0), (0, POINTS - found.witness.shape[1])), constant_values=-1)
            at = np.take_along_axis(values.T, points, axis=1)
            summary["shape_departure"][context, columns, n] = np.stack([found.least, found.most], axis=1)
            summary["shape_witness"][context, columns, n] = points
            summary["shape_witness_value"][context, columns, n] = np.where(points >= 0, at, np.nan)
        summary["turns"][context, columns], summary["first"][context, columns] = shapes.fewest_turns(band)
        summary["peak"][context, columns] = strengths[values.argmax(axis=0)]
        summary["peak_lower"][context, columns], summary["peak_upper"][context, columns] = _peaks(band)
        summary["start"][context, columns], summary["end"][context, columns] = values[0], values[-1]


def _peaks(band: Band) -> tuple[Float[np.ndarray, " curves"], Float[np.ndarray, " curves"]]:
    """Between which strengths each curve is largest: the neighbours of all at which some curve in the band may be.

    Infinite where that is an end of the window: it may be largest beyond. The curve may have any shape;
    `peak_intervals` takes it for a bump, which narrows the interval and leaves none where it cannot be one.
    """
    may_be = band.upper >= band.lower.max(axis=0)
    first, last = may_be.argmax(axis=0), len(may_be) - 1 - may_be[::-1].argmax(axis=0)
    around = np.concatenate([[-np.inf], band.strengths, [np.inf]])
    return around[first], around[last + 2]


def summary_variables(summary: Summary) -> dict[str, Any]:
    """As variables of a sweep's dataset."""
    dims = {
        "shape_departure": ("context", "vocab", "shape", "bound"),
        "shape_witness": ("context", "vocab", "shape", "point"),
        "shape_witness_value": ("context", "vocab", "shape", "point"),
    }
    return {name: (dims.get(name, ("context", "vocab")), values) for name, values in summary.items()}
