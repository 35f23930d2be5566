"""One result file of the paper's own code: which kind it is, its arrays, and what its record says of them.

`layer_i_ctx_j.npz` holds next-token probabilities; `layer_i_behavior.npz` and `layer_i_concept_probs.npz` what a judge
said of the completions of each context; `layer_i_cross_entropy.npz` cross-entropies; `log_odds_topk.npz` log-odds and
`layer_i_mmlu.json` task scores. Files are told by what they hold, not by their names. Nothing pickled is ever loaded:
words, which are, come from a tokenizer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from numerics.bands.band import check_strengths
from numerics.files.npz import npz_names, read_npz
from numerics.files.text import parse_json, read_json

Kind = Literal["next token", "judged", "cross-entropy", "log-odds", "scores"]

ARRAYS: dict[Kind, tuple[str, ...]] = {
    "next token": ("probs_alphamax", "probs_alphamin", "token_alphamax", "token_alphamin", "alphas"),
    "judged": ("p1_by_ctx", "alphas"),
    "cross-entropy": ("delta_cross_entropy", "cross_entropy", "alphas"),
    "log-odds": ("log_odds", "token_ids"),
    "scores": ("overall_scores", "alphas"),
}
"""By the first of these a file is told; it needs the others."""

OPTIONAL = ("ctx_is_positive", "meta")
PATTERNS = ("layer_*.npz", "layer_*_mmlu.json", "log_odds_topk.npz")
DEPTHS = ("", "*/", "*/*/")
"""Where in a directory: beside each other, by concept, by model and concept."""

LONGEST = 200
"""Characters of a name that are kept."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ResultFile:
    """A file's kind, arrays and record; `model` and `concept` as the record names them, None where it is silent."""

    path: Path
    kind: Kind
    arrays: dict[str, np.ndarray]
    meta: dict[str, Any] = field(default_factory=dict)
    model: str | None = None
    concept: str | None = None
    layer: int | None = None
    context: int | None = None

    @property
    def strengths(self) -> Float[np.ndarray, " strengths"]:
        """The strengths alpha, ascending, float64."""
        return self.arrays["alphas"].astype(np.float64)


def is_results(path: Path) -> bool:
    """Whether a target is a result file of the reference implementation, or a directory of them."""
    return next(_files(path), None) is not None if path.is_dir() else path.suffix in (".npz", ".json")


def result_files(path: Path) -> list[Path]:
    """The result files that a target names, also those of its directories of models and concepts."""
    return sorted(set(_files(path)), key=_natural) if path.is_dir() else [path]


def read_result_file(path: Path) -> ResultFile:
    """Read one file; bad ones are a `ValueError` that names it."""
    held = _json(path) if path.suffix == ".json" else read_npz(path, {*sum(ARRAYS.values(), ()), *OPTIONAL})
    kind: Kind | None = next((kind for kind, names in ARRAYS.items() if names[0] in held), None)
    if kind is None:
        got = list(map(ascii, list(held)[:8])) if path.suffix == ".json" else npz_names(path)
        raise ValueError(
            f"{path}: holds none of {', '.join(names[0] for names in ARRAYS.values())}, by which the reference "
            f"implementation's results are told; got {', '.join(got) or 'nothing'}"
        )
    try:
        arrays = {name: _numbers(held, name) for name in ARRAYS[kind]}
        arrays |= {name: _numbers(held, name) for name in OPTIONAL if name in held and name != "meta"}
        _check_shapes(kind, arrays)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return ResultFile(path=path, kind=kind, arrays=arrays, **_record(held.get("meta"), path))


def _json(path: Path) -> dict[str, Any]:
    held = read_json(path)
    if not isinstance(held, dict):
        raise ValueError(f"{path}: expected a JSON object with alphas, overall_scores, got a {type(held).__name__}")
    return held


def _numbers(held: dict[str, Any], name: str) -> np.ndarray:
    if name not in held:
        raise ValueError(f"lacks {name}; the file is not whole")
    try:
        array = np.asarray(held[name])
    except ValueError:  # rows of several lengths
        raise ValueError(f"{name} must be a table of real numbers") from None
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be real numbers, got dtype {array.dtype.name}")
    return array


