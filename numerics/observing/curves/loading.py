"""Curves read from netCDF, and checked against the model where one is given."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from numerics.observing.curves.angle import AngleMap
from numerics.observing.curves.curve import SteeredCurve
from numerics.observing.curves.head import Head
from numerics.observing.curves.pieces import Piece
from numerics.observing.curves.rays import CurvedModel
from numerics.observing.curves.saving import FORMAT, SCHEMA


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
    cap = float(data.attrs["cap"])
    bare = Head(
        size=int(data.attrs["vocab_size"]),
        cap=None if np.isnan(cap) else cap,
        divisor=float(data.attrs["divisor"]),
    )
    if data.attrs["unembedding_sha256"] == bare.fingerprint:
        return bare
    if "unembedding" not in data:
        raise ValueError("the unembedding was too large to be stored: give the model (load_curve(path, model))")
    table = data["unembedding"]
    return replace(bare, table=table.to_numpy().astype(_dtype(table.attrs["dtype"])))


def _head_of(data: xr.Dataset, model: Any) -> Head:
    if not isinstance(model, CurvedModel):
        return _stored_head(data)
    head = model.head
    if head.size != int(data.attrs["vocab_size"]):
        raise ValueError(f"a curve of {data.attrs['vocab_size']} tokens, but {model.name} has {head.size}")
    return head


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


def _dtype(name: str) -> np.dtype:
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)
