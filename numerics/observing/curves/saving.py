"""Curves written as netCDF: the residuals at the nodes, and the unembedding, or its hash where that is large."""

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from numerics.files.atomic import replacing
from numerics.observing.curves.head import Head

FORMAT, SCHEMA = "steerlaw-curve", 2
STORED = 64 * 2**20
"""Bytes up to which an unembedding is stored with its curves."""

NUMBERS = ("middle", "spread", "window_low", "window_high", "evaluations", "rounding", "tolerance")
"""What a file says of every curve."""
OF_HEAD = ("vocab_size", "cap", "divisor", "unembedding_sha256")


def curves_dataset(curves: Sequence[Any]) -> xr.Dataset:
    """`SteeredCurve`s of one model without its unembedding.

    `x [node, feature]` is that of one piece after another, curve by curve; `pieces [curve]` and `piece_nodes [piece]`
    say how many are whose.
    """
    pieces = [piece for curve in curves for piece in curve.pieces]
    of_pieces = {
        "piece_low": [piece.low for piece in pieces],
        "piece_high": [piece.high for piece in pieces],
        "piece_error": [piece.error for piece in pieces],
        "piece_resolved": [int(piece.resolved) for piece in pieces],
        "piece_nodes": [len(piece.values) for piece in pieces],
    }
    numbers = [
        (c.map.middle, c.map.spread, *c.window, float(c.evaluations), float(c.rounding), float(c.tolerance))
        for c in curves
    ]
    columns = zip(NUMBERS, np.array(numbers, np.float64).T, strict=True)
    head = curves[0].head
    return xr.Dataset(
        {
            "x": (("node", "feature"), np.concatenate([piece.values for piece in pieces])),
            "pieces": ("curve", np.array([len(curve.pieces) for curve in curves])),
            **{name: ("piece", np.array(column)) for name, column in of_pieces.items()},
            **{name: ("curve", column) for name, column in columns},
        },
        attrs={
            "vocab_size": head.size,
            "cap": np.nan if head.cap is None else head.cap,
            "divisor": head.divisor,
            "unembedding_sha256": head.fingerprint,
            "attributes": json.dumps(curves[0].attributes),
        },
    )


def joined(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """The curves of several datasets, one after another; of one model, which is not checked."""
    along = {str(name): str(values.dims[0]) for name, values in parts[0].data_vars.items()}
    data = {name: (parts[0][name].dims, np.concatenate([part[name] for part in parts])) for name in along}
    return xr.Dataset(data, attrs=parts[0].attrs)


def with_unembedding(data: xr.Dataset, head: Head) -> xr.Dataset:
    """The dataset, which then can be read without the model, where the unembedding is of at most `STORED` bytes."""
    table = head.table
    if table is None or table.nbytes > STORED:
        return data
    data = data.assign(unembedding=(("token", "feature"), np.asarray(table, _storable(table.dtype))))
    data["unembedding"].attrs["dtype"] = table.dtype.name
    return data


def packed(data: xr.Dataset) -> xr.Dataset:
    """The dataset, to be written compressed: of floating-point numbers that is their signs and exponents."""
    data = data.copy(deep=False)
    for name in {"x", "unembedding"} & set(data.data_vars):
        data[name].encoding = {"zlib": True, "shuffle": True, "complevel": 1}
    return data


def save_curve(curve: Any, path: str | os.PathLike[str]) -> None:
    """Write a curve as netCDF, whole or not at all."""
    data = with_unembedding(curves_dataset([curve]), curve.head).assign_attrs(format=FORMAT, schema=SCHEMA)
    with replacing(path) as temporary:
        packed(data).to_netcdf(temporary, engine="h5netcdf")


def _storable(dtype: Any) -> np.dtype:
    """Half precision is stored in float32, which holds it exactly."""
    return np.promote_types(dtype, np.float32) if dtype.name != "bfloat16" else np.dtype(np.float32)
