"""Results of the paper's own code as bands of curves, and whose they are; what laws say of them is judged elsewhere."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from numerics.bands.evidence import Evidence
from numerics.bands.intervals import bounded_mean_band
from numerics.bands.measured import observed_bounds
from numerics.baseline import Baseline
from steerlaw.inputs.precision import ROUNDINGS, Precision, check_precision, log_probability_error, mean_error
from steerlaw.inputs.reference_files import ResultFile, read_result_file, result_files
from steerlaw.inputs.reference_notes import completions, file_notes, is_any_of, one_sided
from steerlaw.inputs.saved_tokens import SavedDistribution, TokenCurves, saved_distributions
from theory.quantities import (
    CONCEPT_LOGIT,
    CROSS_ENTROPY_CHANGE,
    LOG_PROBABILITY,
    LOG_RATIO,
    MEAN_LOG_ODDS,
    Quantity,
)


@dataclass(frozen=True, kw_only=True)
class Steered:
    """Which model was steered, towards which concept and at the output of which block; None where nothing says so.

    `directory` tells apart results of the same name that were found in several places; "" where there is one.
    """

    model: str
    concept: str | None
    layer: int | None
    directory: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class ResultCurves:
    """Curves of one quantity: bounds `[strengths, curves]` in its unit, and what each curve is of.

    `tokens` are the vocabulary ids of the curves, where there is one a token; `part` is which contexts a mean is over.
    With a `baseline` the curves are of the distribution that it is of, and a prediction from it may be off by `slack`.
    Of curves that are `shape_only` a value means nothing, only how they rise and fall.
    """

    steered: Steered
    quantity: Quantity
    strengths: Float[np.ndarray, " strengths"]
    lower: Float[np.ndarray, "strengths curves"]
    upper: Float[np.ndarray, "strengths curves"]
    evidence: Evidence = "deterministic"
    context: int | None = None
    part: str = ""
    tokens: Int[np.ndarray, " curves"] | None = None
    baseline: Baseline | None = None
    slack: Float[np.ndarray, " strengths"] | float = 0.0
    shape_only: bool = False
    notes: tuple[str, ...] = ()


def read_results(target: str | Path, *, level: float = 0.05, dtype: str | None = None) -> list[ResultCurves]:
    """The curves of a result file, or of all of a directory and of its directories of models and concepts.

    Judged proportions get simultaneous bounds at `level`, contexts being the replicates and missing answers counted
    against both bounds; computed curves the rounding of `dtype`: tf32, which the reference implementation allows and
    which is the default, float32 or bfloat16. Token curves that have log-odds beside them are given as the distribution
    of the saved tokens. A bad file is a `ValueError` that names it; files that no law speaks of give no curves.
    """
    precision = check_precision(dtype)
    files = [read_result_file(path) for path in result_files(Path(target))]
    owners = _owners(files)
    odds: dict[tuple[str, str | None], list[ResultFile]] = defaultdict(list)
    for file, steered in zip(files, owners, strict=True):
        if file.kind == "log-odds":
            odds[steered.model, steered.concept].append(file)
    tokens: dict[tuple[Steered, bytes], list[ResultFile]] = defaultdict(list)
    found: list[ResultCurves] = []
    for file, steered in zip(files, owners, strict=True):
        if file.kind == "next token":
            tokens[steered, file.strengths.tobytes()].append(file)
        elif file.kind == "judged":
            found += _judged(file, steered, level)
        elif file.kind == "cross-entropy":
            found.append(_cross_entropy(file, steered, precision))
    for (steered, _), group in tokens.items():
        beside = odds[steered.model, steered.concept]
        own = [file for file in beside if file.path.parent == group[0].path.parent] or beside
        found += _next_token(group, steered, own[0] if len(own) == 1 else None, precision)
    return found


def _owners(files: Sequence[ResultFile]) -> list[Steered]:
    """Whose each file is: by its record, or its directory; where two files claim the same place, by both."""
    found = [
        Steered(model=file.model or str(file.path.parent), concept=file.concept, layer=file.layer) for file in files
    ]
    places: dict[tuple, set[Path]] = defaultdict(set)
    for file, steered in zip(files, found, strict=True):
        places[steered.model, steered.concept, file.kind, file.layer, file.context].add(file.path.parent)
    twice = {key[:2] for key, parents in places.items() if len(parents) > 1}
    return [
        Steered(model=s.model, concept=s.concept, layer=s.layer, directory=str(file.path.parent))
        if (s.model, s.concept) in twice
        else s
        for file, s in zip(files, found, strict=True)
    ]


def _next_token(
    files: Sequence[ResultFile], steered: Steered, odds: ResultFile | None, precision: Precision
) -> Iterator[ResultCurves]:
    """The curves of the tokens that lead at either end of the grid, each once; with log-odds, what they tilt."""
    strengths, curves = files[0].strengths, [_saved(file, precision) for file in files]
    distributions: Sequence[SavedDistribution | None] = [None] * len(files)
    says = ""
    if odds is not None:
        values = odds.arrays["log_odds"].astype(np.float64)
        size = max(float(np.abs(values).max()), float(np.log(values.size)), 1.0)
        counts = [odds.meta.get(f"{kind}_prompt_count") for kind in ("concept", "negative")]
        many = min((n for n in counts if isinstance(n, int)), default=0) if None not in counts else 0
        error = mean_error(np.array([size]), precision, many)
        distributions, says = saved_distributions(strengths, curves, odds.arrays["token_ids"], values, error)
    for file, own, saved in zip(files, curves, distributions, strict=True):
        notes = (_computed(precision), *((says,) if says else ()), *file_notes(file))
        common: dict[str, Any] = {"steered": steered, "strengths": strengths, "context": file.context}
        if saved is None or odds is None:
            yield ResultCurves(
                **common,
                quantity=LOG_PROBABILITY,
                lower=own.lower,
                upper=own.upper,
                tokens=own.tokens,
                notes=("of tokens chosen because they lead at an end of the sweep", *notes),
            )
            continue
        chosen = f"of {saved.tokens.size} tokens that lead at an end of the sweep, given that it is one of them"
        bands = {
            LOG_PROBABILITY: (saved.lower, saved.upper),
            LOG_RATIO: saved.log_ratio(),
            MEAN_LOG_ODDS: saved.mean_log_odds(),
        }
        for quantity, (lower, upper) in bands.items():
            yield ResultCurves(
                **common,
                quantity=quantity,
                lower=lower,
                upper=upper,
                tokens=saved.tokens if "token" in quantity.per else None,
                baseline=saved.baseline,
                slack=saved.mean_slack() if quantity == MEAN_LOG_ODDS else saved.slack,
                notes=(chosen, *notes, *file_notes(odds)),
            )


def _saved(file: ResultFile, precision: Precision) -> TokenCurves:
    ends = ("alphamax", "alphamin")
    ids, first = np.unique(np.concatenate([file.arrays[f"token_{end}"] for end in ends]), return_index=True)
    values = np.concatenate([file.arrays[f"probs_{end}"] for end in ends], axis=1)[:, first].astype(np.float64)
    with np.errstate(divide="ignore"):
        logs = np.log(values)
    share = log_probability_error(logs, precision)
    spacing = np.spacing(np.maximum(values, 0).astype(np.float32)).astype(np.float64)
    low = np.maximum(values * np.exp(-share) - spacing, 0.0)
    high = np.minimum(values * np.exp(share) + spacing, 1.0)
    bounds = observed_bounds(LOG_PROBABILITY, file.strengths, values, low, high, scale="probability")
    return TokenCurves(tokens=ids.astype(np.int64), lower=bounds.lower, upper=bounds.upper)


def _judged(file: ResultFile, steered: Steered, level: float) -> Iterator[ResultCurves]:
    """The mean over all contexts and over those of either kind: how often a judge found the concept."""
    found = file.arrays["p1_by_ctx"]
    groups = {"all": np.ones(len(found), bool)}
    if "ctx_is_positive" in file.arrays:
        positive = file.arrays["ctx_is_positive"]
        groups |= {"positive": positive == 1, "negative": positive == 0}
    said, any_of = one_sided(file), is_any_of(file)
    for name, chosen in groups.items():
        if not chosen.any():
            continue
        low, high = bounded_mean_band(found[chosen], level=level)
        bounds = observed_bounds(
            CONCEPT_LOGIT, file.strengths, (low + high) / 2, low, high, level=level, scale="probability"
        )
        yield ResultCurves(
            steered=steered,
            quantity=CONCEPT_LOGIT,
            strengths=file.strengths,
            lower=bounds.lower,
            upper=bounds.upper,
            evidence="statistical",
            part=name,
            shape_only=any_of,
            notes=tuple(filter(None, (said, _share(file, int(chosen.sum()), name, any_of), *file_notes(file)))),
        )


def _share(file: ResultFile, contexts: int, name: str, any_of: bool) -> str:
    of = f"{contexts} {'' if name == 'all' else f'{name} '}contexts"
    if not any_of:
        return f"mean, over {of}, of a judge's score of the concept in their completions, on the logit scale"
    count = completions(file)
    return (
        f"share of {of} where a judge found the concept in any of {count or 'several'} completions, on the logit "
        "scale: not the probability of the concept, so only how it rises and falls is judged"
    )


def _cross_entropy(file: ResultFile, steered: Steered, precision: Precision) -> ResultCurves:
    """The change counted from strength 0, as uncertain as the cross-entropies it is the difference of."""
    whole, change = (file.arrays[name].astype(np.float64) for name in ("cross_entropy", "delta_cross_entropy"))
    width = 2 * mean_error(whole, precision, file.meta.get("tokens_scored_per_alpha"))
    halfwidth = width * (file.strengths != 0)
    return ResultCurves(
        steered=steered,
        quantity=CROSS_ENTROPY_CHANGE,
        strengths=file.strengths,
        lower=(change - halfwidth)[:, None],
        upper=(change + halfwidth)[:, None],
        notes=(_computed(precision), *file_notes(file)),
    )


def _computed(precision: Precision) -> str:
    if precision != "tf32":
        return f"taken as computed in {precision}"
    share = ROUNDINGS["tf32"].each
    return (
        "taken as computed in TF32, which the reference implementation allows (each log-probability known to "
        f"{share:.1g} of its size; --dtype float32 if it was not)"
    )


def steered_of(curves: Iterable[ResultCurves]) -> list[Steered]:
    """Whose curves these are, each once, in order."""
    return list(dict.fromkeys(found.steered for found in curves))
