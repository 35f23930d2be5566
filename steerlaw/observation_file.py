"""A saved sweep: netCDF that holds the observed curves and, as `baseline_*`, all that was known before steering."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from numerics.baseline import Baseline
from numerics.sweep import Sweep
from steerlaw.subjects import Observation, Subject

PREFIX = "baseline_"
DIMENSIONS = {
    "log_probs": ("context", "vocab"),
    "log_odds": ("vocab",),
    "weights": ("context",),
    "concepts": ("concept", "vocab"),
    "logit_shift": ("vocab",),
    "limit_logits": ("end", "vocab"),
    "limit_strength": (),
    "limit_remainder": (),
}
"""Of `data`, the dimensions follow from its shape; `facts` are an attribute."""


def save_observation(observation: Observation, path: Path) -> None:
    """Write the sweep with its baseline as one netCDF file, whole or not at all."""
    baseline, subject = observation.baseline, observation.subject
    positions = "context" if observation.kind != "cross-entropy" else "position"
    variables = {}
    for field in fields(Baseline) if baseline else ():
        value = getattr(baseline, field.name)
        if field.name == "facts" or value is None:
            continue
        value = np.asarray(value)
        dims = (positions, "vocab")[: value.ndim] if field.name == "data" else DIMENSIONS[field.name]
        dims = tuple(positions if d == "context" else d for d in dims)
        variables[PREFIX + field.name] = (dims, value.astype(np.int8) if value.dtype == bool else value)
    data = observation.sweep.data.assign(variables)
    attributes = {
        "kind": observation.kind,
        "kinds": sorted(subject.kinds),
        "layer": subject.layer,
        "concept": subject.concept,
        "push": subject.push,
        "facts": sorted(baseline.facts) if baseline else [],
    }
    Sweep(data=data.assign_attrs(attributes)).write(path)


def load_observation(path: Path) -> Observation:
    """An observation from its file. A sweep without a baseline is judged by the claims that need none."""
    sweep = Sweep.read(path)
    held = {str(name): sweep.data[name].to_numpy() for name in sweep.data.variables if str(name).startswith(PREFIX)}
    baseline = None
    if PREFIX + "log_probs" in held:
        known: dict[str, Any] = {name.removeprefix(PREFIX): value for name, value in held.items()}
        if "concepts" in known:
            known["concepts"] = known["concepts"].astype(bool)
        baseline = Baseline(**known, facts=frozenset(sweep.attributes.get("facts", ())))
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
        name=known.get("model", path.name),
        layer=known.get("layer"),
        concept=known.get("concept"),
        concept_names=tuple(str(name) for name in concepts),
        contexts=range(sweep.data.sizes.get("context", 0)),
        kinds=frozenset(known.get("kinds", ("next token",))),
        control=known.get("control"),
        push=known.get("push"),
    )
