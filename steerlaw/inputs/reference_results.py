"""Results of the paper's own code, read as bands.

`layer_i_ctx_j.npz` holds next-token probabilities; `layer_i_behavior.npz` and `layer_i_concept_probs.npz` whether a
judge found the concept in the completions of each context; `layer_i_cross_entropy.npz` cross-entropies;
`log_odds_topk.npz` log-odds and `layer_i_mmlu.json` task scores, of which no law speaks by itself. Files are told by
what they hold, not by their names. Nothing pickled is ever loaded: object arrays are passed over.
"""

import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from numerics.bands.band import check_strengths
from numerics.bands.evidence import Evidence
from numerics.bands.intervals import bounded_mean_band
from numerics.bands.measured import observed_bounds
from theory.quantities import CONCEPT_LOGIT, CROSS_ENTROPY_CHANGE, LOG_PROBABILITY, Quantity

SCORES = ("alphas", "overall_scores")


@dataclass(frozen=True, kw_only=True, eq=False)
class ResultCurves:
    """Curves of one quantity from one file: bounds `[strengths, curves]` in its unit, and what each curve is of."""

    quantity: Quantity
    strengths: Float[np.ndarray, " strengths"]
    lower: Float[np.ndarray, "strengths curves"]
    upper: Float[np.ndarray, "strengths curves"]
    evidence: Evidence
    labels: Sequence[dict[str, Any]]
    note: str = ""
    subject: dict[str, Any] = field(default_factory=dict)


def is_results(path: Path) -> bool:
    """Whether a target is a result file of the reference implementation, or a directory of them."""
    return bool(_files(path)) if path.is_dir() else path.suffix in (".npz", ".json")


def result_files(path: Path) -> list[Path]:
    """The result files a target names."""
    return _files(path) if path.is_dir() else [path]


def read_results(path: Path, *, level: float = 0.05) -> list[ResultCurves]:
    """The curves of one file; none where it holds only what no law speaks of. Bad files are a `ValueError`.

    Judged proportions get simultaneous bounds at `level`, contexts being the replicates and missing answers counted
    against both bounds; computed curves the rounding of their dtype.
    """
    held = _held(path)
    held = {**held, "meta": _meta(held, path)}
    try:
        if "probs_alphamax" in held:
            return _next_token(held)
        if "p1_by_ctx" in held:
            return _judged(held, level)
        if "delta_cross_entropy" in held:
            return _cross_entropy(held)
        if "log_odds" in held:
            _columns(held, "log_odds", np.asarray(_need(held, "token_ids")).shape)
            return []
        if "overall_scores" in held:
            _alphas(held)
            return []
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    raise ValueError(
        f"{path}: holds none of probs_alphamax, p1_by_ctx, delta_cross_entropy, log_odds, overall_scores, by which "
        f"the reference implementation's results are told; got {', '.join(sorted(held)) or 'nothing'}"
    )


def _next_token(held: dict[str, Any]) -> list[ResultCurves]:
    """The tokens that lead at either end of the grid, each once."""
    strengths = _alphas(held)
    tables, tokens = [], []
    for end in ("alphamax", "alphamin"):
        ids = np.asarray(_need(held, f"token_{end}"))
        tables.append(_columns(held, f"probs_{end}", (len(strengths), ids.size)))
        tokens.append(ids.ravel())
    ids, first = np.unique(np.concatenate(tokens), return_index=True)
    probabilities = _proportions(np.concatenate(tables, axis=1)[:, first], "probs_alphamax and probs_alphamin")
    bounds = observed_bounds(LOG_PROBABILITY, strengths, probabilities, None, None, scale="probability")
    return [
        ResultCurves(
            quantity=LOG_PROBABILITY,
            strengths=strengths,
            lower=bounds.lower,
            upper=bounds.upper,
            evidence="deterministic",
            labels=[{"token": {"id": int(token), "text": ""}} for token in ids],
            note=f"{bounds.note}; of tokens chosen because they lead at an end of the sweep",
            subject=held["meta"],
        )
    ]


