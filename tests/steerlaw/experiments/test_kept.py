"""Sweeps on disk: a run that was killed anywhere goes on and ends alike, and no sweep is taken for another."""

import json
from dataclasses import fields, replace
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from numerics.baseline import FIELDS, PARTS
from numerics.observing.variables import described
from steerlaw import verification
from steerlaw.__main__ import main
from steerlaw.experiments import kept, parts
from steerlaw.experiments.embedded import embedded_inputs
from steerlaw.experiments.experiment import Experiment, run
from steerlaw.experiments.kept import content, kept_beside
from steerlaw.experiments.targets import Source
from steerlaw.experiments.toy import toy_experiment
from toy_models import ufm_instances

pytestmark = pytest.mark.slow

GRID = np.linspace(-2, 2, 5)
SWEEPS = 6
"""Of one toy model: next token and cross-entropy, each with two controls."""


class Killed(BaseException):
    """Not an error that anything handles."""


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return toy_experiment(ufm_instances()[0], GRID)


def dying_after(number, monkeypatch):
    """`finish_part` that dies before its `number`-th new part."""
    made = []

    def finish(path, made_from, make):
        def counted():
            if len(made) == number:
                raise Killed
            made.append(path)
            return make()

        return parts.finish_part(path, made_from, counted)

    monkeypatch.setattr(kept, "finish_part", finish)
    return made


def test_a_run_killed_anywhere_goes_on_and_ends_alike(experiment, tmp_path, monkeypatch):
    plain = list(run([experiment], seed=0))
    assert len(plain) == SWEEPS
    for number in range(SWEEPS):
        out = tmp_path / f"report-{number}"
        dying_after(number, monkeypatch)
        with pytest.raises(Killed), kept_beside(out) as keep:
            list(run([experiment], seed=0, keep=keep))
        made = dying_after(SWEEPS, monkeypatch)
        with kept_beside(out) as keep:
            again = list(run([experiment], seed=0, keep=keep))
        assert len(made) == SWEEPS - number
        for one, other in zip(plain, again, strict=True):
            assert (one.subject, one.kind) == (other.subject, other.kind)
            assert described(one.sweep.data).identical(described(other.sweep.data))
    assert not list(tmp_path.iterdir())


def test_a_sweep_has_the_same_bytes_whenever_it_is_made(experiment, tmp_path, monkeypatch):
    for name in ("a", "b"):
        dying_after(SWEEPS - 1, monkeypatch)
        with pytest.raises(Killed), kept_beside(tmp_path / name) as keep:
            list(run([experiment], seed=0, keep=keep))
    one, other = ({f.name: f.read_bytes() for f in (tmp_path / f"{name}.parts").iterdir()} for name in ("a", "b"))
    assert one == other
    assert len(one) == SWEEPS  # and the plan


def nudged(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case None:
            return 1.5
        case bool() | int() | float():
            return value + 1
        case str():
            return value + "x"
        case np.ndarray():
            return value + 1
        case frozenset():
            return value | {"more"}
        case dict():
            return {name: nudged(held) for name, held in value.items()}
        case tuple() | list():
            return [*value, value[0] if value else 0]
    return replace(value, **{next(iter(own)): nudged(getattr(value, next(iter(own))))}) if (own := named(value)) else 0


def some(name: str, experiment: Experiment) -> Any:
    """A value for a field of the baseline that has none: zeros of the field's own form, or a part with such fields."""
    if name in PARTS:
        part = PARTS[name]
        return part(**{field.name: some(f"{name}.{field.name}", experiment) for field in fields(part)})
    form = FIELDS[name].forms[0]
    assert experiment.baseline is not None
    contexts, vocab = np.shape(experiment.baseline.log_probs)
    sizes: dict[str, int] = {"contexts": contexts, "vocab": vocab}
    known = {axis: size or sizes.get(axis, sizes.get(f"{axis}s", 1)) for axis, size in form.dimensions.items()}
    return np.zeros(tuple(known.values()), form.dtype) if known else 0.5


def named(record: Any) -> list[str]:
    return [field.name for field in fields(record) if field.name not in {*kept.UNSAID, "model"}]


def test_whatever_a_sweep_depends_on_changes_what_it_is_made_from(experiment):
    def made_from(one):
        return parts.digest(*content(one, "experiment"))

    first = made_from(experiment)
    assert first == made_from(replace(experiment))
    for name in named(experiment):
        assert made_from(replace(experiment, **{name: nudged(getattr(experiment, name))})) != first, name
    for part in ("subject", "baseline"):
        record = getattr(experiment, part)
        for name in [*named(record), *(["model"] if part == "subject" else [])]:
            value = getattr(record, name)
            absent = value is None and part == "baseline"
            other = replace(record, **{name: some(name, experiment) if absent else nudged(value)})
            assert made_from(replace(experiment, **{part: other})) != first, name
    model = experiment.model
    whole = [parts.digest(*content(m, "model")) for m in (model, replace(model, features=model.features * 2))]
    assert len(set(whole)) == 2


def test_arrays_of_any_type_are_told_apart():
    values = [np.arange(3, dtype=kind) for kind in (np.float32, np.float64, np.int64, ml_dtypes.bfloat16, np.float16)]
    assert len({parts.digest(*content(value, "x")) for value in values}) == len(values)


def test_what_does_not_say_what_it_holds_is_refused():
    with pytest.raises(TypeError, match=r"experiment\.vector: a function does not say what it holds"):
        list(content({"vector": lambda: 0}, "experiment"))


def everything(directory):
    """What a report's files hold, the run's start apart."""
    files = {path.relative_to(directory): path.read_text() for path in directory.rglob("*.*") if path.suffix != ".pdf"}
    started = json.loads((directory / "report.json").read_text())["run"]["started"]
    return {name: text.replace(started, "") for name, text in files.items()}


def test_the_command_goes_on_where_it_was_killed(experiment, tmp_path, monkeypatch, capsys):
    source = Source(name="toy", experiments=lambda: [experiment], inputs=embedded_inputs())
    monkeypatch.setattr(verification, "_sources", lambda *_: [source])
    monkeypatch.setattr("sys.argv", ["steerlaw", "verify"])
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert main(["verify", "--laws", "tilt", "--out", str(whole)]) == 0
    dying_after(2, monkeypatch)  # of three: the law is about next tokens
    with pytest.raises(Killed):
        main(["verify", "--laws", "tilt", "--out", str(killed)])
    assert not killed.exists()
    made = dying_after(SWEEPS, monkeypatch)
    assert main(["verify", "--laws", "tilt", "--out", str(killed)]) == 0
    assert len(made) == 1
    assert everything(whole) == everything(killed)
    assert {path.name for path in tmp_path.iterdir()} == {"whole", "killed"}
    assert all(" after " in line for line in capsys.readouterr().err.splitlines())  # long phases, nothing else
