"""An experiment runs a model: sweeps beside the baseline that predicts them, and the same with no concept in it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from numerics.baseline import Baseline, permuted
from numerics.observing.cross_entropy import observe_cross_entropy
from numerics.observing.grids import parse, with_zero
from numerics.observing.model import SteeredModel, Steering
from numerics.observing.next_token import Known, observe_next_token
from numerics.observing.readings import Curves, curves_along
from numerics.observing.sweep import Sweep
from numerics.observing.watched import TOLERANCES, Watched, choose_tokens
from numerics.observing.whole_texts import Scored, observe_texts
from steerlaw.experiments.wanted import wanted_at_limits, wanted_for
from steerlaw.inputs.subjects import Kind, Observation, Subject
from theory.claims import Claim

WATCHED = 8
"""Tokens of each sort (probable, extreme, target) whose whole curves are kept."""

Keep = Callable[["Experiment", "Work"], Sweep]
"""Makes a sweep, or gives that of an earlier run."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """How many strengths next-token and cross-entropy curves get, or the strengths themselves.

    With `between`, models whose curves are known at all strengths are judged at as many more as these curves need.
    """

    count: int = 257
    text_count: int = 65
    between: bool = False
    strengths: Float[np.ndarray, " strengths"] | None = None

    @classmethod
    def parse(cls, text: str) -> "Grid":
        """The grid START:STOP:COUNT, with 0 inserted where it is missing."""
        return cls(strengths=with_zero(parse(text))[0], between=True)


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A model steered at the subject's layer along `vector`, and all that is known before steering.

    `baseline` belongs to the next token of the subject's contexts; `text_baseline` to every predicted position of
    `segments`, whose cross-entropy is swept over `text_strengths`; `segment_weights` are their shares of the mean
    (default: equal). `rounding` is the rounding band's factor, in units of eps times the largest logit.
    `between` has strengths added where curves need them (`numerics.observing.between`).
    `limits(vector)` gives the baseline's limit fields, where the model has a limit law; `along(vector)` all that is
    known before steering along another vector, predicted by its own derivative at strength 0, and
    `with_geometry(baseline, vector)` adds what takes longer to find out; `residuals()` gives the unsteered residuals at
    the ends of the contexts, where there are such. With an `other_vector` the two are added, too; the baseline then
    holds its log-odds. `texts` says what is looked for in whole texts, where the baseline says how they are written.
    `positions` of the contexts are steered; of text always all. With `own` the cross-entropy is that of the model's own
    unsteered distributions after the text. `tolerances` are those of `numerics.observing.watched`.
    """

    subject: Subject
    model: SteeredModel
    vector: Float[np.ndarray, " d"]
    baseline: Baseline
    strengths: Float[np.ndarray, " strengths"]
    rounding: float
    segments: Any = ()
    segment_weights: Float[np.ndarray, " segments"] | None = None
    text_baseline: Baseline | None = None
    text_strengths: Float[np.ndarray, " text_strengths"] | None = None
    between: bool = False
    limits: Callable[[np.ndarray], dict[str, Any]] | None = None
    along: Callable[[np.ndarray], Baseline] | None = None
    with_geometry: Callable[[Baseline, np.ndarray], Baseline] | None = None
    residuals: Callable[[], Float[np.ndarray, "contexts d"]] | None = None
    other_vector: Float[np.ndarray, " d"] | None = None
    texts: Scored | None = None
    positions: Literal["all", "last"] = "all"
    own: bool = False
    tolerances: Mapping[str, tuple[float, float]] = field(default_factory=lambda: TOLERANCES)


@dataclass(frozen=True, kw_only=True, eq=False)
class Work:
    """A sweep to be made of an experiment, what it is to hold (None: everything), and the baseline that predicts it."""

    kind: Kind
    wanted: frozenset[str] | None
    baseline: Baseline | None
    observe: Callable[[], Observation]


