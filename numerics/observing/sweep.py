"""`Sweep`: observed curves of the strength, the only thing that passes from models to the comparator."""

import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import xarray as xr
from xarray.backends import H5NetCDFStore

from numerics.bands.band import check_strengths, rounding_halfwidth
from numerics.files.atomic import write_atomically
from numerics.observing.observed_curves import Curves
from theory.quantities import PEAK, Quantity

FORMAT, SCHEMA = "steerlaw-sweep", 1


class NotObservedError(ValueError):
    """A sweep does not hold the curves of a quantity; the message says what is missing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """Observed curves, as an xarray Dataset. Every variable is optional; logs are natural.

    Curves over `strength`: `log_probability [context, token, strength]` of the chosen tokens (coordinate: vocabulary
    ids), its exact slope `log_probability_slope [context, token, slope_strength]` and, of some tokens (else NaN), the
    strengths between which by that slope the peak is, `slope_peak_lower` and `slope_peak_upper [context, token]`;
    `log_ratio` and `interplay [context, token, strength]`, `mean_logprob`, `mean_log_odds`, `greedy_log_odds`,
    `top_log_probability`, `entropy`, `kl_forward` and `kl_reverse [context, strength]`, `concept_logit` and
    `efficiency [context, concept, strength]`, `cross_entropy [block, strength]` with `block_weight`; over `rank`:
    `singular_values [context, rank]`. The band of a curve X is X +- `X_halfwidth`. Of every token of the vocabulary,
    its `log_odds [vocab]`, its
    exact `slope_at_zero [context, vocab]` and a summary: `shape_departure [context, vocab, shape, bound]` (D- and D+
    from rising, falling, bump), `shape_witness` (strength indices, -1 padding) and `shape_witness_value [context,
    vocab, shape, point]`, `peak` (strength of the largest value), `peak_lower` and `peak_upper` (between which the
    maximum lies; infinite where it may lie beyond the window), `turns` (fewest turning points of any curve in the
    band), `first` (1 rising, -1 falling, 0 flat), `start`, `end` (log-probabilities).
    Attributes say what was observed: model, layer, control, norms, dtype, notes.
    """

    data: xr.Dataset

    def __post_init__(self) -> None:
        if "strength" not in self.data.coords:
            raise ValueError("a sweep needs a coordinate 'strength'")
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
        order = (*quantity.per, along)
        value, halfwidth = xr.broadcast(value, halfwidth)
        values = value.transpose(*order).to_numpy().astype(np.float64)
        width = halfwidth.transpose(*order).to_numpy()
        if np.isnan(values).any() or np.isnan(width).any():
            raise ValueError(f"{quantity.id}: the sweep holds values that are not numbers")
        return Curves(
            strengths=self.data[along].to_numpy().astype(np.float64),
            lower=values - width,
            upper=values + width,
            evidence=value.attrs.get("evidence", "deterministic"),
        )

    def cross_entropy(self) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
        """Each block's cross-entropy, the half-width of their mean's band, and the blocks' shares of it (sum 1)."""
        value, halfwidth = self._observed("cross_entropy")
        weight = self.data.get("block_weight", xr.ones_like(value["block"], dtype=np.float64))
        weight = weight / weight.sum()
        return value, (halfwidth * weight).sum("block"), weight

    def write(self, path: str | os.PathLike[str], groups: Mapping[str, "Sweep"] | None = None) -> None:
        """Write as netCDF, whole or not at all: a temporary file beside it takes its place when complete.

        `groups` are further sweeps that the file is to hold, by name. It is made in memory, since HDF5 does not survive
        a disk that is full.
        """
        content = io.BytesIO()
        with h5netcdf.File(content, "w") as file:
            for group, sweep in ((None, self), *(groups or {}).items()):
                sweep._encoded().dump_to_store(H5NetCDFStore(file, group=group, mode="a"))
        write_atomically(path, content.getbuffer())

    def _encoded(self) -> xr.Dataset:
        """The dataset with its attributes as JSON, beside the name and version of the format."""
        data = self.data.copy(deep=False)
        data.attrs = {"format": FORMAT, "schema": SCHEMA, "attributes": json.dumps(self.attributes, allow_nan=False)}
        return data

    @staticmethod
    def read(path: str | os.PathLike[str], group: str | None = None) -> "Sweep":
        """Read a sweep, or that of a group of the file, from netCDF.

        A file that is no sweep is a `ValueError`, a missing one a `FileNotFoundError`.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such sweep file")
        try:
            with xr.open_dataset(path, engine="h5netcdf", group=group) as opened:
                data = opened.load()
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{path}: not a netCDF file that can be read; expected a sweep written by steerlaw"
            ) from error
        if data.attrs.get("format") != FORMAT:
            raise ValueError(f"{path}: a netCDF file, but no sweep: attribute 'format' is not {FORMAT!r}")
        if data.attrs.get("schema") != SCHEMA:
            raise ValueError(f"{path}: sweep schema {data.attrs.get('schema')}, expected {SCHEMA}; update steerlaw")
        data.attrs = json.loads(data.attrs["attributes"])
        return Sweep(data=data)

    def _observed(self, name: str) -> tuple[xr.DataArray, xr.DataArray]:
        if name not in self.data:
            raise NotObservedError(f"the sweep does not hold {name}")
        value = self.data[name]
        return value, self.data.get(f"{name}_halfwidth", xr.zeros_like(value, dtype=np.float64))

    def _log_odds(self) -> tuple[xr.DataArray, xr.DataArray]:
        """Those of the chosen tokens, the same at every strength."""
        odds, _ = self._observed("log_odds")
        chosen = odds.to_numpy()[self.data["token"].to_numpy()]
        value = xr.DataArray(chosen, dims="token") + xr.zeros_like(self.data["strength"])
        return value, xr.full_like(value, rounding_halfwidth(np.float64, np.abs(chosen).max(initial=0.0)))

    def _peaks(self) -> Curves:
        """Where the tokens of each level of the log-odds peak: what the brackets of all of them share.

        Tokens of one level whose brackets do not meet leave the strengths from the first to the last of them. A bracket
        reaches from one point of the grid to the next but one, which is as closely as peaks are known.
        """
        (odds, _), (lower, _), (upper, _) = (self._observed(name) for name in ("log_odds", "peak_lower", "peak_upper"))
        levels, order = np.unique(odds.to_numpy()), np.argsort(odds.to_numpy(), kind="stable")
        starts = np.searchsorted(odds.to_numpy()[order], levels)
        low, high = (bound.transpose("context", "vocab").to_numpy()[:, order] for bound in (lower, upper))
        shared = [np.maximum.reduceat(low, starts, axis=1), np.minimum.reduceat(high, starts, axis=1)]
        hull = [np.minimum.reduceat(low, starts, axis=1), np.maximum.reduceat(high, starts, axis=1)]
        meet = shared[0] <= shared[1]
        return Curves(
            strengths=levels,
            lower=np.where(meet, shared[0], hull[0]),
            upper=np.where(meet, shared[1], hull[1]),
            evidence=lower.attrs.get("evidence", "deterministic"),
            reach=(float(self.strengths[0]), float(self.strengths[-1])),
            resolution=2 * float(np.diff(self.strengths).max()),
        )

    def _cross_entropy_change(self) -> tuple[xr.DataArray, xr.DataArray]:
        """Weighted mean over blocks, less its value at strength 0 (where the change is 0 exactly)."""
        value, width, weight = self.cross_entropy()
        at_zero = np.flatnonzero(self.strengths == 0)
        if at_zero.size == 0:
            raise NotObservedError("the sweep's strengths lack 0, from which a change is counted")
        mean = (value * weight).sum("block")
        width = (width + width.isel(strength=at_zero[0])).where(self.data["strength"] != 0, 0.0)
        change = mean - mean.isel(strength=at_zero[0], drop=True)
        return change.assign_attrs(value.attrs), width.drop_vars("strength", errors="ignore")
