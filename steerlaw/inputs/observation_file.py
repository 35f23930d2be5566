"""Saved sweeps: netCDF that holds the observed curves and, as `baseline_*`, all that was known before steering.

A file holds one observation, or several kinds of one: the first as the file itself, each other as a group of its kind.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np

from numerics.baseline import Baseline, ConceptLaw, Sphere
from numerics.observing.sweep import Sweep
from steerlaw.inputs.saved_texts import with_texts, without_texts
from steerlaw.inputs.subjects import Observation, Subject

PREFIX = "baseline_"
DIMENSIONS = {
    "log_probs": ("context", "vocab"),
    "log_odds": ("vocab",),
    "other_log_odds": ("vocab",),
    "weights": ("context",),
    "concepts": ("concept", "vocab"),
    "logit_shift": ("vocab",),
    "limit_logits": ("side", "vocab"),
    "limit_strength": (),
    "limit_remainder": (),
    "in_target": ("context",),
    "local_log_odds": ("context", "vocab"),
    "logit_curvature": (),
    "data_law.inside": ("vocab",),
    "data_law.outside": ("vocab",),
    "data_law.negative_share": ("vocab",),
    "data_law.delta": (),
    "sphere.h_part": ("context", "vocab"),
    "sphere.v_part": ("vocab",),
    "sphere.offset": ("vocab",),
    "sphere.c": ("context",),
    "sphere.e": ("context",),
    "sphere.f": (),
}
"""Of `data`, the dimensions follow from its shape; `facts` are an attribute."""
PARTS = {"data_law": ConceptLaw, "sphere": Sphere}


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
    for name, value in _arrays(baseline) if baseline else ():
        dims = (positions, "vocab")[: value.ndim] if name == "data" else DIMENSIONS[name]
        variables[PREFIX + name] = (tuple(positions if d == "context" else d for d in dims), value)
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
        baseline = Baseline(**_fields(known), facts=frozenset(sweep.attributes.get("facts", ())))
    return Observation(
        subject=_subject(sweep, path),
        kind=sweep.attributes.get("kind", "next token"),
        sweep=Sweep(data=sweep.data.drop_vars(held)),
        baseline=baseline,
    )


def _arrays(record: Any, within: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of a baseline by name; those of its parts as `part.name`."""
    for field in fields(record):
        value = getattr(record, field.name)
        if is_dataclass(value):
            yield from _arrays(value, f"{field.name}.")
        elif field.name != "facts" and value is not None:
            yield within + field.name, np.asarray(value)


def _fields(known: dict[str, np.ndarray]) -> dict[str, Any]:
    """The fields of a baseline from its arrays by name."""
    found: dict[str, Any] = {name: value for name, value in known.items() if "." not in name}
    for part, record in PARTS.items():
        own = {name.removeprefix(f"{part}."): value for name, value in known.items() if name.startswith(f"{part}.")}
        found |= {part: record(**own)} if own else {}
    return found


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
