"""Saved sweeps: netCDF that holds the observed curves and, as `baseline_*`, all that was known before steering.

A file holds one observation, or several kinds of one: the first as the file itself, each other as a group of its kind.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import h5netcdf
import numpy as np

from numerics.baseline import FIELDS, arrays_of, baseline_of
from numerics.observing.sweep import Sweep
from steerlaw.inputs.saved_texts import with_texts, without_texts
from steerlaw.inputs.subjects import Observation, Subject

PREFIX = "baseline_"


def save_observations(observations: Sequence[Observation], path: Path) -> None:
    """Write the sweeps with their baselines as one netCDF file, whole or not at all; each of a kind of its own."""
    first, *others = observations
    whole = Sweep(data=with_texts(_with_baseline(first).data, first.subject))
    whole.write(path, {other.kind: _with_baseline(other) for other in others})


def load_observations(path: Path) -> list[Observation]:
    """The observations of a file. A sweep without a baseline is judged by the claims that need none."""
    first = _without_baseline(Sweep.read(path), path)
    with h5netcdf.File(path, "r") as file:
        groups = list(file.groups)
    others = [_without_baseline(Sweep.read(path, group), path) for group in groups]
    data, subject = without_texts(first.sweep.data, first.subject, path)
    known = {"contexts": subject.contexts, "token_text": subject.token_text}
    first = replace(first, subject=subject, sweep=Sweep(data=data))
    return [first, *(replace(other, subject=replace(other.subject, **known)) for other in others)]


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
    held = {str(name): sweep.data[name].to_numpy() for name in sweep.data.variables if str(name).startswith(PREFIX)}
    baseline = None
    if PREFIX + "log_probs" in held:
        known = {name.removeprefix(PREFIX): value for name, value in held.items()}
        baseline = baseline_of(known, frozenset(sweep.attributes.get("facts", ())))
    return Observation(
        subject=_subject(sweep, path),
        kind=sweep.attributes.get("kind", "next token"),
        sweep=Sweep(data=sweep.data.drop_vars(held)),
        baseline=baseline,
    )


def _subject(sweep: Sweep, path: Path) -> Subject:
    known = sweep.attributes
    concepts = sweep.data["concept"].to_numpy() if "concept" in sweep.data.coords else ()
    return Subject(
        model=known.get("model", path.name),
        instance=known.get("instance"),
        layer=known.get("layer"),
        concept=known.get("concept"),
        concept_names=tuple(str(name) for name in concepts),
        contexts=range(sweep.data.sizes.get("context", 0)),
        kinds=frozenset(known.get("kinds", ("next token",))),
        control=known.get("control"),
        push=known.get("push"),
    )
