"""The main job: check the derivations, observe the subjects, judge every claim."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from numerics.judging.horizons.tolerance import Tolerance, tolerance_for
from steerlaw.beside import begin_of_experiments
from steerlaw.experiments.directions import can_be_followed
from steerlaw.experiments.embedded import embedded_experiments, embedded_inputs
from steerlaw.experiments.experiment import Experiment, Grid, Keep, run
from steerlaw.experiments.nearby import nearby
from steerlaw.experiments.targets import Source, TargetOptions, read_targets
from steerlaw.experiments.texts.drawn import drawn_texts, middle_experiments
from steerlaw.inputs.subjects import Observation
from steerlaw.inputs.swept_texts import SweptTexts
from steerlaw.memory import give_back
from steerlaw.report import Report
from steerlaw.results.apart import derivation_records
from steerlaw.results.claims import claim_holdings
from steerlaw.results.directions import ranked, ranked_claims
from steerlaw.results.exploring.continued import continued
from steerlaw.results.exploring.explored import explored_curves
from steerlaw.results.findings import findings
from steerlaw.results.judging import Judged, curve_rows, in_brief, judged
from steerlaw.results.lines import summary_lines
from steerlaw.results.pictures import curve_pictures
from steerlaw.results.predicted_rows import predicted_rows
from steerlaw.results.provenance import RunRecord, run_record
from steerlaw.results.reaching.limits import limit_rows
from steerlaw.results.reaching.rows import HorizonRow, horizon_rows
from steerlaw.results.reference_verdicts import judge_results, token_rows
from steerlaw.results.reported.matrix import Cell, matrix
from steerlaw.results.verdict_rows import VerdictRow, verdict_row
from steerlaw.results.whole_texts import text_rows
from theory.catalogue import find_law
from theory.catalogue import laws as catalogue
from theory.claims import Claim
from theory.law import Law

TEXTS = 8
"""Whole texts after each context of the embedded language model: so few that they take less than a minute a concept."""
ADAPTIVE = Grid(count=97, text_count=41, between=True)
"""By default strengths are added where the curves need them, which costs no pass of a model."""


def verify(
    target: str | Path | Sequence[str | Path] | None = None,
    *,
    laws: Sequence[str] | None = None,
    options: TargetOptions | None = None,
    strengths: str | None = None,
    tolerance: float | str | Tolerance | None = None,
    seed: int = 0,
    directions: int = 20,
    reported: bool = False,
    texts: int | None = None,
    progress: Any = None,
    keep: Keep | None = None,
    apart: Executor | None = None,
) -> Report:
    """Check every derivation, sweep the models beside their controls, compare, and report.

    Without a `target`: the embedded models. A target, or each of several, is a checkpoint directory or hub id, a saved
    sweep (.nc) or a curve (.csv); `options` say how checkpoints are steered. `laws` are ids (default: all); `strengths`
    is a grid START:STOP:COUNT; `tolerance` is in each claim's unit, or a share of each curve's movement such as "5%"
    (default: 0.1 nat, a probability of 0.01, else 5%); `seed` draws the controls, `directions` is how many random
    directions each vector of a language model is ranked among, and as many differences of contexts (0: none).
    `reported` asks what other papers claim (`theory.reported`), too; not along with `laws`. `texts` is how many whole
    texts to draw after each context at a language model's middle block (default: `TEXTS` on the embedded one where all
    laws are asked about, else 0). `progress` is a `rich.progress.Progress`. `keep` (of `kept_beside`) has sweeps on
    disk, for a run that is killed; derivations, and what needs no sweep of embedded models, are worked on `apart` (of
    `process_apart`). Bad input is a `ValueError` or `OSError` of one line, before any model runs where it can.

    >>> report = verify(laws=["token_bump"])
    >>> report.summary()["token_bump"]["stdlib-gpt"]
    """
    started, options = datetime.now(UTC), options or TargetOptions()
    chosen = [find_law(law) for law in laws] if laws else list(catalogue().values())
    claims = _asked_of(chosen, laws, reported)
    tolerance = None if tolerance is None else tolerance_for(tolerance, "nats")
    sources = _sources(target, options, ADAPTIVE if strengths is None else Grid.parse(strengths), seed)
    curves = [row for source in sources for row in _curves(source, chosen, laws is not None, tolerance, options.level)]
    results = [one for source in sources for one in _results(source, chosen, laws is not None, tolerance)]
    records = derivation_records(chosen, apart)
    experiments = [[replace(one, tolerances=_allowed(tolerance)) for one in source.experiments()] for source in sources]
    ranks = _ranks(apart, sources, experiments, chosen, directions, seed)
    drawn = _draws(apart, sources, experiments, _drawn(target, laws, texts), options.level, seed)
    observed = list(_observed(sources, experiments, claims, seed, progress, keep))
    compared, reach = _compared(observed, chosen, tolerance, progress)
    found = [*results, *(one for _, one in compared)]
    rows = [*curves, *(verdict_row(*one) for one in found)]
    derivations = [one for one, _ in zip(records(), _tracked(chosen, progress, "checking derivations"), strict=True)]
    return Report(
        run=_record(started, sources, options, seed),
        derivations=derivations,
        verdicts=rows,
        directions=[standing for found in _awaited(ranks, progress, "directions") for standing in found],
        findings=findings(observed) if claims is None else [],
        **_numbers(observed, found, rows, [*horizon_rows(results), *reach]),
        reported=_reported(experiments, observed, seed, progress) if reported else [],
        texts=text_rows([*_ready(sources), *_awaited(drawn, progress, "whole texts")]),
        observations=observed,
        **_looked_at(experiments, observed, compared),
        tokens=list(token_rows(results)),
    )


def _compared(
    observed: Sequence[Observation], laws: Sequence[Law], tolerance: Tolerance | None, progress: Any
) -> tuple[list[tuple[Observation, Judged]], list[HorizonRow]]:
    """Every claim judged on every observation, and how far it holds; of single curves only part of that stays."""
    found: list[tuple[Observation, Judged]] = []
    reach: list[HorizonRow] = []
    for observation in _tracked(observed, progress, "comparing"):
        own = list(judged(observation, laws, tolerance))
        reach += horizon_rows(own)
        found += [(observation, in_brief(one)) for one in own]
    return found, reach


def _numbers(
    observed: Sequence[Observation], found: Sequence[Judged], rows: Sequence[VerdictRow], reach: Sequence[HorizonRow]
) -> dict[str, Any]:
    """On how many curves claims hold and how far, how far out limits are, numbers predicted beside observed ones."""
    shares = claim_holdings(found)
    numbers = [row for o in observed for row in predicted_rows(o)]
    known = {"horizons": reach, "limits": limit_rows(observed), "quantities": numbers}
    return {"lines": summary_lines(rows, found, shares), "shares": shares, **known}


def _allowed(tolerance: Tolerance | None) -> dict[str, tuple[float, float]]:
    """The tolerance that log-probabilities are judged at, as sweeps are told it."""
    asked = tolerance_for(tolerance, "log_probability")
    return {str(asked): (0.0, asked.amount) if asked.relative else (asked.amount, 0.0)}


def _asked_of(chosen: Sequence[Law], laws: Sequence[str] | None, reported: bool) -> list[Claim] | None:
    """The claims that observations are needed for; None: whatever there is to see."""
    if reported and laws:
        raise ValueError("reported claims are asked of everything that is observed: leave out --laws, or --reported")
    return [claim for law in chosen for claim in law.claims] if laws else None


def _sources(
    target: str | Path | Sequence[str | Path] | None, options: TargetOptions, grid: Grid, seed: int
) -> list[Source]:
    """The targets, read; the embedded models where there are none."""
    if targets := [target] if isinstance(target, str | Path) else list(target or ()):
        return read_targets(targets, options, grid, seed)
    return [
        Source(
            name="embedded", experiments=partial(embedded_experiments, grid, seed), again=True, inputs=embedded_inputs()
        ),
    ]


def _observed(
    sources: Sequence[Source],
    experiments: Sequence[Sequence[Experiment]],
    claims: Sequence[Claim] | None,
    seed: int,
    progress: Any,
    keep: Keep | None,
) -> Iterator[Observation]:
    """The sweeps of each source: those that were made already, and those of its experiments, run for these claims."""
    for source, made in zip(sources, experiments, strict=True):
        yield from source.observations
        if made:
            yield from run(_tracked(made, progress, "sweeping"), seed, keep, claims)


def _looked_at(
    experiments: Sequence[Sequence[Experiment]],
    observed: Sequence[Observation],
    compared: Sequence[tuple[Observation, Judged]],
) -> dict[str, Any]:
    """Curves to be explored, off the models themselves and not those of random weights; and to be drawn small."""
    every = [one for made in experiments for one in made if one.subject.control is None]
    explored = continued(explored_curves(observed, {one.subject.model: one.model for one in every}), every)
    return {"explored": explored, "pictures": curve_pictures([(o, one.finding) for o, one in compared], explored)}


Begun = tuple[int, Callable[[], Iterator[Any]]]
"""How many results there will be, and what gives them."""


def _ranks(
    apart: Executor | None,
    sources: Sequence[Source],
    experiments: Sequence[Sequence[Experiment]],
    laws: Sequence[Law],
    count: int,
    seed: int,
) -> Begun:
    """Begin to rank vectors among other directions, by the claims of these laws that can be asked of directions."""
    asked = bool(ranked_claims(laws))
    some = [[one for one in made if asked and can_be_followed(one, count)] for made in experiments]
    work = partial(ranked, laws=[law.id for law in laws], count=count, seed=seed)
    return _begun(apart, sources, experiments, some, work)


def _draws(
    apart: Executor | None,
    sources: Sequence[Source],
    experiments: Sequence[Sequence[Experiment]],
    samples: int,
    level: float,
    seed: int,
) -> Begun:
    """Begin to draw `samples` whole texts after each context of a language model, at its middle block."""
    some = [list(middle_experiments(made)) if samples else [] for made in experiments]
    return _begun(apart, sources, experiments, some, partial(drawn_texts, samples=samples, seed=seed, level=level))


def _begun(
    apart: Executor | None,
    sources: Sequence[Source],
    experiments: Sequence[Sequence[Experiment]],
    some: Sequence[Sequence[Experiment]],
    work: Callable[[Experiment], Any],
) -> Begun:
    """Begin work on some of each source's experiments."""
    begun = []
    for source, made, own in zip(sources, experiments, some, strict=True):
        numbered = [(number, one) for number, one in enumerate(made) if any(one is other for other in own)]
        again = source.experiments if source.again else None
        begun.append(begin_of_experiments(apart, again, work, numbered))
    return sum(map(len, some)), lambda: chain.from_iterable(results() for results in begun)


