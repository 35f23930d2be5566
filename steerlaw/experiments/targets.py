"""What a user asks to verify: a checkpoint to steer, a saved sweep, results of the paper's code, or a curve."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from numerics.judging.one_curve import compare
from real_models import load_model
from steerlaw.experiments.experiment import Grid, run
from steerlaw.experiments.language import language_experiments
from steerlaw.inputs.concept_files import chosen_vectors, read_concept
from steerlaw.inputs.observation_file import load_observations
from steerlaw.inputs.reference_results import is_results, result_files
from steerlaw.inputs.subjects import Observation, Subject
from steerlaw.report import curve_record
from steerlaw.results.reference_verdicts import result_verdicts
from theory.law import Law


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


@dataclass(frozen=True, kw_only=True)
class Source:
    """A target that was read: the sweeps to be made or already made, verdicts of bare curves, and its input files."""

    observations: Callable[[Any], Iterable[Observation]] = lambda progress: ()
    verdicts: Sequence[dict[str, Any]] = ()
    inputs: Sequence[Path] = ()


def read_target(
    target: str | Path,
    laws: Sequence[Law],
    laws_named: bool,
    options: TargetOptions,
    grid: Grid,
    tolerance: float,
    seed: int,
) -> Source:
    """Read a target as far as can be without running a model; bad input is a `ValueError` or `OSError`."""
    path = Path(target)
    if path.suffix == ".csv":
        if not laws_named:
            raise ValueError(f"{target}: a bare curve does not say which law it is about; name it with --laws")
        return Source(verdicts=_curve_verdicts(path, laws, tolerance, options.level), inputs=[path])
    if path.suffix == ".nc":
        observations = load_observations(path)
        return Source(observations=lambda progress: observations, inputs=[path])
    if is_results(path):
        return _results(path, laws, laws_named, tolerance, options.level)
    return _checkpoint(str(target), options, grid, seed)


def _results(path: Path, laws: Sequence[Law], laws_named: bool, tolerance: float, level: float) -> Source:
    """Of a directory, files that no law speaks of are passed over, unless there are no others."""
    files, silent, verdicts = result_files(path), [], []
    for file in files:
        found = result_verdicts(file, laws, named=laws_named, tolerance=tolerance, level=level)
        verdicts += found
        silent += [] if found else [file.name]
    if not verdicts:
        raise ValueError(f"{path}: without a model no law speaks of what {', '.join(silent)} holds")
    return Source(verdicts=verdicts, inputs=files)


def _curve_verdicts(path: Path, laws: Iterable[Law], tolerance: float, level: float) -> list[dict[str, Any]]:
    curve = read_curve(path)
    subject = Subject(name=path.name)
    verdicts = []
    for law in laws:
        verdict = compare(
            law,
            curve["strengths"],
            curve["values"],
            curve.get("lower"),
            curve.get("upper"),
            tolerance=tolerance,
            level=level,
        )
        verdicts.append(curve_record(subject, law, verdict))
    return verdicts


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


def _checkpoint(target: str, options: TargetOptions, grid: Grid, seed: int) -> Source:
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
    concept = inputs.concept(model)

    def observe(progress: Any) -> Iterable[Observation]:
        experiments = list(language_experiments(model, exact, concept, grid, seed))
        return run(progress.track(experiments, description="sweeping") if progress else experiments, seed)

    given = (options.vector, options.contexts, options.prompts, options.words)
    return Source(observations=observe, inputs=[Path(path) for path in given if path is not None])
