"""The table of what is known before steering: what follows from it, field by field, no field named."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from numerics.baseline import FIELDS, PARTS, Baseline, arrays_of, baseline_of, permuted
from numerics.observing.sweep import Sweep
from steerlaw.inputs.observation_file import load_observations, save_observations
from steerlaw.inputs.subjects import Kind, Observation, Subject

SIZES = {"context": 3, "vocab": 7, "concept": 2, "side": 2, "answer": 2}
FORMS = [(name, n) for name, field in FIELDS.items() for n in range(len(field.forms))]
every_field = pytest.mark.parametrize("name", FIELDS)


def array(name: str, form: int = 0) -> np.ndarray:
    """Numbers of a field's kind, no two alike where they can be."""
    kind = FIELDS[name].forms[form]
    shape = tuple(SIZES[axis] for axis in kind.dimensions)
    values = np.arange(1, 1 + int(np.prod(shape))).reshape(shape) / 64
    return values % 2 / 64 > 1 / 128 if kind.dtype is np.bool_ else (64 * values).astype(kind.dtype) % 7


def full(form: int = 0) -> Baseline:
    """Every field given; of several forms this one."""
    arrays = {name: array(name, min(form, len(field.forms) - 1)) for name, field in FIELDS.items()}
    return baseline_of(arrays, frozenset({"pre_norm"}))


def test_the_table_lists_every_field():
    own = {one.name for one in fields(Baseline)} - {"facts", *PARTS}
    assert own | {f"{part}.{one.name}" for part, record in PARTS.items() for one in fields(record)} == set(FIELDS)
    assert all(field.meaning.text for field in FIELDS.values())


@pytest.mark.parametrize("form", [0, 1])
@pytest.mark.parametrize("kind", ["next token", "cross-entropy"])
def test_a_file_gives_back_every_field(tmp_path, form: int, kind: Kind):
    """Of a cross-entropy sweep the baseline's contexts are positions; the file keeps both apart."""
    data = xr.Dataset({"log_odds": ("vocab", np.zeros(7))}, coords={"strength": [-1.0, 0.0, 1.0]})
    subject = Subject(model="m", kinds=frozenset({kind}))
    whole = Observation(subject=subject, kind=kind, sweep=Sweep(data=data), baseline=full(form))
    save_observations([whole], tmp_path / "s.nc")
    (back,) = load_observations(tmp_path / "s.nc")
    assert whole.baseline is not None
    assert back.baseline is not None
    held, wanted = dict(arrays_of(back.baseline)), dict(arrays_of(whole.baseline))
    assert held.keys() == wanted.keys() == FIELDS.keys()
    for name, value in wanted.items():
        np.testing.assert_array_equal(held[name], value, strict=True)
        assert type(held[name]) is type(value), name
    assert back.baseline.facts == whole.baseline.facts


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_field_of_another_size_is_refused_by_name(name: str, form: int):
    for axis, fixed in FIELDS[name].forms[form].dimensions.items():
        arrays = {other: array(other) for other in FIELDS} | {name: array(name, form)}
        at = list(FIELDS[name].forms[form].dimensions).index(axis)
        arrays[name] = np.concatenate([arrays[name], arrays[name].take([0], axis=at)], axis=at)
        if axis == "concept":
            assert baseline_of(arrays).concepts is not None  # as many as there are
            continue
        with pytest.raises(ValueError, match=rf"^baseline: \S+ has \d entries of {axis}, expected \d, (as|by)") as told:
            baseline_of(arrays)
        assert "\n" not in str(told.value)
        assert fixed is None or "by definition" in str(told.value)


@every_field
def test_a_field_of_another_kind_is_refused_by_name(name: str):
    arrays = {other: array(other) for other in FIELDS}
    for wrong in (np.array("text"), np.zeros((1,) * 5)):
        with pytest.raises(ValueError, match=rf"^baseline: {name} (is of|has shape)"):
            baseline_of(arrays | {name: wrong})
    lacking = {other: value for other, value in arrays.items() if other != name}
    if "." in name or name == "log_probs":
        with pytest.raises(ValueError, match=rf"lacks {name.rpartition('.')[2]}"):
            baseline_of(lacking)
    else:
        assert getattr(baseline_of(lacking), name) is None


def test_names_that_are_unknown_are_refused():
    with pytest.raises(ValueError, match="nothing is called log_oods"):
        baseline_of({"log_probs": array("log_probs"), "log_oods": array("log_odds")})


def test_permuting_deals_what_is_said_of_each_token_and_nothing_else():
    """Twice, there and back, is once around; the vocabulary stays as it was for what no vector predicts."""
    order = np.array([3, 0, 6, 1, 5, 2, 4])
    before, after, back = full(), permuted(full(), order), permuted(permuted(full(), order), np.argsort(order))
    old, new, again = (dict(arrays_of(one)) for one in (before, after, back))
    for name, field in FIELDS.items():
        dealt = field.meaning.dealt
        assert np.array_equal(new[name], np.asarray(old[name])[..., order] if dealt else old[name])
        assert np.array_equal(again[name], old[name])
        assert not dealt or ("vocab" in field.forms[0].dimensions and not np.array_equal(new[name], old[name]))
    names = {name for name, field in FIELDS.items() if field.meaning.dealt}
    assert names >= {"log_odds", "sphere.v_part"}
    bare: Any = permuted(Baseline(log_probs=before.log_probs), order)
    assert dict(arrays_of(bare)).keys() == {"log_probs"}
    assert replace(before, sphere=None).sphere is None
