"""The table of what a sweep holds: fresh sweeps and files fit it, and what does not is refused by name."""

import numpy as np
import pytest
import xarray as xr

from numerics.baseline import Writing
from numerics.observing.cross_entropy import observe_cross_entropy
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.sweep import Sweep, merge
from numerics.observing.variables import CURVES, RENAMED, SHAPES, VARIABLES
from numerics.observing.watched import Watched
from numerics.observing.whole_texts import Scored, observe_texts
from theory.quantities import QUANTITIES


class Tilt:
    name, vocab_size = "tilt", 5

    def logits(self, tokens, strengths, *, layer, vector):
        return tokens + np.outer(strengths, vector[0] * np.arange(5.0))

    def derivative(self, tokens, strengths, *, layer, vector):
        return np.tile(vector[0] * np.arange(5.0), (len(strengths), 1))

    def cross_entropy(self, segments, strengths, *, layer, vector):
        return np.outer(strengths, segments) ** 2


@pytest.fixture(scope="module")
def sweep() -> Sweep:
    """All that can be observed."""
    grid, steering = np.linspace(-1, 1, 17), Steering(layer=0, vector=np.ones(1))
    concepts, names, other = (np.arange(5) < 2)[None], ("low",), np.array([0.5])
    watched = Watched(
        tokens=[1, 3], log_odds=np.arange(5.0), concepts=concepts, concept_names=names, other_vector=other
    )
    writing = Writing(follows=np.arange(5) % 2, length=2)
    scored = Scored(concepts=concepts, names=names, errors=np.array([0.1, 0.2]))
    model = Tilt()
    return merge(
        observe_next_token(model, [0, 1], grid, steering, watched),
        observe_texts(model, [0, 1], grid, steering, writing, scored),
        observe_cross_entropy(model, [1.0, 2.0], grid, steering),
    )


def test_a_sweep_holds_every_row_as_the_table_says(sweep: Sweep, tmp_path):
    sweep.write(tmp_path / "s.nc")
    for data in (sweep.data, Sweep.read(tmp_path / "s.nc").data):
        assert {str(name) for name in data.variables} == set(VARIABLES)
        for name, row in VARIABLES.items():
            assert data[name].dims == row.dimensions, name
            if row.dtype is not np.str_:
                assert data[name].dtype == row.dtype, name
    assert sweep.data["shape"].to_numpy().tolist() == list(SHAPES)


def test_a_file_says_of_every_variable_what_it_is_and_in_which_unit(sweep: Sweep, tmp_path):
    sweep.write(tmp_path / "s.nc")
    with xr.open_dataset(tmp_path / "s.nc", engine="h5netcdf") as data:
        for name, row in VARIABLES.items():
            assert data[name].attrs.get("long_name") == row.meaning != ""
            assert data[name].attrs.get("units", "") == row.unit
    assert not any(variable.attrs for variable in sweep.data.variables.values())


@pytest.mark.parametrize("name", [name for name in VARIABLES if name != "strength"])
def test_a_variable_of_other_dimensions_or_values_is_refused_by_name(sweep: Sweep, name: str):
    row = VARIABLES[name]
    alone = sweep.data[name].to_numpy()
    data = sweep.data.drop_vars(name)
    for dims, values, told in (
        (("elsewhere", *row.dimensions[1:]), alone, "runs along"),
        (row.dimensions, np.full(alone.shape, "x" if alone.dtype.kind not in "US" else 1), "values of"),
        (row.dimensions, np.full(alone.shape, 1j), "values of"),
    ):
        with pytest.raises(ValueError, match=rf"^sweep: {name} .*{told}.*, expected") as refused:
            Sweep(data=data.assign({name: (dims, values)}))
        assert "\n" not in str(refused.value)


def test_every_quantity_is_a_row_or_follows_from_some(sweep: Sweep):
    """A quantity's own row has its dimensions and its unit."""
    for quantity in QUANTITIES.values():
        assert sweep.curves(quantity).lower.ndim == 1 + len(quantity.per)
        if row := CURVES.get(quantity.id):
            assert row.dimensions[:-1] == quantity.per
            assert row.unit == quantity.unit


def test_a_file_of_an_earlier_schema_reads_as_today(sweep: Sweep, tmp_path):
    """Under the names that its variables had then; one of a later schema is refused by its number."""
    sweep.write(tmp_path / "now.nc")
    with xr.open_dataset(tmp_path / "now.nc", engine="h5netcdf") as opened:
        data = opened.load()
    for schema, names in RENAMED.items():
        old = data.rename({new: then for then, new in names.items()})
        old.assign_attrs(schema=schema).to_netcdf(tmp_path / "then.nc", engine="h5netcdf")
        xr.testing.assert_equal(Sweep.read(tmp_path / "then.nc").data, sweep.data)
    data.assign_attrs(schema=99).to_netcdf(tmp_path / "later.nc", engine="h5netcdf")
    with pytest.raises(
        ValueError, match=r"later\.nc: a sweep of another schema, expected 3 or earlier; update steerlaw"
    ):
        Sweep.read(tmp_path / "later.nc")
