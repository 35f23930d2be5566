"""Curves read from netCDF, and checked against the model where one is given."""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from numerics.files.netcdf import read_netcdf
from numerics.files.text import parse_json
from numerics.observing.curves.angle import AngleMap
from numerics.observing.curves.curve import SteeredCurve
from numerics.observing.curves.head import Head
from numerics.observing.curves.pieces import Piece
from numerics.observing.curves.rays import CurvedModel, is_curved
from numerics.observing.curves.saving import FORMAT, NUMBERS, SCHEMA

DAMAGED = (KeyError, TypeError, IndexError, AttributeError, OverflowError)
"""What reading arrays that do not fit each other raises, beside `ValueError`."""


def load_curve(path: str | os.PathLike[str], model: Any = None) -> SteeredCurve:
    """Read a curve that `SteeredCurve.save` wrote. `model` supplies the unembedding where it was too large to store.

    A model that is given is checked against the curve in any case. A file that is no curve, or one that needs a model
    and gets none or another, is a `ValueError`, a missing one a `FileNotFoundError`.

    >>> curve.save("curve.nc"); load_curve("curve.nc").peaks(17)                                   # doctest: +SKIP
    """
    data = read_netcdf(os.fspath(path))[""]
    if data.attrs.get("format") != FORMAT:
        raise ValueError(f"{path}: a netCDF file, but no curve: attribute 'format' is not {FORMAT!r}")
    if (schema := data.attrs.get("schema")) not in (1, SCHEMA):
        raise ValueError(f"{path}: curve schema {schema}, expected {SCHEMA}; update steerlaw")
    try:
        (curve,) = curves_of(_as_today(data) if schema == 1 else data, model)
        return curve
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def curves_of(data: xr.Dataset, model: Any = None) -> tuple[SteeredCurve, ...]:
    """The curves of such a dataset, read with its own unembedding or that of the model, whose hash must be theirs.

    The unembedding of neither, or another one, is a `ValueError`, as is a dataset that holds something else.
    """
    try:
        head = _stored_head(data) if not is_curved(model) else _head_of(data, model)
        if head.fingerprint != data.attrs["unembedding_sha256"]:
            raise ValueError("the curve is of another model than the one given: their unembeddings differ")
        return tuple(_curves(data, head))
    except DAMAGED as error:
        raise ValueError(f"a damaged curve ({error!r}); make it again") from error


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
        raise ValueError("the unembedding was too large to be stored: give the model it is of")
    table = data["unembedding"]
    return replace(bare, table=table.to_numpy().astype(_dtype(table.attrs["dtype"])))


def _head_of(data: xr.Dataset, model: CurvedModel) -> Head:
    head = model.head
    if head.size != int(data.attrs["vocab_size"]):
        raise ValueError(f"a curve of {data.attrs['vocab_size']} tokens, but {model.name} has {head.size}")
    return head


def _curves(data: xr.Dataset, head: Head) -> Iterator[SteeredCurve]:
    places = (data[f"piece_{name}"].to_numpy().tolist() for name in ("low", "high", "error", "resolved"))
    values = np.split(data["x"].to_numpy(), np.cumsum(data["piece_nodes"].to_numpy())[:-1])
    pieces = [
        Piece(low=low, high=high, values=x, error=error, resolved=bool(resolved))
        for low, high, error, resolved, x in zip(*places, values, strict=True)
    ]
    attributes = parse_json(data.attrs["attributes"], "attributes")
    counts = data["pieces"].to_numpy().tolist()
    columns = {name: data[name].to_numpy().tolist() for name in NUMBERS}
    if sum(counts) != len(pieces) or not all(len(x.values) > 1 for x in pieces):
        raise ValueError(f"{len(pieces)} pieces of {sum(counts)}: a damaged curve; make it again")
    for curve, end in enumerate(np.cumsum(counts).tolist()):
        one = {name: column[curve] for name, column in columns.items()}
        yield SteeredCurve(
            map=AngleMap(middle=one["middle"], spread=one["spread"]),
            pieces=tuple(pieces[end - counts[curve] : end]),
            head=head,
            window=(one["window_low"], one["window_high"]),
            evaluations=int(one["evaluations"]),
            rounding=one["rounding"],
            tolerance=one["tolerance"],
            attributes=attributes,
        )


def _as_today(data: xr.Dataset) -> xr.Dataset:
    """A file of schema 1 holds one curve, whose numbers are attributes."""
    try:
        low, high = np.asarray(data.attrs["window"]).tolist()
        known = data.attrs | {"window_low": low, "window_high": high}
        return data.assign(
            {"pieces": ("curve", np.array([data.sizes["piece"]]))}
            | {name: ("curve", np.array([float(known[name])])) for name in NUMBERS}
        )
    except DAMAGED as error:
        raise ValueError(f"a damaged curve ({error!r}); make it again") from error


def _dtype(name: str) -> np.dtype:
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)
