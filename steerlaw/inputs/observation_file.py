"""Saved sweeps: netCDF that holds the observed curves and, as `baseline_*`, all that was known before steering.

A file holds one observation, or several kinds of one: the first as the file itself, each other as a group of its kind.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import xarray as xr

from numerics.baseline import FIELDS, arrays_of, baseline_of
from numerics.files.netcdf import read_netcdf
from numerics.observing.recorded import lacks_tables, observe_again
from numerics.observing.sweep import CURVES, Sweep
from steerlaw.inputs.saved_texts import with_texts, without_texts
from steerlaw.inputs.subjects import Control, Kind, Observation, Subject

PREFIX = "baseline_"


def save_observations(observations: Sequence[Observation], path: Path) -> None:
    """Write the sweeps with their baselines as one netCDF file, whole or not at all; each of a kind of its own."""
    first, *others = observations
    whole = replace(first.sweep, data=with_texts(_with_baseline(first).data, first.subject))
    whole.write(path, {other.kind: _with_baseline(other) for other in others})


def load_observations(
    path: Path,
    model: Any = None,
    known: Mapping[str, xr.Dataset] | None = None,
    *,
    wanted: Collection[str] | None = None,
) -> list[Observation]:
    """The observations of a file. A sweep without a baseline is judged by the claims that need none.

    One that holds curves and no tables is read off them; `model` supplies their unembedding where the file has it not,
    and `wanted` names the variables to be found there (default: all). `known` are the file's groups, where they were
    read already.
    """
    groups = dict(known or read_netcdf(path))
    nodes = groups.pop(CURVES, None)
    first, *others = (_without_baseline(Sweep.of(data, path), path) for data in groups.values())
    data, subject = without_texts(first.sweep.data, first.subject, path)
    texts = {"contexts": subject.contexts, "token_text": subject.token_text}
    first = replace(first, subject=subject, sweep=Sweep(data=data, nodes=nodes))
    if lacks_tables(first.sweep):
        first = replace(first, sweep=_read_off(first, path, model, wanted))
    return [first, *(replace(other, subject=replace(other.subject, **texts)) for other in others)]


def _read_off(observation: Observation, path: Path, model: Any, wanted: Collection[str] | None) -> Sweep:
    """What was watched, off the curves of a file that holds no tables."""
    sweep, baseline = observation.sweep, observation.baseline
    try:
        masks = None if baseline is None else baseline.concepts
        return observe_again(sweep, masks, model, wanted=wanted)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _with_baseline(observation: Observation) -> Sweep:
    baseline, subject = observation.baseline, observation.subject
    positions = "context" if observation.kind != "cross-entropy" else "position"
    variables = {}
    for name, value in arrays_of(baseline) if baseline else ():
        array = np.asarray(value)
        form = next(form for form in FIELDS[name].forms if len(form.dimensions) == array.ndim)
        dims = tuple(positions if axis == "context" else axis for axis in form.dimensions)
        variables[PREFIX + name] = (dims, array)
    data = observation.sweep.data.assign(variables)
    attributes = {
        "kind": observation.kind,
        "kinds": sorted(subject.kinds),
        "layer": subject.layer,
        "concept": subject.concept,
        "push": subject.push,
        "facts": sorted(baseline.facts) if baseline else [],
    }
    return Sweep(data=data.assign_attrs(attributes))


def _without_baseline(sweep: Sweep, path: Path) -> Observation:
    held = [str(name) for name in sweep.data.variables if str(name).startswith(PREFIX)]
    baseline = None
    if PREFIX + "log_probs" in held:
        known = {name.removeprefix(PREFIX): sweep.data[name].to_numpy() for name in held}
        facts = _attribute(sweep, "facts", (list,), path) or ()
        try:
            baseline = baseline_of(known, frozenset(map(str, facts)))
        except ValueError as error:
            raise ValueError(f"{path}: {error}; the file is broken") from error
    kind = _attribute(sweep, "kind", (str,), path) or "next token"
    if kind not in get_args(Kind):
        raise ValueError(f"{path}: a sweep of kind {kind!r}, expected one of {', '.join(get_args(Kind))}")
    return Observation(
        subject=_subject(sweep, path),
        kind=kind,
        sweep=Sweep(data=sweep.data.drop_vars(held)),
        baseline=baseline,
    )


def _attribute(sweep: Sweep, name: str, kinds: tuple[type, ...], path: Path) -> Any:
    """An attribute of the sweep, None where it has none; one that is of another kind is a `ValueError`."""
    value = sweep.attributes.get(name)
    if value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"{path}: attribute {name!r} is a {type(value).__name__}, expected {expected}")
    return value


def _subject(sweep: Sweep, path: Path) -> Subject:
    concepts = sweep.data["concept"].to_numpy() if "concept" in sweep.data.coords else ()
    control = _attribute(sweep, "control", (str,), path)
    if control is not None and control not in get_args(Control):
        raise ValueError(f"{path}: control {control!r}, expected one of {', '.join(get_args(Control))}")
    kinds = frozenset(map(str, _attribute(sweep, "kinds", (list,), path) or ("next token",)))
    return Subject(
        model=_attribute(sweep, "model", (str,), path) or path.name,
        instance=_attribute(sweep, "instance", (str,), path),
        layer=_attribute(sweep, "layer", (int,), path),
        concept=_attribute(sweep, "concept", (str,), path),
        concept_names=tuple(str(name) for name in concepts),
        contexts=range(sweep.data.sizes.get("context", 0)),
        kinds=cast(frozenset[Kind], kinds),
        control=control,
        push=_attribute(sweep, "push", (float, int), path),
    )