def run(
    experiments: Iterable[Experiment], seed: int, keep: Keep | None = None, claims: Sequence[Claim] | None = None
) -> Iterator[Observation]:
    """All that some `claims` are judged by, or everything; controls included, whose seed is each experiment's own.

    What is observed is the same whatever else is. With `keep` a sweep that an earlier run has finished is not made
    again (`steerlaw.experiments.kept`).
    """
    for number, experiment in enumerate(experiments):
        variants = list(with_controls(experiment, seed + number))
        curves, made = shared_curves(variants), dict[Kind, Sweep]()
        for variant in variants:
            same = made if variant.vector is experiment.vector else {}
            for work in works(variant, same, claims=claims, curves=curves):
                sweep = work.observe().sweep if keep is None else keep(variant, work)
                if variant is experiment:
                    made[work.kind] = sweep
                yield Observation(subject=variant.subject, kind=work.kind, baseline=work.baseline, sweep=sweep)


def shared_curves(variants: Sequence[Experiment]) -> Callable[[Experiment], Curves | None]:
    """Of variants of one experiment the curves along their vectors, all of them read in one go when first asked for."""
    vectors = list({id(variant.vector): variant.vector for variant in variants}.values())
    first = variants[0]

    @cache
    def read() -> list[Curves | None]:
        along = [Steering(layer=first.subject.layer, vector=vector, positions=first.positions) for vector in vectors]
        window = float(first.strengths[0]), float(first.strengths[-1])
        return curves_along(first.model, first.subject.contexts, window, along, first.rounding)

    def curves(variant: Experiment) -> Curves | None:
        return read()[next(n for n, vector in enumerate(vectors) if vector is variant.vector)]

    return curves


def with_controls(experiment: Experiment, seed: int) -> Iterator[Experiment]:
    """The experiment; the same with its log-odds permuted over tokens; the same along a random direction, norm kept.

    The random direction is predicted by its own derivative, where that is known. An experiment that is a control
    already comes alone.
    """
    generator = np.random.default_rng(seed)
    direction = generator.standard_normal(experiment.vector.shape)
    direction *= np.linalg.norm(experiment.vector) / np.linalg.norm(direction)
    order = generator.permutation(experiment.model.vocab_size)
    subject = experiment.subject
    yield experiment
    if subject.control:
        return
    yield replace(
        experiment,
        subject=replace(subject, control="permuted_log_odds", kinds=subject.kinds - {"limit"}),
        baseline=permuted(experiment.baseline, order),
        text_baseline=experiment.text_baseline and permuted(experiment.text_baseline, order),
        limits=None,
    )
    own = own_prediction(experiment, direction)
    yield replace(experiment, subject=replace(subject, control="random_direction"), vector=direction, **own)


def own_prediction(experiment: Experiment, vector: Float[np.ndarray, " d"]) -> dict[str, Any]:
    """The baselines of an experiment along another vector: what it does to text is predicted by the same log-odds."""
    if experiment.along is None:
        return {}
    baseline, text = experiment.along(vector), experiment.text_baseline
    if experiment.with_geometry is not None:
        baseline = experiment.with_geometry(baseline, vector)
    moved = {"log_odds": baseline.log_odds, "logit_shift": baseline.logit_shift}
    return {"baseline": baseline, "text_baseline": text and replace(text, **moved)}


def observe(experiment: Experiment) -> Iterator[Observation]:
    """Sweep the next token of every context, the cross-entropy of the text, and the limits."""
    for work in works(experiment, {}):
        yield work.observe()


def works(
    experiment: Experiment,
    same: Mapping[Kind, Sweep],
    *,
    claims: Sequence[Claim] | None = None,
    curves: Callable[[Experiment], Curves | None] | None = None,
) -> Iterator[Work]:
    """What `observe` does, sweep by sweep; of that what the `claims` need.

    `same` are sweeps of the same model along the same vector: their summaries and their losses are taken over.
    """
    wanted, kinds = None if claims is None else wanted_for(claims, experiment.subject), experiment.subject.kinds

    def work(kind: Kind, baseline: Baseline | None, observe: Callable[..., Observation]) -> Work:
        names = None if wanted is None else wanted[kind]
        return Work(kind=kind, wanted=names, baseline=baseline, observe=partial(observe, wanted=names))

    if "next token" in kinds and (wanted is None or "next token" in wanted):
        known = None if curves is None else partial(curves, experiment)
        next_token = partial(observe_next, experiment, curves=known, summarised=same.get("next token"))
        yield work("next token", experiment.baseline, next_token)
    if experiment.text_strengths is not None and (wanted is None or "cross-entropy" in wanted):
        text = partial(observe_text, experiment, same.get("cross-entropy"))
        yield work("cross-entropy", experiment.text_baseline, lambda wanted: text())
    if experiment.limits is not None and (wanted is None or "limit" in wanted):
        limits = experiment.limits(experiment.vector)
        yield work("limit", replace(experiment.baseline, **limits), partial(observe_limit, experiment, limits))

    if experiment.texts is not None and (wanted is None or "texts" in wanted):
        yield work("texts", experiment.baseline, lambda wanted: observe_whole_texts(experiment))


