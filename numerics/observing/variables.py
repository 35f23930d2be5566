"""What a sweep holds: of every variable its dimensions, unit, dtype and meaning, and the dimensions of its half-width.

The one place where this is said: sweeps are built, checked, described and read by these rows. Logs are natural. Along
`token` are the vocabulary ids of the chosen tokens, along `vocab` all tokens, along `segment` pieces of text.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from theory.quantities import (
    CENTRED_LOGIT,
    CONCEPT_LOGIT,
    CROSS_ENTROPY_CHANGE,
    EFFICIENCY,
    ENTROPY,
    GREEDY_LOG_ODDS,
    INTERPLAY,
    KL_FORWARD,
    KL_REVERSE,
    LOG_PROBABILITY,
    LOG_PROBABILITY_SLOPE,
    LOG_RATIO,
    MEAN_LOG_ODDS,
    PEAK,
    SINGULAR_VALUES,
    TEXT_DIVERGENCE,
    TEXT_HIT,
    TEXT_HIT_DIVERGENCE,
    TEXT_JUDGED,
    TOP_LOG_PROBABILITY,
    Quantity,
)

SHAPES = ("rising", "falling", "bump")
"""Along a sweep's `shape` dimension: what the curve of every token is compared with."""
RISING, FALLING, BUMP = range(3)

HALFWIDTH = "_halfwidth"

RENAMED: dict[int, dict[str, str]] = {1: {"block": "segment", "block_weight": "segment_share"}, 2: {}, 3: {}}
"""Of every schema of the file that can be read: names in it that are other ones now."""


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A row of the table. The band of a variable with a half-width is the value give or take it."""

    dimensions: tuple[str, ...]
    unit: str
    meaning: str
    dtype: type = np.float64
    halfwidth: tuple[str, ...] | None = None


def _row(dimensions: str, unit: str, meaning: str, *, dtype: type = np.float64, halfwidth: str | None = None):
    width = None if halfwidth is None else tuple(halfwidth.split())
    return Variable(dimensions=tuple(dimensions.split()), unit=unit, meaning=meaning, dtype=dtype, halfwidth=width)


def _curve(quantity: Quantity, *, halfwidth: str = "context strength", along: str | None = None) -> Variable:
    """The row of a quantity, which is kept as it is observed."""
    dimensions = " ".join((*quantity.per, along or quantity.along))
    return _row(dimensions, quantity.unit, quantity.meaning, halfwidth=halfwidth)


CURVES: dict[str, Variable] = {
    LOG_PROBABILITY.id: _curve(LOG_PROBABILITY),
    LOG_PROBABILITY_SLOPE.id: _curve(LOG_PROBABILITY_SLOPE, halfwidth="context slope_strength", along="slope_strength"),
    LOG_RATIO.id: _curve(LOG_RATIO),
    INTERPLAY.id: _curve(INTERPLAY),
    "mean_logprob": _row(
        "context strength", "nats", "mean of the log-probabilities of all tokens", halfwidth="context strength"
    ),
    MEAN_LOG_ODDS.id: _curve(MEAN_LOG_ODDS),
    GREEDY_LOG_ODDS.id: _curve(GREEDY_LOG_ODDS),
    TOP_LOG_PROBABILITY.id: _curve(TOP_LOG_PROBABILITY),
    ENTROPY.id: _curve(ENTROPY),
    KL_FORWARD.id: _curve(KL_FORWARD),
    KL_REVERSE.id: _curve(KL_REVERSE),
    CONCEPT_LOGIT.id: _curve(CONCEPT_LOGIT),
    EFFICIENCY.id: _curve(EFFICIENCY, halfwidth="context concept strength"),
    SINGULAR_VALUES.id: _curve(SINGULAR_VALUES, halfwidth="context"),
    TEXT_HIT.id: _curve(TEXT_HIT, halfwidth="context concept strength"),
    TEXT_JUDGED.id: _curve(TEXT_JUDGED, halfwidth="context concept strength"),
    TEXT_HIT_DIVERGENCE.id: _curve(TEXT_HIT_DIVERGENCE, halfwidth="context concept strength"),
    TEXT_DIVERGENCE.id: _curve(TEXT_DIVERGENCE),
    "cross_entropy": _row(
        "segment strength", "nats", "mean cross-entropy of a segment's predicted tokens", halfwidth="strength"
    ),
}
"""Curves, in full; of the chosen tokens where they are of tokens."""

OF_SHAPES = "context vocab shape"
SUMMARY: dict[str, Variable] = {
    "shape_departure": _row(
        f"{OF_SHAPES} bound", "log_probability", "D- and D+ from curves of this shape", dtype=np.float32
    ),
    "shape_witness": _row(
        f"{OF_SHAPES} point",
        "",
        "numbers of the strengths that rule the shape out, else -1",
        dtype=np.int32,
    ),
    "shape_witness_value": _row(f"{OF_SHAPES} point", "log_probability", "the values there", dtype=np.float32),
    "bump_reach": _row(
        "context vocab reach_side allowed bound",
        "strength",
        "size of strength up to which the curve certainly rises and falls within a tolerance, and from which it "
        "certainly does not; inf: not in the window",
        dtype=np.float32,
    ),
    "bump_nats": _row(
        "context vocab allowed bound", "nats", "the same, in what the context has spent by then", dtype=np.float32
    ),
    "movement": _row("context vocab", "log_probability", "largest less smallest value", dtype=np.float32),
    "peak": _row("context vocab", "strength", "strength of the largest value"),
    "peak_lower": _row("context vocab", "strength", "from where on the maximum may lie; -inf: before the window"),
    "peak_upper": _row("context vocab", "strength", "up to where the maximum may lie; inf: beyond the window"),
    "turns": _row("context vocab", "count", "fewest turning points of any curve in the band", dtype=np.int32),
    "first": _row("context vocab", "", "1 where it first rises, -1 where it first falls, 0 where flat", dtype=np.int8),
    "start": _row("context vocab", "log_probability", "value at the first strength"),
    "end": _row("context vocab", "log_probability", "value at the last strength"),
}
"""The curve of every token's log-probability, in a few numbers."""

