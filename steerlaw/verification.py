"""The main job: check the derivations, observe the subjects, judge every claim."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from numerics.judging.sweeps import judge
from numerics.judging.verdict import check_tolerance
from steerlaw.experiments.embedded import embedded_experiments, embedded_inputs
from steerlaw.experiments.experiment import Grid, run
from steerlaw.experiments.targets import Source, TargetOptions, read_target
from steerlaw.inputs.subjects import Kind, Observation, Subject
from steerlaw.report import Report, quantity_records, verdict_record
from steerlaw.results.derivations import derivation_record
from steerlaw.results.findings import findings
from steerlaw.results.provenance import run_record
from steerlaw.results.reference_verdicts import judge_results
from steerlaw.results.shares import Judged, holdings
from theory.catalogue import find_law
from theory.catalogue import laws as catalogue
from theory.claims import Claim
from theory.law import Law
from theory.quantities import CROSS_ENTROPY_CHANGE
from theory.tilted import limit_strength

ADAPTIVE = Grid(count=97, text_count=33, budget=32, text_budget=8)
"""By default a quarter of the strengths go where the curves need them."""


def verify(
    target: str | Path | Sequence[str | Path] | None = None,
    *,
    laws: Sequence[str] | None = None,
    options: TargetOptions | None = None,
    strengths: str | None = None,
    tolerance: float | None = None,
    seed: int = 0,
    progress: Any = None,
) -> Report:
    """Check every derivation, sweep the models beside their controls, compare, and report.

    Without a `target`: the embedded models. A target, or each of several, is a checkpoint directory or hub id, a saved
    sweep (.nc) or a curve (.csv); `options` say how checkpoints are steered. `laws` are ids (default: all); `strengths`
    is a grid START:STOP:COUNT; `tolerance` is in each claim's unit (default 1e-3); `seed` draws the controls.
    `progress` is a `rich.progress.Progress` to show what is being done. Bad input is a `ValueError` or `OSError` of one
    line, raised before any model is run where that can be known.

    >>> report = verify(laws=["token_bump"])
    >>> report.summary()["token_bump"]["stdlib-gpt"]
    """
    started = datetime.now(UTC)
    chosen = [find_law(law) for law in laws] if laws else list(catalogue().values())
    tolerance = check_tolerance(tolerance)
    options = options or TargetOptions()
    grid = ADAPTIVE if strengths is None else Grid.parse(strengths)
    targets = [target] if isinstance(target, str | Path) else list(target or ())
    sources = [read_target(t, chosen, laws is not None, options, grid, tolerance, seed) for t in targets]
    found = [one for source in sources for one in _results(source, chosen, laws is not None, tolerance)]
    derivations = [derivation_record(law) for law in _tracked(chosen, progress, "checking derivations")]
    observed: list[Observation] = []
    curves: list[dict[str, Any]] = []
    if not targets:
        observed += run(_tracked(list(embedded_experiments(grid, seed)), progress, "sweeping"), seed)
    for source in sources:
        observed += source.observations(progress)
        curves += source.verdicts
    found += [one for o in _tracked(observed, progress, "comparing") for one in judged(o, chosen, tolerance)]
    inputs = [path for source in sources for path in source.inputs] if targets else embedded_inputs()
    return Report(
        run=run_record(started=started, dtype=_arithmetic(sources, options), seed=seed, inputs=inputs),
        derivations=derivations,
        verdicts=[*curves, *(verdict_record(*one) for one in found)],
        shares=holdings(found),
        quantities=[record for o in observed for record in quantity_records(o)],
        findings=findings(observed),
        observations=observed,
    )


def judged(observation: Observation, laws: Iterable[Law], tolerance: float) -> Iterator[Judged]:
    """Each claim that this kind of observation is about, judged on it."""
    for law in laws:
        own = tuple(claim for claim in law.claims if _kind(claim, observation.subject) == observation.kind)
        for finding in judge(replace(law, claims=own), observation.sweep, observation.baseline, tolerance=tolerance):
            yield Judged(observation.subject, finding)


def _results(source: Source, laws: Sequence[Law], named: bool, tolerance: float) -> list[Judged]:
    """Other people's results judged; that no law speaks of any of them is a `ValueError`."""
    if source.results is None:
        return []
    found = judge_results(source.results, laws, named=named, tolerance=tolerance, token_text=source.token_text)
    if not found:
        names = ", ".join(path.name for path in source.inputs)
        raise ValueError(f"{names}: without a model no law speaks of what these results hold")
    return found


def _arithmetic(sources: Sequence[Source], options: TargetOptions) -> str:
    """What the run computed in, or takes results to have been computed in."""
    return options.dtype or ("tf32" if sources and all(source.results is not None for source in sources) else "float32")


def _kind(claim: Claim, subject: Subject) -> Kind:
    """The kind of observation that speaks of a claim; what a subject lacks falls to its next-token sweep."""
    if claim.domain.has(limit_strength):
        wanted = "limit"
    else:
        wanted = "cross-entropy" if claim.quantity == CROSS_ENTROPY_CHANGE else "next token"
    return wanted if wanted in subject.kinds else "next token"


def _tracked(items: Sequence[Any], progress: Any, description: str) -> Iterable[Any]:
    return progress.track(items, description=description) if progress else items