def _judged(held: dict[str, Any], level: float) -> list[ResultCurves]:
    """The mean over all contexts and over those of either kind: the concept's probability as a judge found it."""
    strengths = _alphas(held)
    contexts = len(np.atleast_1d(_need(held, "p1_by_ctx")))
    found = _proportions(_columns(held, "p1_by_ctx", (contexts, len(strengths))), "p1_by_ctx", missing=True)
    groups = {"all": np.ones(len(found), bool)}
    if "ctx_is_positive" in held:
        positive = _columns(held, "ctx_is_positive", (len(found),))
        groups |= {"positive": positive == 1, "negative": positive == 0}
    curves = []
    for name, chosen in groups.items():
        if not chosen.any():
            continue
        low, high = bounded_mean_band(found[chosen], level=level)
        bounds = observed_bounds(
            CONCEPT_LOGIT, strengths, (low + high) / 2, low, high, level=level, scale="probability"
        )
        note = f"share of {chosen.sum()} contexts ({name}) in whose completions a judge found the concept"
        curves.append(
            ResultCurves(
                quantity=CONCEPT_LOGIT,
                strengths=strengths,
                lower=bounds.lower,
                upper=bounds.upper,
                evidence="statistical",
                labels=[{}],
                note=f"{note}; {bounds.note}",
                subject=held["meta"],
            )
        )
    return curves


def _cross_entropy(held: dict[str, Any]) -> list[ResultCurves]:
    """The change counted from strength 0, as uncertain as the cross-entropies it is the difference of."""
    strengths = _alphas(held)
    change = _columns(held, "delta_cross_entropy", strengths.shape)
    whole = _columns(held, "cross_entropy", strengths.shape)
    bounds = observed_bounds(CROSS_ENTROPY_CHANGE, strengths, whole, None, None)
    halfwidth = (bounds.upper - bounds.lower)[:, 0] * (strengths != 0)
    change = change.astype(np.float64)
    return [
        ResultCurves(
            quantity=CROSS_ENTROPY_CHANGE,
            strengths=strengths,
            lower=(change - halfwidth)[:, None],
            upper=(change + halfwidth)[:, None],
            evidence="deterministic",
            labels=[{}],
            subject=held["meta"],
        )
    ]


def _held(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if path.suffix == ".json":
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path}: not JSON ({error}); expected the reference implementation's scores") from error
        if not isinstance(held, dict):
            raise ValueError(f"{path}: expected a JSON object with {', '.join(SCORES)}, got a {type(held).__name__}")
        return held
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(_arrays(file))
    except (zipfile.BadZipFile, ValueError, EOFError, OSError) as error:
        raise ValueError(
            f"{path}: not an .npz file that can be read; expected arrays written by numpy.savez"
        ) from error


def _arrays(file: Any) -> Iterator[tuple[str, np.ndarray]]:
    """What can be read without unpickling."""
    for name in file.files:
        try:
            yield name, file[name]
        except ValueError as error:
            if "pickle" not in str(error):
                raise


def _meta(held: dict[str, Any], path: Path) -> dict[str, Any]:
    """Layer, context and concept, from the file's own record or, where that is silent, from its name."""
    known = {}
    if "meta" in held:
        try:
            known = json.loads(str(held["meta"]))
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}: meta is not JSON ({error})") from error
    named = re.match(r"layer_(?P<layer>\d+)(?:_ctx_(?P<context>\d+))?", path.name)
    numbers = {} if named is None else {key: int(value) for key, value in named.groupdict().items() if value}
    concept = known.get("concept") if isinstance(known, dict) else None
    layer = known.get("layer_idx", numbers.get("layer")) if isinstance(known, dict) else numbers.get("layer")
    return {"layer": layer, "context": numbers.get("context"), "concept": concept}


def _need(held: dict[str, Any], name: str) -> Any:
    if name not in held:
        raise ValueError(f"lacks {name}; got {', '.join(sorted(set(held) - {'meta'}))}")
    return held[name]


def _alphas(held: dict[str, Any]) -> Float[np.ndarray, " strengths"]:
    strengths = _numbers(_need(held, "alphas"), "alphas").astype(np.float64)
    check_strengths(strengths, least=3)
    return strengths


def _columns(held: dict[str, Any], name: str, shape: tuple[int, ...]) -> np.ndarray:
    values = _numbers(_need(held, name), name)
    if values.shape != shape:
        raise ValueError(f"{name} has shape {values.shape}, expected {shape}")
    return values


def _numbers(values: Any, name: str) -> np.ndarray:
    array = np.asarray(values)
    if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        raise ValueError(f"{name} must be real numbers, got dtype {array.dtype}")
    return array


def _proportions(values: np.ndarray, name: str, *, missing: bool = False) -> np.ndarray:
    seen = values[~np.isnan(values)] if missing else values
    if not ((seen >= 0) & (seen <= 1)).all():
        raise ValueError(f"{name} must lie between 0 and 1")
    return values


def _files(directory: Path) -> list[Path]:
    found = [*directory.glob("layer_*.npz"), *directory.glob("layer_*_mmlu.json"), *directory.glob("log_odds_topk.npz")]
    return sorted(found)
