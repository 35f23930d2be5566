"""What a user asks to verify: a checkpoint to steer, a saved sweep, results of the paper's code, or a curve."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numerics.judging.one_curve import compare
from real_models import load_model
from steerlaw.experiments.experiment import Grid, run
from steerlaw.experiments.language import language_experiments
from steerlaw.inputs.concept_files import chosen_vectors, read_concept
from steerlaw.inputs.curve_file import read_curve
from steerlaw.inputs.observation_file import load_observations
from steerlaw.inputs.reference_files import is_results, result_files
from steerlaw.inputs.reference_results import ResultCurves, read_results
from steerlaw.inputs.subjects import Observation, Subject
from steerlaw.inputs.token_texts import token_texts
from steerlaw.report import curve_record
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
    dtype: str | None = None
    tokenizer: str | Path | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """A target that was read: the sweeps to be made or already made, verdicts of bare curves, and its input files.

    `results` are the curves of other people's results (None: the target is none), `token_text` the words of their ids.
    """

    observations: Callable[[Any], Iterable[Observation]] = lambda progress: ()
    verdicts: Sequence[dict[str, Any]] = ()
    results: Sequence[ResultCurves] | None = None
    token_text: Callable[[int], str] | None = None
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
        results = read_results(path, level=options.level, dtype=options.dtype)
        return Source(results=results, token_text=token_texts(options.tokenizer), inputs=result_files(path))
    return _checkpoint(str(target), options, grid, seed)


def _curve_verdicts(path: Path, laws: Iterable[Law], tolerance: float, level: float) -> list[dict[str, Any]]:
    curve = read_curve(path)
    subject = Subject(name=path.name)
    verdicts = []
    for law in laws:
        verdict = compare(
            law, curve.strengths, curve.values, curve.lower, curve.upper, tolerance=tolerance, level=level
        )
        verdicts.append(curve_record(subject, law, verdict))
    return verdicts


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
    model, exact = (load_model(target, dtype=dtype) for dtype in (options.dtype or "float32", "float64"))
    concept = inputs.concept(model)

    def observe(progress: Any) -> Iterable[Observation]:
        experiments = list(language_experiments(model, exact, concept, grid, seed))
        return run(progress.track(experiments, description="sweeping") if progress else experiments, seed)

    given = (options.vector, options.contexts, options.prompts, options.words)
    return Source(observations=observe, inputs=[Path(path) for path in given if path is not None])
