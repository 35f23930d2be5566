"""Curves in netCDF: the residuals at the nodes, and the unembedding, or its hash where that is large."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from numerics.files.atomic import replacing
from numerics.observing.curves.angle import AngleMap
from numerics.observing.curves.curve import SteeredCurve
from numerics.observing.curves.head import Head
from numerics.observing.curves.pieces import Piece
from numerics.observing.curves.rays import CurvedModel

FORMAT, SCHEMA = "steerlaw-curve", 1
STORED = 64 * 2**20
"""Bytes up to which an unembedding is stored with its curves."""

SCALARS = ("evaluations", "rounding", "tolerance")


def curve_dataset(curve: SteeredCurve) -> xr.Dataset:
    """A curve without its unembedding: `x [node, feature]` piece after piece, and where each piece lies."""
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
            "unembedding_sha256": curve.head.fingerprint,
            "attributes": json.dumps(curve.attributes),
        },
    )


def curve_of(data: xr.Dataset, head: Head) -> SteeredCurve:
    """The curve of such a dataset, read with the unembedding of `head`, which must be the one it was made with."""
    attrs = data.attrs
    if head.fingerprint != attrs["unembedding_sha256"]:
        raise ValueError("the curve is of another model than the one given: their unembeddings differ")
    ends = np.cumsum(data["piece_nodes"].to_numpy())[:-1]
    places = (data[f"piece_{name}"].to_numpy().tolist() for name in ("low", "high", "error", "resolved"))
    values = np.split(data["x"].to_numpy(), ends)
    return SteeredCurve(
        map=AngleMap(middle=float(attrs["middle"]), spread=float(attrs["spread"])),
        pieces=tuple(
            Piece(low=low, high=high, values=x, error=error, resolved=bool(resolved))
            for low, high, error, resolved, x in zip(*places, values, strict=True)
        ),
        head=head,
        window=(float(attrs["window"][0]), float(attrs["window"][1])),
        evaluations=int(attrs["evaluations"]),
        rounding=float(attrs["rounding"]),
        tolerance=float(attrs["tolerance"]),
        attributes=json.loads(attrs["attributes"]),
    )


def save_curve(curve: SteeredCurve, path: str | os.PathLike[str]) -> None:
    """Write a curve as netCDF, whole or not at all."""
    data = curve_dataset(curve).assign_attrs(format=FORMAT, schema=SCHEMA)
    table = curve.head.table
    if table is not None and table.nbytes <= STORED:
        data = data.assign(unembedding=(("token", "feature"), np.asarray(table, _storable(table.dtype))))
        data["unembedding"].attrs["dtype"] = table.dtype.name
    with replacing(path) as temporary:
        data.to_netcdf(temporary, engine="h5netcdf")


def load_curve(path: str | os.PathLike[str], model: Any = None) -> SteeredCurve:
    """Read a curve that `SteeredCurve.save` wrote. `model` supplies the unembedding where it was too large to store.

    A model that is given is checked against the curve in any case. A file that is no curve, or one that needs a model
    and gets none or another, is a `ValueError`, a missing one a `FileNotFoundError`.

    >>> curve.save("curve.nc"); load_curve("curve.nc").peaks(17)                                   # doctest: +SKIP
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such curve file")
    try:
        with xr.open_dataset(path, engine="h5netcdf") as opened:
            data = opened.load()
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: not a netCDF file that can be read; expected a curve written by steerlaw") from error
    if data.attrs.get("format") != FORMAT:
        raise ValueError(f"{path}: a netCDF file, but no curve: attribute 'format' is not {FORMAT!r}")
    if data.attrs.get("schema") != SCHEMA:
        raise ValueError(f"{path}: curve schema {data.attrs.get('schema')}, expected {SCHEMA}; update steerlaw")
    try:
        return curve_of(data, _stored_head(data) if model is None else _head_of(data, model))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"{path}: a damaged curve ({error!r}); make it again") from error


def _stored_head(data: xr.Dataset) -> Head:
    size, cap = int(data.attrs["vocab_size"]), float(data.attrs["cap"])
    known = None if np.isnan(cap) else cap
    if data.attrs["unembedding_sha256"] == (bare := Head(size=size, cap=known)).fingerprint:
        return bare
    if "unembedding" not in data:
        raise ValueError("the unembedding was too large to be stored: give the model (load_curve(path, model))")
    table = data["unembedding"]
    return Head(size=size, cap=known, table=table.to_numpy().astype(_dtype(table.attrs["dtype"])))


def _head_of(data: xr.Dataset, model: Any) -> Head:
    if not isinstance(model, CurvedModel):
        return _stored_head(data)
    head = model.head
    if head.size != int(data.attrs["vocab_size"]):
        raise ValueError(f"a curve of {data.attrs['vocab_size']} tokens, but {model.name} has {head.size}")
    return head


def _storable(dtype: Any) -> np.dtype:
    """Half precision is stored in float32, which holds it exactly."""
    return np.promote_types(dtype, np.float32) if dtype.name != "bfloat16" else np.dtype(np.float32)


def _dtype(name: str) -> np.dtype:
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)
