"""A model's curves to a file, a context or a few segments of text at a time; what was done survives a kill."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
import xarray as xr

from numerics.baseline import Baseline
from numerics.files.alone import alone
from numerics.observing.curves.rays import is_curved
from numerics.observing.curves.saving import joined, with_unembedding
from numerics.observing.next_token import FEW
from numerics.observing.recorded import without_tables
from numerics.observing.sweep import Sweep
from real_models import LanguageModel, load_model
from real_models.checkpoints.hub import find_checkpoint
from real_models.texts.reference import PREDICTIONS, end_of_text, reference_segments
from real_models.texts.segments import token_segments
from steerlaw.experiments.checkpoint_hashes import checkpoint_hashes
from steerlaw.experiments.experiment import Experiment, Grid, observe_limit, observe_next, observe_text
from steerlaw.experiments.language import language_experiments
from steerlaw.experiments.parts import RESULT, close_parts, digest, finish_part, open_parts
from steerlaw.inputs.concept_files import ConceptInputs
from steerlaw.inputs.observation_file import save_observations
from steerlaw.inputs.subjects import Control, Kind, Observation

FORMAT = 2
"""Of the parts: another number makes old ones useless."""
Load = Callable[..., LanguageModel]
SEGMENTS_AT_ONCE = 8
"""Segments of text in a part."""


@dataclass(frozen=True, kw_only=True)
class SweepRequest:
    """What to observe of a checkpoint steered along the one vector of `inputs`.

    The next token's curves (with the limits), unless `next_token` is false; and the cross-entropy of the first
    `segments` of at most `segment_tokens` tokens of the `documents`, if there are any. `like="reference"` cuts the text
    as the paper's code does; with `own` the cross-entropy is that of the model's own unsteered distributions after the
    text, not of its tokens. Without `tables` the next token's curves alone are kept, from which all else follows.
    `positions` of the contexts are steered. `control` names the sweep as that of a control. Without `limit` nothing is
    observed at large strengths. So many `contexts_at_once` make a part, which is what a kill loses at most.
    """

    checkpoint: str
    inputs: ConceptInputs
    grid: Grid
    documents: Iterable[str] | None = None
    segments: int = 64
    segment_tokens: int = 128
    next_token: bool = True
    tables: bool = True
    dtype: str = "float32"
    like: Literal["reference"] | None = None
    positions: Literal["all", "last"] = "all"
    control: Control | None = None
    limit: bool = True
    contexts_at_once: int = 1
    own: bool = False

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of curves asked for."""
        limit: list[Kind] = ["limit"] if self.limit and self.positions == "all" else []
        kinds: list[Kind] = ["next token", *limit] if self.next_token else []
        return frozenset(kinds if self.documents is None else [*kinds, "cross-entropy"])


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What was observed, as the file holds it; the rounding factor; and how many parts an earlier run had left."""

    observations: Sequence[Observation]
    rounding: float
    taken_up: int


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A kind of sweep, made of parts: the experiment on some of its contexts or segments, joined `along` them."""

    kind: Kind
    along: str
    parts: Sequence[Experiment]
    observe: Callable[[Experiment], Observation]
    baseline: Baseline | None


def sweep_to_file(request: SweepRequest, out: Path, progress: Any = None, load: Load = load_model) -> Swept:
    """Observe what is asked for and write it to `out`; `progress` is a `rich.progress.Progress`.

    `load(checkpoint, dtype=...)` gives the model, for whoever has it loaded already.

    Until `out` is complete the parts lie in the directory `out`.parts. The same request takes them up again and gives
    the same file, whether its run was killed or not; another one is refused there (`open_parts`), and so is another
    process (`alone`).
    """
    with alone(out):
        waiting = progress and progress.add_task("reading the model", total=None)
        prepared = _prepare(request, load)
        with open_parts(out, prepared.plan) as directory:
            experiment = prepared.experiment()
            if progress:
                progress.remove_task(waiting)
            swept = _observe(request, experiment, prepared.plan, directory, progress)
            save_observations(swept.observations, directory / RESULT)
            close_parts(directory)
    return swept