def _check_shapes(kind: Kind, arrays: dict[str, np.ndarray]) -> None:
    """Each array has the shape that the strengths and tokens give it, and numbers that can be what they stand for."""
    if "alphas" in arrays:
        check_strengths(arrays["alphas"].astype(np.float64), least=3)
    expected: dict[str, tuple[int, ...]] = {}
    match kind:
        case "next token":
            for end in ("alphamax", "alphamin"):
                ids = _check_ids(arrays, f"token_{end}")
                expected[f"probs_{end}"] = (arrays["alphas"].size, ids)
        case "judged":
            contexts = len(np.atleast_1d(arrays["p1_by_ctx"]))
            expected = {"p1_by_ctx": (contexts, arrays["alphas"].size), "ctx_is_positive": (contexts,)}
        case "cross-entropy":
            expected = dict.fromkeys(("delta_cross_entropy", "cross_entropy"), arrays["alphas"].shape)
        case "log-odds":
            expected = {"log_odds": (_check_ids(arrays, "token_ids"),)}
    for name, shape in expected.items():
        if name in arrays and arrays[name].shape != shape:
            raise ValueError(f"{name} has shape {arrays[name].shape}, expected {shape}")
    for name in ("probs_alphamax", "probs_alphamin", "p1_by_ctx"):
        if name in arrays and not _proportions(arrays[name], missing=name == "p1_by_ctx"):
            raise ValueError(f"{name} must lie between 0 and 1")
    for name in ("delta_cross_entropy", "cross_entropy", "log_odds"):
        if name in arrays and not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} holds a value that is not a number or not finite")


def _check_ids(arrays: dict[str, np.ndarray], name: str) -> int:
    """The number of tokens; their ids are whole numbers, none twice."""
    ids = arrays[name]
    if ids.ndim != 1 or ids.dtype.kind not in "iu" or ids.size == 0 or ids.min() < 0:
        raise ValueError(f"{name} must be ids of tokens, got dtype {ids.dtype.name} of shape {ids.shape}")
    if np.unique(ids).size < ids.size:
        raise ValueError(f"{name} names a token twice")
    return ids.size


def _proportions(values: np.ndarray, *, missing: bool) -> bool:
    seen = values[~np.isnan(values)] if missing and values.dtype.kind == "f" else values
    return bool(((seen >= 0) & (seen <= 1)).all())


def _record(meta: Any, path: Path) -> dict[str, Any]:
    """Model, concept, layer and context, from the file's own record or, where that is silent, from its name."""
    known = {} if meta is None else parse_json(str(meta), f"{path}: meta")
    if not isinstance(known, dict):
        raise ValueError(f"{path}: meta is a {type(known).__name__}, expected a JSON object")
    named = re.match(r"layer_(?P<layer>[0-9]{1,6})(?:_ctx_(?P<context>[0-9]{1,6}))?", path.name)
    numbers = {} if named is None else {key: int(value) for key, value in named.groupdict().items() if value}
    layer = known.get("layer_idx", numbers.get("layer"))
    if layer is not None and (not isinstance(layer, int) or isinstance(layer, bool) or layer < 0):
        raise ValueError(f"{path}: meta: layer_idx is {ascii(layer)[:40]}, expected the number of a block")
    names = {}
    for name in ("model", "concept"):
        value = known.get(name)
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{path}: meta: {name} is a {type(value).__name__}, expected text")
        names[name] = _plain(value) if value else None
    return {"meta": known, "layer": layer, "context": numbers.get("context"), **names}


def _plain(text: str) -> str:
    """Text as one printable line of bounded length."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:LONGEST])


def _files(directory: Path) -> Iterator[Path]:
    for depth in DEPTHS:
        for pattern in PATTERNS:
            yield from directory.glob(depth + pattern)


def _natural(path: Path) -> tuple[Any, ...]:
    """By directory, then by the numbers in the name."""
    parts = re.split(r"([0-9]+)", path.name)
    return path.parent, [(int(part), "") if n % 2 else (-1, part) for n, part in enumerate(parts)]