def observe_whole_texts(experiment: Experiment) -> Observation:
    """Every text that can be written from each context, at every strength."""
    baseline, subject = experiment.baseline, experiment.subject
    assert baseline.writing is not None
    assert experiment.texts is not None
    sweep = observe_texts(
        experiment.model,
        subject.contexts,
        experiment.strengths,
        Steering(layer=subject.layer, vector=experiment.vector),
        baseline.writing,
        experiment.texts,
        rounding=experiment.rounding,
        attributes=_attributes(subject),
    )
    return Observation(subject=subject, kind="texts", baseline=baseline, sweep=sweep)


def observe_next(
    experiment: Experiment,
    *,
    curves: Known | None = None,
    summarised: Sweep | None = None,
    wanted: Collection[str] | None = None,
) -> Observation:
    """Sweep the next token of every context, off its `curves` where they are known already."""
    known = {"between": experiment.between, "curves": curves, "summarised": summarised, "wanted": wanted}
    sweep = _next_token(experiment, experiment.baseline, experiment.strengths, **known)
    return Observation(subject=experiment.subject, kind="next token", baseline=experiment.baseline, sweep=sweep)


def observe_text(experiment: Experiment, same: Sweep | None = None) -> Observation:
    """Sweep the cross-entropy of every segment; or take it from a sweep of the same model along the same vector."""
    subject, sweep = experiment.subject, same
    assert experiment.text_strengths is not None
    if sweep is None:
        sweep = observe_cross_entropy(
            experiment.model,  # pyright: ignore[reportArgumentType]
            experiment.segments,
            experiment.text_strengths,
            Steering(layer=subject.layer, vector=experiment.vector),
            weights=experiment.segment_weights,
            own=experiment.own,
            rounding=experiment.rounding,
        )
    sweep = Sweep(data=sweep.data.assign_attrs(_attributes(subject)))
    return Observation(subject=subject, kind="cross-entropy", baseline=experiment.text_baseline, sweep=sweep)


def observe_limit(experiment: Experiment, known: dict[str, Any], wanted: Collection[str] | None = None) -> Observation:
    """Steer as far as the limit is judged, either way; `known` are the baseline's limit fields.

    Observed is what is `wanted`: by default all that is ever asked of a sweep out there.
    """
    baseline = replace(experiment.baseline, **known)
    strengths = known["limit_strength"] * np.array([-1.0, 0.0, 1.0])
    sweep = _next_token(experiment, baseline, strengths, wanted=wanted_at_limits() if wanted is None else wanted)
    return Observation(subject=experiment.subject, kind="limit", baseline=baseline, sweep=sweep)


def _next_token(
    experiment: Experiment,
    baseline: Baseline,
    strengths: Float[np.ndarray, " strengths"],
    **known: Any,
) -> Sweep:
    if baseline.log_odds is None:
        raise ValueError(f"{experiment.subject.name}: an experiment needs the log-odds of its concept")
    return observe_next_token(
        experiment.model,
        experiment.subject.contexts,
        strengths,
        Steering(layer=experiment.subject.layer, vector=experiment.vector, positions=experiment.positions),
        Watched(
            tokens=choose_tokens(baseline.log_probs, baseline.log_odds, baseline.concepts, WATCHED),
            log_odds=baseline.log_odds,
            concepts=baseline.concepts,
            concept_names=experiment.subject.concept_names,
            other_vector=experiment.other_vector,
            tolerances=experiment.tolerances,
        ),
        rounding=experiment.rounding,
        attributes=_attributes(experiment.subject),
        **known,
    )


def _attributes(subject: Subject) -> dict[str, Any]:
    names = ("model", "instance", "control", "concept", "push")
    return {name: getattr(subject, name) for name in names}
