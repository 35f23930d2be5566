"""What a user asks to verify: a checkpoint to steer, a saved sweep, results of the paper's code, or a curve.

A target is read, and observed where it is a model; nothing is judged here.
"""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from real_models import load_model
from steerlaw.experiments.experiment import Experiment, Grid
from steerlaw.experiments.language import language_experiments
from steerlaw.inputs.concept_files import chosen_vectors, read_concept
from steerlaw.inputs.names import short_names
from steerlaw.inputs.observation_file import load_observations
from steerlaw.inputs.reference_results import ResultCurves, is_results, read_results, result_files
from steerlaw.inputs.subjects import BareCurve, Observation


@dataclass(frozen=True, kw_only=True)
class TargetOptions:
    """How a checkpoint is steered, and how bounds are read; the options of `steerlaw verify` of the same names."""

    vector: str | Path | None = None
    layer: int | None = None
    contexts: str | Path | None = None
    prompts: str | Path | None = None
    words: str | Path | None = None
    concept: str | None = None
    level: float = 0.05
    dtype: str = "float32"


@dataclass(frozen=True, kw_only=True, eq=False)
class ResultFile:
    """Curves from one result file of the paper's code; none where it holds only what no law speaks of."""

    name: str
    curves: Sequence[ResultCurves]


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A target that was read: experiments to be run, sweeps and curves that were made already, and its input files."""

    name: str
    experiments: Callable[[], Iterable[Experiment]] = tuple
    observations: Sequence[Observation] = ()
    curves: Sequence[BareCurve] = ()
    results: Sequence[ResultFile] = ()
    inputs: Sequence[Path] = ()


def read_targets(targets: Sequence[str | Path], options: TargetOptions, grid: Grid, seed: int) -> list[Source]:
    """Read targets as far as can be without running a model; bad input is a `ValueError` or `OSError`.

    Files and directories are named by as much of their paths as tells them apart.
    """
    names = short_names(targets)
    return [_read(target, names[Path(target)], options, grid, seed) for target in targets]


def _read(target: str | Path, name: str, options: TargetOptions, grid: Grid, seed: int) -> Source:
    path = Path(target)
    if path.suffix == ".csv":
        return Source(name=name, curves=[BareCurve(name=name, **read_curve(path))], inputs=[path])
    if path.suffix == ".nc":
        return Source(name=name, observations=load_observations(path), inputs=[path])
    if is_results(path):
        files = short_names(result_files(path))
        read = [ResultFile(name=own, curves=read_results(file, level=options.level)) for file, own in files.items()]
        return Source(name=name, results=read, inputs=list(files))
    return _checkpoint(str(target), name, options, grid, seed)


def read_curve(path: Path) -> dict[str, Float[np.ndarray, " strengths"]]:
    """`strengths`, `values` and, if given, `lower` and `upper`, from a CSV with a heading; rows in any order."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        heading = [name.strip() for name in rows.fieldnames or ()]
        if heading not in (["strength", "value"], ["strength", "value", "lower", "upper"]):
            raise ValueError(
                f"{path}:1: expected columns strength,value[,lower,upper], got {','.join(heading) or 'nothing'}"
            )
        rows.fieldnames = heading
        numbers = [_numbers(row, f"{path}:{rows.line_num}") for row in rows]
    if not numbers:
        raise ValueError(f"{path}: no rows under the heading, expected one a strength")
    table = np.array(sorted(numbers))
    columns = {"strength": "strengths", "value": "values", "lower": "lower", "upper": "upper"}
    return {columns[name]: table[:, i] for i, name in enumerate(heading)}


def _numbers(row: dict[str | None, Any], where: str) -> list[float]:
    try:
        return [float(value) for value in row.values()]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: expected {len(row)} numbers, got {list(row.values())}") from error


def _checkpoint(target: str, name: str, options: TargetOptions, grid: Grid, seed: int) -> Source:
    if options.vector is None or options.contexts is None:
        if not Path(target).exists() and target.count("/") != 1:
            raise FileNotFoundError(f"{target}: no such checkpoint directory, saved sweep or curve")
        raise ValueError(f"{target}: a checkpoint is verified with --vector and --contexts; give both")
    inputs = read_concept(
        chosen_vectors(options.vector, options.layer),
        options.contexts,
        prompts=options.prompts,
        words=options.words,
        concept=options.concept,
    )
    model, exact = (load_model(target, dtype=dtype) for dtype in (options.dtype, "float64"))
    if Path(target).is_dir() and name != Path(target).name:
        model, exact = (replace(one, name=name) for one in (model, exact))
    concept = inputs.concept(model)
    given = (options.vector, options.contexts, options.prompts, options.words)
    return Source(
        name=name,
        experiments=lambda: language_experiments(model, exact, concept, grid, seed),
        inputs=[Path(path) for path in given if path is not None],
    )