def _awaited(begun: Begun, progress: Any, description: str) -> Iterable[Any]:
    """The results, one by one."""
    count, results = begun
    if not count:
        return []
    found = results()
    return [next(found) for _ in _tracked(range(count), progress, description)]


def _drawn(target: Any, laws: Sequence[str] | None, texts: int | None) -> int:
    """How many texts to draw: those that were asked for."""
    return texts if texts is not None else 0 if target or laws else TEXTS


def _ready(sources: Sequence[Source]) -> list[SweptTexts]:
    """Whole texts that were drawn already."""
    return [one for source in sources for one in source.texts]


def _reported(
    experiments: Sequence[Sequence[Experiment]], observed: Sequence[Observation], seed: int, progress: Any
) -> list[Cell]:
    """Claims of other papers, on what was observed and on what is known around strength 0."""
    found = [one for made in experiments for one in nearby(_tracked(made, progress, "around 0"), observed, seed)]
    return matrix(observed, dict(found))


def _curves(
    source: Source, laws: Sequence[Law], named: bool, tolerance: Tolerance | None, level: float
) -> list[VerdictRow]:
    """Verdicts on the bare curves of a source."""
    if source.curves and not named:
        raise ValueError(f"{source.name}: a bare curve does not say which law it is about; name it with --laws")
    return [row for curve in source.curves for row in curve_rows(curve, laws, tolerance=tolerance, level=level)]


def _results(source: Source, laws: Sequence[Law], named: bool, tolerance: Tolerance | None) -> list[Judged]:
    """Other people's results judged; that no law speaks of any of them is a `ValueError`."""
    if source.results is None:
        return []
    found = judge_results(source.results, laws, named=named, tolerance=tolerance, token_text=source.token_text)
    if not found:
        raise ValueError(f"{source.name}: without a model no law speaks of what these results hold")
    return found


def _record(started: datetime, sources: Sequence[Source], options: TargetOptions, seed: int) -> RunRecord:
    """The record of the run."""
    inputs = [path for source in sources for path in source.inputs]
    return run_record(started=started, dtype=_arithmetic(sources, options), seed=seed, inputs=inputs)


def _arithmetic(sources: Sequence[Source], options: TargetOptions) -> str:
    """What the run computed in, or takes results to have been computed in."""
    return options.dtype or ("tf32" if sources and all(source.results is not None for source in sources) else "float32")


def _tracked(items: Sequence[Any], progress: Any, description: str) -> Iterator[Any]:
    for item in progress.track(items, description=description) if progress else items:
        yield item
        give_back()
