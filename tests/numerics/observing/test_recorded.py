"""Sweeps of which curves alone are kept: small, read back bit by bit, and only by the unembedding they are of."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from formulas import LIMIT, VOCAB, Curved
from numerics.observing.curves.head import Head
from numerics.observing.curves.loading import curves_of
from numerics.observing.curves.saving import joined, with_unembedding
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.recorded import KEPT, lacks_tables, observe_again, without_tables
from numerics.observing.sweep import Sweep
from numerics.observing.watched import Watched

GRID = np.linspace(-LIMIT, LIMIT, 33)
CONCEPTS = np.arange(VOCAB) < 3
WATCHED = Watched(tokens=[1, 4], log_odds=np.linspace(-1, 1, VOCAB), concepts=CONCEPTS, concept_names=["low"])


class Projected(Curved):
    """The logits are a table of residuals times an unembedding, which is not the identity."""

    def __init__(self, seed=0, **formula):
        super().__init__(**formula)
        self.head = Head(size=VOCAB, table=np.linalg.qr(np.random.default_rng(seed).normal(size=(VOCAB, VOCAB)))[0])

    def rays(self, tokens, *, layer, vectors, positions):
        rays, table = super().rays(tokens, layer=layer, vectors=vectors, positions=positions), self.head.table
        return replace(rays, head=self.head, evaluate=lambda at, which: rays.evaluate(at, which) @ table)


def observed(model, between=False):
    return observe_next_token(
        model, [0, 1], GRID, Steering(layer=0, vector=np.ones(1)), WATCHED, between=between, attributes={"concept": "c"}
    )


@pytest.mark.parametrize("kind", [Curved, Projected])
def test_what_follows_from_curves_is_read_off_them_again(kind, tmp_path):
    model = kind()
    whole, fine = observed(model), observed(model, between=True)
    bare = without_tables(whole)
    assert whole.nodes is not None
    bare = replace(bare, nodes=with_unembedding(whole.nodes, model.head))
    assert set(map(str, bare.data.variables)) == set(KEPT)
    for sweep, name in ((whole, "whole"), (bare, "bare")):
        sweep.write(tmp_path / name)
        back = Sweep.read(tmp_path / name)
        xr.testing.assert_equal(back.data, sweep.data)
        assert lacks_tables(back) == (name == "bare")
    again = observe_again(Sweep.read(tmp_path / "bare"), CONCEPTS[None])
    xr.testing.assert_equal(again.data, fine.data)
    assert (tmp_path / "bare").stat().st_size < (tmp_path / "whole").stat().st_size


def test_a_model_supplies_what_was_not_stored_and_another_is_refused():
    bare = without_tables(observed(Projected()))
    again = observe_again(bare, CONCEPTS[None], Projected())
    xr.testing.assert_equal(again.data, observed(Projected(), between=True).data)
    with pytest.raises(ValueError, match="too large to be stored: give the model"):
        observe_again(bare, CONCEPTS[None])
    with pytest.raises(ValueError, match="of another model than the one given: their unembeddings differ"):
        observe_again(bare, CONCEPTS[None], Projected(seed=1))


@pytest.mark.parametrize("wanted", [{"entropy"}, {"shape_departure", "log_probability"}])
def test_what_is_wanted_is_the_same_alone(wanted):
    bare = without_tables(observed(Projected()))
    every, some = (observe_again(bare, CONCEPTS[None], Projected(), wanted=of).data for of in (None, wanted))
    assert wanted <= set(some.data_vars) < set(every.data_vars)
    for name in some.data_vars:
        xr.testing.assert_equal(some[name].variable, every[name].variable)


def test_curves_of_several_parts_are_those_of_the_whole():
    parts = [observe_next_token(Curved(), [n], GRID, Steering(layer=0, vector=np.ones(1))).nodes for n in (0, 1)]
    whole = observed(Curved()).nodes
    assert whole is not None
    xr.testing.assert_identical(joined([part for part in parts if part is not None]), whole)


def test_a_sweep_that_was_read_off_a_table_keeps_it():
    plain = observe_next_token(Curved(), [0], np.linspace(-1, 1, 5), Steering(layer=0, vector=np.ones(1)), WATCHED)
    assert plain.nodes is None
    with pytest.raises(ValueError, match="read off no curves"):
        without_tables(plain)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda nodes: nodes.drop_vars("piece_low"), "damaged curve"),
        (lambda nodes: nodes.assign(pieces=("curve", np.array([7, 1]))), "damaged curve"),
        (lambda nodes: nodes.assign_attrs(unembedding_sha256="0"), "give the model"),
        (lambda nodes: nodes.assign_attrs(vocab_size="many"), "many"),
        (
            lambda nodes: nodes.assign(window_low=("curve", np.array([-1.0, -1.0]))),
            "strengths from -4 to 4, but curves",
        ),
    ],
)
def test_damaged_curves_are_refused_in_one_line(damage, told):
    bare = without_tables(observed(Curved()))
    with pytest.raises(ValueError, match=told) as refused:
        observe_again(replace(bare, nodes=damage(bare.nodes)), CONCEPTS[None])
    assert "\n" not in str(refused.value)


def test_a_file_of_a_large_vocabulary_is_hundreds_of_times_smaller_than_its_table(tmp_path):
    """Of 1,025 strengths, by the curve's own nodes: the unembedding is the model's, and is not stored."""
    d, vocab, n = 64, 50_000, 17
    model = Projected()
    nodes = observed(model).nodes
    assert nodes is not None
    wide = nodes.assign(x=(("node", "feature"), np.zeros((nodes.sizes["node"], d), np.float32)))
    strengths = {"strength": np.linspace(-LIMIT, LIMIT, 1025)}
    Sweep(data=xr.Dataset(coords=strengths), nodes=wide).write(tmp_path / "s.nc")
    assert len(curves_of(nodes, model)) == 2
    assert nodes.sizes["node"] >= 2 * n
    assert (tmp_path / "s.nc").stat().st_size * 300 < 2 * 1025 * vocab * 4
