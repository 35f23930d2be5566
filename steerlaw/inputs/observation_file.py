"""Saved sweeps: netCDF that holds the observed curves and, as `baseline_*`, all that was known before steering.

A file holds one observation, or several kinds of one: the first as the file itself, each other as a group of its kind.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np

from numerics.baseline import Baseline, ConceptLaw, Sphere
from numerics.files.netcdf import read_netcdf
from numerics.observing.sweep import Sweep
from steerlaw.inputs.saved_texts import with_texts, without_texts
from steerlaw.inputs.subjects import Control, Kind, Observation, Subject

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
    first, *others = (_without_baseline(Sweep.of(data, path), path) for data in read_netcdf(path).values())
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
    held = [str(name) for name in sweep.data.variables if str(name).startswith(PREFIX)]
    baseline = None
    if PREFIX + "log_probs" in held:
        known = {name.removeprefix(PREFIX): _known(sweep, name, path) for name in held}
        facts = _attribute(sweep, "facts", (list,), path) or ()
        try:
            baseline = Baseline(**_fields(known), facts=frozenset(map(str, facts)))
        except TypeError as error:  # a part without all of its fields
            raise ValueError(f"{path}: the baseline lacks some of what it rests on; the file is broken") from error
    kind = _attribute(sweep, "kind", (str,), path) or "next token"
    if kind not in get_args(Kind):
        raise ValueError(f"{path}: a sweep of kind {kind!r}, expected one of {', '.join(get_args(Kind))}")
    return Observation(
        subject=_subject(sweep, path),
        kind=kind,
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


def _known(sweep: Sweep, name: str, path: Path) -> np.ndarray:
    """An array of the baseline, if it is one and has the dimensions that it should."""
    field, value = name.removeprefix(PREFIX), sweep.data[name]
    dims = tuple("context" if axis == "position" else str(axis) for axis in value.dims)
    expected = [("context", "vocab"), ("context",)] if field == "data" else [DIMENSIONS.get(field)]
    if dims not in expected or value.dtype.kind not in "biuf":
        raise ValueError(f"{path}: {name!r} over {dims} is nothing that a baseline holds; the file is broken")
    return value.to_numpy()


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