OF_ALL_SHAPES = ("shape_departure", "shape_witness", "shape_witness_value", "movement")
REACHING = ("bump_reach", "bump_nats")
"""Of the summary: how far every token's curve is from each shape, where that shows, and how far out it is a bump."""

OTHERS: dict[str, Variable] = {
    "log_odds": _row("vocab", "nats", "M, the log-odds of every token"),
    "slope_at_zero": _row("context vocab", "nats/strength", "exact slope of the log-probability at strength 0"),
    "slope_peak_lower": _row("context token", "strength", "before its peak, by the exact slope; else nan"),
    "slope_peak_upper": _row("context token", "strength", "beyond its peak, by the exact slope; else nan"),
    "segment_share": _row("segment", "share", "of each segment in the mean, summing to 1"),
}

COORDINATES: dict[str, Variable] = {
    "strength": _row("strength", "strength", "alpha, ascending"),
    "slope_strength": _row("slope_strength", "strength", "strengths at which exact slopes were taken"),
    "token": _row("token", "", "ids of the tokens chosen before the sweep", dtype=np.int64),
    "concept": _row("concept", "", "names of the concepts, the target first", dtype=np.str_),
    "rank": _row("rank", "", "1 for the largest singular value", dtype=np.int64),
    "shape": _row("shape", "", "shapes that curves are compared with", dtype=np.str_),
    "bound": _row("bound", "", "lower, upper", dtype=np.str_),
    "reach_side": _row("reach_side", "", "of strength 0 on which windows grow: left, right, both", dtype=np.str_),
    "allowed": _row("allowed", "", "how large a departure matters, in nats or in % of the movement", dtype=np.str_),
}

HOLDING: dict[str, tuple[str, ...]] = {
    PEAK.id: ("log_odds", "peak_lower", "peak_upper"),
    CENTRED_LOGIT.id: ("log_probability", "mean_logprob"),
    CROSS_ENTROPY_CHANGE.id: ("cross_entropy",),
}
"""The variables that a quantity is read from, where it is not the one of its own name."""

OBSERVED = CURVES | SUMMARY | OTHERS | COORDINATES

HALFWIDTHS: dict[str, Variable] = {
    name + HALFWIDTH: Variable(dimensions=row.halfwidth, unit=row.unit, meaning=f"half-width of the band of {name}")
    for name, row in OBSERVED.items()
    if row.halfwidth is not None
}

VARIABLES = OBSERVED | HALFWIDTHS
"""Every variable of a sweep, all of them optional but `strength`."""


def check_variables(data: xr.Dataset) -> None:
    """`ValueError` that names a variable which does not have the dimensions or the kind of values of its row."""
    for name, variable in data.variables.items():
        if (row := VARIABLES.get(str(name))) is None:
            continue
        if set(variable.dims) != set(row.dimensions):
            raise ValueError(
                f"sweep: {name} runs along [{', '.join(map(str, variable.dims))}], "
                f"expected [{', '.join(row.dimensions)}]"
            )
        text = row.dtype is np.str_
        if text != (variable.dtype.kind in "OSU") or not (text or variable.dtype.kind in "biuf"):
            raise ValueError(f"sweep: {name} holds values of {variable.dtype}, expected {row.dtype.__name__}")


def described(data: xr.Dataset) -> xr.Dataset:
    """The dataset, each known variable with its unit and meaning, for whoever opens the file."""
    data = data.copy(deep=False)
    for name in data.variables:
        if row := VARIABLES.get(str(name)):
            data[name].attrs |= {"long_name": row.meaning} | ({"units": row.unit} if row.unit else {})
    return data
