"""What a user asks to verify: a checkpoint to steer, a saved sweep, results of the paper's code, or a curve.

A target is read, and observed where it is a model; nothing is judged here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from numerics.files.netcdf import read_netcdf
from real_models import load_model
from steerlaw.experiments.experiment import Experiment, Grid
from steerlaw.experiments.language import language_experiments
from steerlaw.inputs.concept_files import chosen_vectors, read_concept
from steerlaw.inputs.curve_file import read_curve
from steerlaw.inputs.names import short_names
from steerlaw.inputs.observation_file import load_observations
from steerlaw.inputs.precision import check_precision
from steerlaw.inputs.reference_files import is_results, result_files
from steerlaw.inputs.reference_results import ResultCurves, read_results
from steerlaw.inputs.subjects import BareCurve, Observation
from steerlaw.inputs.swept_texts import SweptTexts, is_swept_texts, read_swept_texts
from steerlaw.inputs.token_texts import token_texts


@dataclass(frozen=True, kw_only=True)
class TargetOptions:
    """How a checkpoint is steered, and how bounds are read; the options of `steerlaw verify` of the same names."""

    vector: str | Path | None = None
    layer: int | None = None
    contexts: str | Path | None = None
    log_odds_prompts: str | Path | None = None
    words: str | Path | None = None
    concept: str | None = None
    level: float = 0.05
    dtype: str | None = None
    tokenizer: str | Path | None = None
    model: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A target that was read: experiments to be run, sweeps and curves that were made already, and its input files.

    `results` are the curves of other people's results (None: the target is none), `token_text` the words of their ids;
    `texts` are whole texts that were drawn already. With `again`, `experiments` can be pickled, and it costs little to
    make them a second time, in another process.
    """

    name: str
    experiments: Callable[[], Iterable[Experiment]] = tuple
    again: bool = False
    observations: Sequence[Observation] = ()
    curves: Sequence[BareCurve] = ()
    results: Sequence[ResultCurves] | None = None
    token_text: Callable[[int], str] | None = None
    texts: Sequence[SweptTexts] = ()
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
        precision = None if options.dtype in (None, "float64") else check_precision(options.dtype)
        curve = BareCurve(name=name, precision=precision, **vars(read_curve(path)))
        return Source(name=name, curves=[curve], inputs=[path])
    if path.suffix == ".nc" and is_swept_texts(groups := read_netcdf(path)):
        return Source(name=name, texts=[read_swept_texts(path, groups)], inputs=[path])
    if path.suffix == ".nc":
        model = None if options.model is None else load_model(options.model)
        return Source(name=name, observations=load_observations(path, model, groups), inputs=[path])
    if is_results(path):
        results = read_results(path, level=options.level, dtype=options.dtype)
        words = token_texts(options.tokenizer)
        return Source(name=name, results=results, token_text=words, inputs=result_files(path))
    return _checkpoint(str(target), name, options, grid, seed)


def _checkpoint(target: str, name: str, options: TargetOptions, grid: Grid, seed: int) -> Source:
    if options.vector is None or options.contexts is None:
        if not Path(target).exists() and target.count("/") != 1:
            raise FileNotFoundError(f"{target}: no such checkpoint directory, saved sweep or curve")
        raise ValueError(f"{target}: a checkpoint is verified with --vector and --contexts; give both")
    if options.dtype == "tf32":
        raise ValueError(f"{target}: a checkpoint is computed in float32, bfloat16 or float64; tf32 is for results")
    inputs = read_concept(
        chosen_vectors(options.vector, options.layer),
        options.contexts,
        prompts=options.log_odds_prompts,
        words=options.words,
        concept=options.concept,
    )
    model, exact = (load_model(target, dtype=dtype) for dtype in (options.dtype or "float32", "float64"))
    if Path(target).is_dir() and name != Path(target).name:
        model, exact = (replace(one, name=name) for one in (model, exact))
    concept = inputs.concept(model)
    given = (options.vector, options.contexts, options.log_odds_prompts, options.words)
    return Source(
        name=name,
        experiments=lambda: language_experiments(model, exact, concept, grid, seed),
        inputs=[Path(path) for path in given if path is not None],
    )
