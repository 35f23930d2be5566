"""A real language model: one experiment a layer, with everything that is known of it before steering."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import log_softmax

from numerics.bands.band import calibrate
from numerics.baseline import Baseline
from numerics.closed_forms.last_block import logit_curvature
from numerics.observing.grids import strength_grid
from real_models import LanguageModel, approach, limit_logits, with_random_weights
from real_models.steering.sphere import sphere_of
from steerlaw.experiments.experiment import Experiment, Grid
from steerlaw.inputs.concept import Concept
from steerlaw.inputs.subjects import Subject

Positions = Literal["all", "last"]

REACH = 8.0
"""Largest alpha |v| / |h|: far enough that the vector drowns the residual it is added to."""
CALIBRATED = 9
"""Strengths at which the model is also run in float64, to measure its rounding."""
TEXT_BASELINE = 2**32
"""Largest table of unsteered laws, one a predicted token of text, in bytes, that is computed and kept."""
LIMIT_TOLERANCE = 4e-4
"""The limit is observed where its proved remainder is this many logits: below half the default tolerance."""


def language_experiments(
    model: LanguageModel,
    exact: LanguageModel,
    concept: Concept,
    grid: Grid,
    seed: int = 0,
    *,
    positions: Positions = "all",
) -> Iterator[Experiment]:
    """One experiment a layer of the concept's vectors; `exact` is the same model in float64, to measure rounding.

    Then a control: the middle one of these layers of a model of random weights, along the same vector, with |v|/|h| as
    in the model itself, predicted by its own local log-odds. `seed` draws the weights. Where only the last of the
    `positions` is steered no limit is known: what is proved of the tail is proved of prompts steered throughout.
    """
    yield from _experiments(model, exact, concept, grid, positions)
    layers = list(concept.vectors)
    layer, contexts = layers[len(layers) // 2], [model.encode(text) for text in concept.contexts]
    random, exact = (with_random_weights(m, seed) for m in (model, exact))
    vector = np.array(concept.vectors[layer], np.float64)
    vector *= _push(model, contexts, layer, vector) / _push(random, contexts, layer, vector)
    control = replace(concept, vectors={layer: vector}, log_odds=None, segments=None)
    for experiment in _experiments(random, exact, control, grid, positions):
        yield replace(experiment, subject=replace(experiment.subject, control="random_weights"))


def _experiments(
    model: LanguageModel, exact: LanguageModel, concept: Concept, grid: Grid, positions: Positions
) -> Iterator[Experiment]:
    contexts = [model.encode(text) for text in concept.contexts]
    log_probs = log_softmax(np.stack([np.asarray(exact.position_logits(c))[-1] for c in contexts]), axis=1)
    unsteered = None if concept.segments is None else _unsteered(exact, concept.segments)
    for layer, vector in concept.vectors.items():
        vector = np.asarray(vector, np.float64)
        push = _push(model, contexts, layer, vector)
        strengths = strength_grid(REACH / push, grid.count, dense=True) if grid.strengths is None else grid.strengths
        along = partial(_known_along, exact, contexts, layer, log_probs, concept.targets, positions)
        geometry = None
        if layer == exact.n_layers - 1 and exact.spec.logit_cap is None:
            geometry = partial(_into_the_norm, exact, contexts)
        baseline = along(vector) if geometry is None else geometry(along(vector), vector)
        if concept.log_odds is not None and baseline.local_log_odds is not None:
            log_odds = scaled_log_odds(concept.log_odds, np.asarray(baseline.local_log_odds), log_probs)
            baseline = replace(baseline, log_odds=log_odds, logit_shift=log_odds)
        experiment = Experiment(
            subject=Subject(
                model=model.name,
                layer=layer,
                concept=concept.name,
                concept_names=() if concept.targets is None else (concept.name,),
                contexts=contexts,
                kinds=frozenset({"next token", "limit"} if positions == "all" else {"next token"}),
                push=push,
                token_text=model.tokenizer and (lambda token: model.tokenizer.decode([token])),
            ),
            model=model,
            vector=vector,
            baseline=baseline,
            strengths=strengths,
            between=grid.between,
            rounding=_rounding(model, exact, contexts[0], strengths, layer, vector, positions),
            limits=partial(_limits, exact, contexts, layer) if positions == "all" else None,
            along=along,
            with_geometry=geometry,
            residuals=partial(_residuals, model, contexts, layer),
            positions=positions,
        )
        yield experiment if concept.segments is None else _with_text(experiment, unsteered, concept.segments, grid)


def _known_along(
    exact: LanguageModel,
    contexts: Sequence[Sequence[int]],
    layer: int,
    log_probs: Float[np.ndarray, "contexts vocab"],
    targets: Bool[np.ndarray, " vocab"] | None,
    positions: Positions,
    vector: Float[np.ndarray, " d"],
) -> Baseline:
    """All that is known before steering along a vector, its log-odds the mean of the contexts' own derivatives."""
    local = _local_log_odds(exact, contexts, layer, vector, positions)
    log_odds = local.mean(axis=0)
    return Baseline(
        log_probs=log_probs,
        log_odds=log_odds,
        weights=np.full(len(contexts), 1 / len(contexts)),
        concepts=None if targets is None else targets[None],
        logit_shift=log_odds,
        local_log_odds=local,
        facts=frozenset({"pre_norm"} if exact.spec.pre_norm else ()),
    )


