"""`Sweep`: observed curves of the strength, the only thing that passes from models to the comparator."""

import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import h5netcdf
import numpy as np
import xarray as xr
from xarray.backends import H5NetCDFStore

from numerics.bands.band import check_strengths, rounding_halfwidth
from numerics.files.atomic import write_atomically
from numerics.files.netcdf import read_netcdf
from numerics.files.text import parse_json
from numerics.observing.curve_bands import Curves
from numerics.observing.curves.saving import packed
from numerics.observing.variables import HALFWIDTH, RENAMED, check_variables, described
from theory.quantities import PEAK, Quantity

FORMAT, SCHEMA = "steerlaw-sweep", 3

CURVES = "curves"
"""The group of a file that holds the curves which its sweep was read off."""


class NotObservedError(ValueError):
    """A sweep does not hold the curves of a quantity; the message says what is missing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """Observed curves, as an xarray Dataset: `numerics.observing.variables` has a row for every variable, all optional.

    Attributes say what was observed: model, layer, control, norms, dtype, notes. Variables of other dimensions than
    their rows say are a `ValueError`. `nodes` are the curves it was read off, as `curves_dataset` writes them, if any.
    """

    data: xr.Dataset
    nodes: xr.Dataset | None = None

    def __post_init__(self) -> None:
        if "strength" not in self.data.coords:
            raise ValueError("a sweep needs a coordinate 'strength'")
        check_variables(self.data)
        check_strengths(self.strengths, least=3)

    @property
    def strengths(self) -> np.ndarray:
        """The strengths alpha, ascending."""
        return self.data["strength"].to_numpy()

    @property
    def attributes(self) -> dict[str, Any]:
        """What was observed: model, layer, control, ..."""
        return self.data.attrs

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines that the person who asked for this sweep should read."""
        return tuple(self.attributes.get("notes", ()))

    def to_xarray(self) -> xr.Dataset:
        """The dataset itself."""
        return self.data

    def curves(self, quantity: Quantity) -> Curves:
        """The observed band of a quantity, `[*per, strength]`; `NotObservedError` if the sweep does not hold it.

        The last dimension is the abscissa: log-odds or ranks where the quantity runs along them.
        """
        if quantity == PEAK:
            return self._peaks()
        match quantity.id:
            case "cross_entropy_change":
                value, halfwidth = self._cross_entropy_change()
            case "centred_logit":
                value, halfwidth = self._observed("log_probability")
                mean, mean_halfwidth = self._observed("mean_logprob")
                value, halfwidth = value - mean, halfwidth + mean_halfwidth
            case "log_odds":
                value, halfwidth = self._log_odds()
            case _:
                value, halfwidth = self._observed(quantity.id)
        along = next(axis for axis in ("slope_strength", "rank", "strength") if axis in value.dims)
        sizes = {**halfwidth.sizes, **value.sizes}
        whole = {axis: sizes[axis] for axis in (*quantity.per, along)}
        values, width = (each.variable.set_dims(whole).to_numpy() for each in (value, halfwidth))  # without coordinates
        values = values.astype(np.float64)
        if np.isnan(values).any() or np.isnan(width).any():
            raise ValueError(f"{quantity.id}: the sweep holds values that are not numbers")
        return Curves(
            strengths=self.data[along].to_numpy().astype(np.float64),
            lower=values - width,
            upper=values + width,
            evidence=value.attrs.get("evidence", "deterministic"),
        )

    def cross_entropy(self) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
        """Each segment's cross-entropy, the half-width of their mean's band, and the segments' shares of it (sum 1)."""
        value, halfwidth = self._observed("cross_entropy")
        weight = self.data.get("segment_share", xr.ones_like(value["segment"], dtype=np.float64))
        weight = weight / weight.sum()
        return value, (halfwidth * weight).sum("segment"), weight

    def write(self, path: str | os.PathLike[str], groups: Mapping[str, "Sweep"] | None = None) -> None:
        """Write as netCDF, whole or not at all: a temporary file beside it takes its place when complete.

        `groups` are further sweeps that the file is to hold, by name. The curves of this one are a group of their own.
        It is made in memory, since HDF5 does not survive a disk that is full.
        """
        content = io.BytesIO()
        held = {None: self._encoded()} | {name: sweep._encoded() for name, sweep in (groups or {}).items()}
        held |= {} if self.nodes is None else {CURVES: packed(self.nodes)}
        with h5netcdf.File(content, "w") as file:
            for group, data in held.items():
                data.dump_to_store(H5NetCDFStore(file, group=group, mode="a"))
        write_atomically(path, content.getbuffer())

    def as_read(self) -> "Sweep":
        """What reading the file that `write` makes of it gives, without the file."""
        return Sweep.of(self._encoded(), "the sweep", self.nodes)

    def _encoded(self) -> xr.Dataset:
        """The dataset described, with its attributes as JSON beside the name and version of the format."""
        data = described(self.data)
        data.attrs = {"format": FORMAT, "schema": SCHEMA, "attributes": json.dumps(self.attributes, allow_nan=False)}
        return data

    @staticmethod
    def read(path: str | os.PathLike[str], group: str | None = None) -> "Sweep":
        """Read a sweep, or that of a group of the file, from netCDF.

        A file that is no sweep is a `ValueError`, a missing one a `FileNotFoundError`.
        """
        groups = read_netcdf(os.fspath(path))
        if (group or "") not in groups:
            raise ValueError(f"{path}: holds no group {group!r}; expected a sweep written by steerlaw")
        return Sweep.of(groups[group or ""], path, groups.get(CURVES) if group is None else None)

    @staticmethod
    def of(data: xr.Dataset, path: str | os.PathLike[str], nodes: xr.Dataset | None = None) -> "Sweep":
        """The sweep that a dataset read from `path` holds; one that holds none is a `ValueError`."""
        if data.attrs.get("format") != FORMAT:
            raise ValueError(f"{path}: a netCDF file, but no sweep: attribute 'format' is not {FORMAT!r}")
        schema = data.attrs.get("schema")
        if not isinstance(schema, int | np.integer) or int(schema) not in RENAMED:
            raise ValueError(f"{path}: a sweep of another schema, expected {SCHEMA} or earlier; update steerlaw")
        data = data.rename(
            {old: new for old, new in RENAMED[int(schema)].items() if old in {*data.variables, *data.dims}}
        )
        attributes = data.attrs.get("attributes")
        known = parse_json(attributes, f"{path}: attributes") if isinstance(attributes, str) else None
        if not isinstance(known, dict):
            raise ValueError(f"{path}: the attributes of the sweep are no JSON object; it is broken")
        wrong = [str(name) for name, kept in data.variables.items() if kept.dtype.kind not in "biufU"]
        if wrong or "strength" not in data.coords or data["strength"].dtype.kind not in "iuf":
            raise ValueError(f"{path}: expected numbers, and a coordinate 'strength' of them; the sweep is broken")
        try:
            return Sweep(data=with_attributes(data, known), nodes=nodes)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def _observed(self, name: str) -> tuple[xr.DataArray, xr.DataArray]:
        if name not in self.data:
            raise NotObservedError(f"the sweep does not hold {name}")
        value, halfwidth = self.data[name], self.data.get(name + HALFWIDTH)
        return value, xr.zeros_like(value, dtype=np.float64) if halfwidth is None else halfwidth

    def _log_odds(self) -> tuple[xr.DataArray, xr.DataArray]:
        """Those of the chosen tokens, the same at every strength."""
        odds, _ = self._observed("log_odds")
        chosen = odds.to_numpy()[self.data["token"].to_numpy()]
        value = xr.DataArray(chosen, dims="token") + xr.zeros_like(self.data["strength"])
        return value, xr.full_like(value, rounding_halfwidth(np.float64, np.abs(chosen).max(initial=0.0)))

    def _peaks(self) -> Curves:
        """Where the tokens of equal log-odds peak: what the brackets of all of them share.

        Where the brackets do not meet, the strengths from the first to the last of them are left. A bracket reaches
        from one point of the grid to the next but one, which is as closely as peaks are known.
        """
        (odds, _), (lower, _), (upper, _) = (self._observed(name) for name in ("log_odds", "peak_lower", "peak_upper"))
        values_of_odds, order = np.unique(odds.to_numpy()), np.argsort(odds.to_numpy(), kind="stable")
        starts = np.searchsorted(odds.to_numpy()[order], values_of_odds)
        low, high = (bound.transpose("context", "vocab").to_numpy()[:, order] for bound in (lower, upper))
        shared = [np.maximum.reduceat(low, starts, axis=1), np.minimum.reduceat(high, starts, axis=1)]
        hull = [np.minimum.reduceat(low, starts, axis=1), np.maximum.reduceat(high, starts, axis=1)]
        meet = shared[0] <= shared[1]
        return Curves(
            strengths=values_of_odds,
            lower=np.where(meet, shared[0], hull[0]),
            upper=np.where(meet, shared[1], hull[1]),
            evidence=lower.attrs.get("evidence", "deterministic"),
            reach=(float(self.strengths[0]), float(self.strengths[-1])),
            resolution=2 * float(np.diff(self.strengths).max()),
        )

    def _cross_entropy_change(self) -> tuple[xr.DataArray, xr.DataArray]:
        """Weighted mean over segments, less its value at strength 0 (where the change is 0 exactly)."""
        value, width, weight = self.cross_entropy()
        at_zero = np.flatnonzero(self.strengths == 0)
        if at_zero.size == 0:
            raise NotObservedError("the sweep's strengths lack 0, from which a change is counted")
        mean = (value * weight).sum("segment")
        width = (width + width.isel(strength=at_zero[0])).where(self.data["strength"] != 0, 0.0)
        change = mean - mean.isel(strength=at_zero[0], drop=True)
        return change.assign_attrs(value.attrs), width.drop_vars("strength", errors="ignore")


def merge(*sweeps: Sweep) -> Sweep:
    """One sweep of the variables of several over the same strengths; attributes of earlier ones win."""
    attributes: dict[str, Any] = {}
    for sweep in reversed(sweeps):
        attributes |= sweep.attributes
    data = xr.merge([sweep.data for sweep in sweeps], join="exact", compat="no_conflicts", combine_attrs="drop")
    return Sweep(data=data.assign_attrs(attributes))


def with_attributes(data: xr.Dataset, attributes: dict[str, Any]) -> xr.Dataset:
    """The dataset under these attributes and no others."""
    data = data.copy(deep=False)
    data.attrs = attributes
    return data