def _observe(
    request: SweepRequest, experiment: Experiment, plan: Mapping[str, Any], directory: Path, progress: Any
) -> Swept:
    """Everything asked for, in parts that lie in the directory."""
    observations, taken_up = [], 0
    for stage in _stages(request, experiment):
        sweep, found = _run(stage, directory, _made_from(plan, experiment, stage), progress)
        taken_up += found
        if stage.kind == "cross-entropy" and experiment.segment_weights is not None:
            sweep.data["segment_share"] = ("segment", experiment.segment_weights / experiment.segment_weights.sum())
        if sweep.nodes is not None and is_curved(experiment.model):
            sweep = replace(sweep, nodes=with_unembedding(sweep.nodes, experiment.model.head))
            sweep = sweep if request.tables else without_tables(sweep)
        subject = experiment.subject
        observations.append(Observation(subject=subject, kind=stage.kind, baseline=stage.baseline, sweep=sweep))
    return Swept(observations=observations, rounding=experiment.rounding, taken_up=taken_up)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A request's plan, known soon; and the experiment, for which the unsteered model runs."""

    plan: dict[str, Any]
    experiment: Callable[[], Experiment]


def _prepare(request: SweepRequest, load: Load) -> Prepared:
    model, exact = (load(request.checkpoint, dtype=dtype) for dtype in (request.dtype, "float64"))
    contexts = [model.encode(text) for text in request.inputs.contexts]
    segments = None
    if request.documents is not None:
        segments = _text_segments(request, model.tokenizer, request.documents)
    plan = _plan(request, model, contexts, segments)

    def experiment() -> Experiment:
        concept = replace(request.inputs.concept(model), segments=segments)
        made = next(language_experiments(model, exact, concept, request.grid, positions=request.positions))
        subject = replace(made.subject, kinds=request.kinds, control=request.control)
        known = made.text_baseline
        if request.own and known is not None:
            known = replace(known, data=None)
        return replace(made, subject=subject, own=request.own, text_baseline=known)

    return Prepared(plan=plan, experiment=experiment)


def _text_segments(request: SweepRequest, tokenizer: Any, documents: Iterable[str]) -> list[list[int]]:
    """The text in segments of token ids, of which there must be one."""
    if request.like is None:
        segments, least = token_segments(tokenizer, documents, request.segment_tokens, request.segments), 2
    else:
        end = end_of_text(find_checkpoint(request.checkpoint), tokenizer)
        segments, least = reference_segments(tokenizer, documents, end, request.segments), PREDICTIONS + 1
    if not segments:
        raise ValueError(f"the text holds no document of {least} tokens or more, the first of which is never predicted")
    return segments


def _plan(request: SweepRequest, model: LanguageModel, contexts: Sequence[list[int]], segments: Any) -> dict[str, Any]:
    """Everything that determines what is observed, large things by their hashes."""
    device = jax.devices()[0]
    inputs, grid = request.inputs, request.grid
    return {
        "format": FORMAT,
        "software": {name: version(name) for name in ("steerlaw", "jax", "jaxlib", "numpy", "scipy")},
        "device": f"{device.platform}: {device.device_kind}",
        "dtype": request.dtype,
        "model": model.name,
        "checkpoint": checkpoint_hashes(find_checkpoint(request.checkpoint)),
        "vector": {str(layer): digest(np.asarray(vector)) for layer, vector in inputs.vectors.items()},
        "concept": inputs.name,
        "contexts": digest(contexts),
        "prompts": digest(list(inputs.positive), list(inputs.negative), inputs.prompt_tokens),
        "words": digest(None if inputs.words is None else sorted(inputs.words)),
        "text": digest(segments, *(["own"] if request.own else [])),
        "observe": [request.control, request.positions, request.tables, *sorted(request.kinds)],
        "contexts_at_once": request.contexts_at_once,
        "strengths": digest(grid.count, grid.text_count, grid.strengths),
    }


