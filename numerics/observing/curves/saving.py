"""Curves written as netCDF: the residuals at the nodes, and the unembedding, or its hash where that is large."""

import json
import os
from typing import Any

import numpy as np
import xarray as xr

from numerics.files.atomic import replacing

FORMAT, SCHEMA = "steerlaw-curve", 1
STORED = 64 * 2**20
"""Bytes up to which an unembedding is stored with its curves."""

SCALARS = ("evaluations", "rounding", "tolerance")


def curve_dataset(curve: Any) -> xr.Dataset:
    """A `SteeredCurve` without its unembedding: `x [node, feature]` piece after piece, and where each piece lies."""
    pieces = curve.pieces
    columns = {
        "piece_low": [piece.low for piece in pieces],
        "piece_high": [piece.high for piece in pieces],
        "piece_error": [piece.error for piece in pieces],
        "piece_resolved": [int(piece.resolved) for piece in pieces],
        "piece_nodes": [len(piece.values) for piece in pieces],
    }
    data = {name: ("piece", np.array(column)) for name, column in columns.items()}
    x = np.concatenate([piece.values for piece in pieces])
    return xr.Dataset(
        {"x": (("node", "feature"), x), **data},
        attrs={
            **{name: getattr(curve, name) for name in SCALARS},
            "middle": curve.map.middle,
            "spread": curve.map.spread,
            "window": list(curve.window),
            "vocab_size": curve.head.size,
            "cap": np.nan if curve.head.cap is None else curve.head.cap,
            "divisor": curve.head.divisor,
            "unembedding_sha256": curve.head.fingerprint,
            "attributes": json.dumps(curve.attributes),
        },
    )


def save_curve(curve: Any, path: str | os.PathLike[str]) -> None:
    """Write a curve as netCDF, whole or not at all."""
    data = curve_dataset(curve).assign_attrs(format=FORMAT, schema=SCHEMA)
    table = curve.head.table
    if table is not None and table.nbytes <= STORED:
        data = data.assign(unembedding=(("token", "feature"), np.asarray(table, _storable(table.dtype))))
        data["unembedding"].attrs["dtype"] = table.dtype.name
    with replacing(path) as temporary:
        data.to_netcdf(temporary, engine="h5netcdf")


def _storable(dtype: Any) -> np.dtype:
    """Half precision is stored in float32, which holds it exactly."""
    return np.promote_types(dtype, np.float32) if dtype.name != "bfloat16" else np.dtype(np.float32)