def _with_text(experiment: Experiment, unsteered: np.ndarray | None, segments: Any, grid: Grid) -> Experiment:
    """The experiment with segments of text, every predicted position of which is a context of its own."""
    strengths = experiment.strengths
    return replace(
        experiment,
        subject=replace(experiment.subject, kinds=experiment.subject.kinds | {"cross-entropy"}),
        segments=segments,
        segment_weights=np.array([len(segment) - 1.0 for segment in segments]),
        text_baseline=None if unsteered is None else _text_baseline(experiment.baseline, unsteered, segments),
        text_strengths=(
            strength_grid(float(strengths[-1]), grid.text_count, dense=True) if grid.strengths is None else strengths
        ),
    )


def _unsteered(exact: LanguageModel, segments: Any) -> Float[np.ndarray, "predicted vocab"] | None:
    """The laws of the predicted tokens, segment after segment, the same at every layer; None beyond `TEXT_BASELINE`."""
    counts = [len(segment) - 1 for segment in segments]
    if 8 * sum(counts) * exact.vocab_size > TEXT_BASELINE:
        return None
    log_probs = np.empty((sum(counts), exact.vocab_size))
    done = 0
    for segment, count in zip(segments, counts, strict=True):
        log_probs[done : done + count] = log_softmax(np.asarray(exact.position_logits(segment))[:-1], axis=1)
        done += count
    return log_probs


def _text_baseline(baseline: Baseline, unsteered: Float[np.ndarray, "predicted vocab"], segments: Any) -> Baseline:
    """What is known of the predicted tokens, segment after segment, each of the same weight."""
    return replace(
        baseline,
        log_probs=unsteered,
        data=np.concatenate([np.asarray(segment)[1:] for segment in segments]),
        weights=np.full(len(unsteered), 1 / len(unsteered)),
        concepts=None,
        local_log_odds=None,
        sphere=None,
        logit_curvature=None,
    )


def _push(model: LanguageModel, contexts: Sequence[Sequence[int]], layer: int, vector: np.ndarray) -> float:
    """|v| / |h|, with |h| averaged over the contexts' last positions."""
    norms = np.linalg.norm(_residuals(model, contexts, layer), axis=1)
    return float(np.linalg.norm(vector)) / float(np.mean(norms))


def _residuals(model: LanguageModel, contexts: Sequence[Sequence[int]], layer: int) -> Float[np.ndarray, "contexts d"]:
    """The unsteered residual at each context's last position."""
    return np.stack([np.asarray(model.residual(tokens, layer))[-1] for tokens in contexts]).astype(np.float64)


def _rounding(
    model: LanguageModel,
    exact: LanguageModel,
    tokens: Sequence[int],
    strengths: Float[np.ndarray, " strengths"],
    layer: int,
    vector: Float[np.ndarray, " d"],
    positions: Positions,
) -> float:
    """Rounding factor of the model's logits, measured against float64 at a few strengths of one context."""
    few = strengths[np.linspace(0, len(strengths) - 1, CALIBRATED).round().astype(int)]
    low, high = (
        np.asarray(m.logits(tokens, few, layer=layer, vector=vector, positions=positions)) for m in (model, exact)
    )
    return calibrate(low, high, scale=np.abs(high).max(axis=1, keepdims=True))


def _local_log_odds(
    exact: LanguageModel,
    contexts: Sequence[Sequence[int]],
    layer: int,
    vector: Float[np.ndarray, " d"],
    positions: Positions,
) -> Float[np.ndarray, "contexts vocab"]:
    """The exact derivative of each context's logits at strength 0."""
    slopes = partial(exact.derivative, strengths=np.zeros(1), layer=layer, vector=vector, positions=positions)
    return np.stack([np.asarray(slopes(c))[0] for c in contexts])


def scaled_log_odds(
    measured: Float[np.ndarray, " vocab"],
    local: Float[np.ndarray, "contexts vocab"],
    log_probs: Float[np.ndarray, "contexts vocab"],
) -> Float[np.ndarray, " vocab"]:
    """Measured log-odds per unit of strength: with the variance, under the unsteered laws, that local ones have."""
    probs = np.exp(log_probs)

    def variance(odds: Float[np.ndarray, "#contexts vocab"]) -> float:
        means = (probs * odds).sum(axis=1, keepdims=True)
        return float((probs * (odds - means) ** 2).sum(axis=1).mean())

    if np.ptp(measured) == 0:
        return measured
    return measured * np.sqrt(variance(local) / variance(measured[None]))


def _into_the_norm(
    exact: LanguageModel, contexts: Sequence[Sequence[int]], baseline: Baseline, vector: np.ndarray
) -> Baseline:
    """What is known, too, where only the final normalisation follows: its geometry, how sharply the logits bend."""
    sphere = sphere_of(exact, contexts, vector)
    curvature = logit_curvature(sphere)
    return replace(
        baseline,
        sphere=sphere,
        logit_curvature=curvature if np.isfinite(curvature) else None,
        facts=baseline.facts | {"final_norm"},
    )


def _limits(exact: LanguageModel, contexts: Sequence[Sequence[int]], layer: int, vector: np.ndarray) -> dict[str, Any]:
    """The baseline's limit fields, true for all contexts at once."""
    plus, minus = limit_logits(exact, vector)
    tail = approach(exact, contexts, layer, vector)
    strength = tail.strength(LIMIT_TOLERANCE)
    return {
        "limit_logits": np.stack([minus, plus]),
        "limit_strength": strength,
        "limit_remainder": tail.remainder(strength),
    }