def _made_from(plan: Mapping[str, Any], experiment: Experiment, stage: Stage) -> str:
    """The hash of the plan and of what follows from it before steering."""
    known = experiment.baseline
    arrays = (experiment.strengths, experiment.text_strengths, known.log_probs, known.log_odds, known.concepts)
    reach = None if stage.baseline is None else stage.baseline.limit_strength
    return digest(dict(plan), stage.kind, experiment.rounding, reach, *arrays)


def _stages(request: SweepRequest, experiment: Experiment) -> Iterator[Stage]:
    subject, contexts = experiment.subject, _some_contexts(experiment, request.contexts_at_once)
    if "next token" in subject.kinds:
        yield Stage(
            kind="next token",
            along="context",
            parts=contexts,
            observe=partial(observe_next, wanted=_wanted(request, experiment)),
            baseline=experiment.baseline,
        )
    if "cross-entropy" in subject.kinds:
        yield Stage(
            kind="cross-entropy",
            along="segment",
            parts=_some_segments(experiment),
            observe=observe_text,
            baseline=experiment.text_baseline,
        )
    if "limit" in subject.kinds and experiment.limits is not None:
        limits = experiment.limits(experiment.vector)
        yield Stage(
            kind="limit",
            along="context",
            parts=contexts,
            observe=partial(observe_limit, known=limits),
            baseline=replace(experiment.baseline, **limits),
        )


def _wanted(request: SweepRequest, experiment: Experiment) -> frozenset[str] | None:
    """What is looked for: everything, or as little as makes curves where these are all that is kept."""
    curves_alone = not request.tables and len(experiment.strengths) > FEW and is_curved(experiment.model)
    return frozenset({"entropy"}) if curves_alone else None


def _some_contexts(experiment: Experiment, count: int) -> list[Experiment]:
    """The experiment on so many contexts at a time."""
    subject, contexts = experiment.subject, list(experiment.subject.contexts)
    some = [contexts[start : start + count] for start in range(0, len(contexts), count)]
    return [replace(experiment, subject=replace(subject, contexts=these)) for these in some]


def _some_segments(experiment: Experiment) -> list[Experiment]:
    """The experiment on a few segments at a time."""
    weights, parts = experiment.segment_weights, []
    for start in range(0, len(experiment.segments), SEGMENTS_AT_ONCE):
        some = slice(start, start + SEGMENTS_AT_ONCE)
        share = None if weights is None else weights[some]
        parts.append(replace(experiment, segments=experiment.segments[some], segment_weights=share))
    return parts


def _run(stage: Stage, directory: Path, made_from: str, progress: Any) -> tuple[Sweep, int]:
    """The sweep of all the stage's parts, and how many of them were there."""
    paths = [directory / f"{stage.kind.replace(' ', '-')}-{n:05}.nc" for n in range(len(stage.parts))]
    numbered, parts, found = list(enumerate(stage.parts)), [], 0
    for n, part in progress.track(numbered, description=stage.kind) if progress else numbered:
        sweep, there = finish_part(paths[n], f"{made_from} {n}", lambda part=part: stage.observe(part).sweep)
        parts.append(sweep)
        found += there
    return _joined(parts, stage.along), found


def _joined(sweeps: Sequence[Sweep], along: str) -> Sweep:
    """One sweep of all parts; what they do not have each for itself is as uncertain as in the most uncertain one."""
    parts = [sweep.data.drop_encoding() for sweep in sweeps]
    data = xr.concat(
        parts,
        dim=along,
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="exact",
        combine_attrs="override",
    )
    for name in (name for name in data if str(name).endswith("_halfwidth") and along not in data[name].dims):
        data[name] = xr.concat([part[name] for part in parts], dim="part").max("part")
    data.attrs = {name: value for name, value in data.attrs.items() if name != "made_from"}
    nodes = [sweep.nodes for sweep in sweeps if sweep.nodes is not None]
    return Sweep(data=data, nodes=joined(nodes) if nodes else None)
