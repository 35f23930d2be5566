"""What was observed as the result files of the paper's own code, which its plots and `steerlaw verify` read.

    layer_i_ctx_j.npz            probabilities of the tokens that lead at either end of the grid, after context j
    log_odds_topk.npz            log-odds of every token, the largest first
    layer_i_cross_entropy.npz    cross-entropy of text, its change from strength 0, perplexity
    layer_i_concept_probs.npz    how often the texts after each prompt show the concept

Texts of tokens are stored as plain strings, never pickled. `meta` is the record in JSON.
"""

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int

from numerics.files.atomic import write_atomically
from numerics.observing.curves.loading import curves_of
from real_models.text_curves.curve import TextCurve
from real_models.texts.prompts import slug
from steerlaw.inputs.subjects import Observation

LEADING = 100
"""Tokens that are kept of each end of the grid."""


def write_observation(
    observation: Observation, directory: Path, *, positions: Literal["all", "last"] = "all"
) -> list[Path]:
    """Write the files of one observation; none where the layout has no place for its kind.

    `positions` of the contexts were steered.
    """
    if observation.kind == "next token":
        return [*_log_odds(observation, directory), *_next_token(observation, directory, positions == "last")]
    if observation.kind == "cross-entropy":
        return [_cross_entropy(observation, directory)]
    return []


def write_texts(curve: TextCurve, directory: Path, *, model: str, concept: str, layer: int) -> Path:
    """Write how often the texts of each prompt show the concept, by each prompt's own reweighted texts.

    Strengths at which the curve is not to be trusted are NaN, an answer that is missing.
    """
    by_prompt = np.where(curve.reliable, curve.by_prompt(), np.nan)
    mean = np.where(curve.reliable, curve.values, np.nan)
    each = len(curve.texts) // len(by_prompt)
    arrays = {
        "alphas": curve.strengths,
        "p1_by_ctx": by_prompt,
        "ctx_is_positive": np.zeros(len(by_prompt), np.int8),
        "mean_all": mean,
        "mean_negative": mean,
    }
    record = _record(model, concept, layer) | {"n_samples_per_context": each, "judge": {"aggregation": "mean"}}
    return _write(directory / f"layer_{layer}_concept_probs.npz", arrays, record)


def _next_token(observation: Observation, directory: Path, last: bool) -> Iterable[Path]:
    sweep, subject = observation.sweep, observation.subject
    for context in range(sweep.data.sizes["context"]):
        arrays: dict[str, Any] = {"alphas": sweep.strengths}
        for end, name in (("end", "alphamax"), ("start", "alphamin")):
            ids, log_probs = _leading(observation, context, end)
            arrays[f"probs_{name}"] = np.exp(log_probs).astype(np.float32)
            arrays[f"token_{name}"] = ids.astype(np.int32)
            if subject.token_text is not None:
                arrays[f"token_strs_{name}"] = np.array([subject.token_text(token) for token in ids.tolist()], str)
        record = _known(observation) | {"apply_last_token_only": last}
        yield _write(directory / f"layer_{subject.layer}_ctx_{context}.npz", arrays, record)


def _leading(
    observation: Observation, context: int, end: str
) -> tuple[Int[np.ndarray, " tokens"], Float[np.ndarray, "strengths tokens"]]:
    """The likeliest tokens at an end of the grid, of the whole vocabulary where curves of it are known, or watched."""
    sweep, data = observation.sweep, observation.sweep.data
    watched = data["token"].to_numpy() if "token" in data else np.zeros(0, np.int64)
    if end in data and sweep.nodes is not None:
        ids = _largest(data[end].isel(context=context).to_numpy())
        try:
            return ids, curves_of(sweep.nodes)[context].log_probs(sweep.strengths, ids)
        except ValueError:  # an unembedding too large to be stored: what was watched is known all the same
            pass
    table = data["log_probability"].isel(context=context).transpose("strength", "token").to_numpy()
    order = _largest(table[-1 if end == "end" else 0])
    return watched[order], table[:, order]


def _largest(values: Float[np.ndarray, " tokens"]) -> Int[np.ndarray, " leading"]:
    return np.argsort(-values, kind="stable")[:LEADING]


def _log_odds(observation: Observation, directory: Path) -> Iterable[Path]:
    """Per unit of strength, as what predicts has them."""
    if observation.baseline is None or observation.baseline.log_odds is None:
        return
    log_odds = observation.baseline.log_odds
    order = np.argsort(-log_odds, kind="stable")
    arrays = {"token_ids": order.astype(np.int32), "log_odds": log_odds[order]}
    yield _write(directory / "log_odds_topk.npz", arrays, _known(observation))


def _cross_entropy(observation: Observation, directory: Path) -> Path:
    strengths, sweep = observation.sweep.strengths, observation.sweep
    values, _, share = sweep.cross_entropy()
    mean = (values * share).sum("segment").transpose("strength").to_numpy()
    arrays = {
        "alphas": strengths,
        "cross_entropy": mean,
        "perplexity": np.exp(mean),
        "delta_cross_entropy": mean - mean[int(np.argmin(np.abs(strengths)))],
    }
    record = _known(observation) | {"apply_last_token_only": False}
    record |= {"data": "own"} if sweep.attributes.get("data") == "own" else {}
    return _write(directory / f"layer_{observation.subject.layer}_cross_entropy.npz", arrays, record)


def _known(observation: Observation) -> dict[str, Any]:
    subject = observation.subject
    return _record(subject.name, subject.concept or "", subject.layer)


def _record(model: str, concept: str, layer: int | None) -> dict[str, Any]:
    return {"model": model, "concept": concept, "concept_slug": slug(concept), "layer_idx": layer}


def _write(path: Path, arrays: dict[str, Any], record: dict[str, Any]) -> Path:
    held = io.BytesIO()
    save: Any = np.savez_compressed
    save(held, **arrays, meta=np.array(json.dumps(record, ensure_ascii=False)))
    write_atomically(path, held.getvalue())
    return path
