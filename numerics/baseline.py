"""What is known before steering: all that a prediction may see.

A field's annotation says of which dimensions it is, named as a sweep's are, and of which dtype; its `Meaning` in which
unit, what it is, and whether it predicts something of each token, which the control of permuted log-odds deals to other
tokens. `FIELDS` is the table of them; the checks, the files' reader and writer and that control follow from it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Annotated, Any, NamedTuple, get_args

import numpy as np
from jaxtyping import Bool, Float, Int

Table = Float[np.ndarray, "context vocab"]
PerToken = Float[np.ndarray, " vocab"]
PerContext = Float[np.ndarray, " context"]


class Meaning(NamedTuple):
    """Of a field: its unit, what it is, and whether the permuted log-odds deal its tokens' values to other tokens."""

    unit: str
    text: str
    dealt: bool = False


@dataclass(frozen=True, kw_only=True)
class ConceptDistribution:
    """Assumption 1: what a token's probability is in contexts of its own concept and in others."""

    inside: Annotated[PerToken, Meaning("probability", "of token z in contexts of its own concept")]
    outside: Annotated[PerToken, Meaning("probability", "of token z in other contexts")]
    negative_share: Annotated[PerToken, Meaning("share", "of the negative contexts, those of the concept of z")]
    delta: Annotated[float, Meaning("probability", "a concept's mass in its own contexts less that in others")]


@dataclass(frozen=True, kw_only=True)
class Sphere:
    """Steering into a final normalisation: `logit_z = (A_z + alpha B_z)/rho + offset_z`, `rho^2 = c + 2 e alpha + f
    alpha^2`; h and v centred for LayerNorm, whose bias gives the offset.
    """

    h_part: Annotated[Table, Meaning("logit", "A_z = <gamma w_z, h>", dealt=True)]
    v_part: Annotated[PerToken, Meaning("logit/strength", "B_z = <gamma w_z, v>", dealt=True)]
    offset: Annotated[PerToken, Meaning("logit", "what the bias adds")]
    c: Annotated[PerContext, Meaning("1", "|h|^2/d + eps")]
    e: Annotated[PerContext, Meaning("1/strength", "<h, v>/d")]
    f: Annotated[float, Meaning("1/strength^2", "|v|^2/d")]


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How whole texts come about where the next token depends on a context alone, which the last token decides."""

    follows: Annotated[Int[np.ndarray, " vocab"], Meaning("", "the context that a token leads to")]
    length: Annotated[float, Meaning("count", "tokens of a text")]


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The unsteered side of a comparison; arrays are NumPy float64, logs natural; what is not known is None.

    A field whose shape is not that of `log_probs` where they share a dimension is a `ValueError`.
    """

    log_probs: Annotated[Table, Meaning("nats", "log-probabilities of each context's next token")]
    log_odds: Annotated[PerToken | None, Meaning("nats", "M, one value a token", dealt=True)] = None
    weights: Annotated[PerContext | None, Meaning("share", "of each context, pi_j, summing to 1")] = None
    data: Annotated[
        Table | Int[np.ndarray, " context"] | None,
        Meaning(
            "nats",
            "r_j, which cross-entropy is measured by; or each context's observed next token; None: the model's own",
        ),
    ] = None
    concepts: Annotated[Bool[np.ndarray, "concept vocab"] | None, Meaning("", "members of each, the target first")] = (
        None
    )
    logit_shift: Annotated[
        PerToken | None,
        Meaning("logit", "mean logits of positive less those of negative contexts", dealt=True),
    ] = None
    limit_logits: Annotated[
        Float[np.ndarray, "side=2 vocab"] | None, Meaning("logit", "predicted limits at strength -inf and +inf")
    ] = None
    limit_strength: Annotated[float | None, Meaning("strength", "from which on the limits are to be trusted")] = None
    limit_remainder: Annotated[float | None, Meaning("logit", "how far the limits may be off from there on")] = None
    in_target: Annotated[Bool[np.ndarray, " context"] | None, Meaning("", "the contexts of the target concept")] = None
    data_law: Annotated[ConceptDistribution | None, Meaning("", "the concepts' probabilities it was trained on")] = None
    sphere: Annotated[Sphere | None, Meaning("", "the steered residual as the final normalisation sees it")] = None
    local_log_odds: Annotated[
        Table | None,
        Meaning("logit/strength", "exact derivative of the logits at strength 0", dealt=True),
    ] = None
    logit_curvature: Annotated[
        float | None,
        Meaning(
            "logit/strength^2",
            "bounds the oscillation over tokens of the logits' second derivative",
        ),
    ] = None
    other_log_odds: Annotated[PerToken | None, Meaning("nats", "those of a second vector", dealt=True)] = None
    writing: Annotated[Writing | None, Meaning("", "how texts go on after a token")] = None
    judge_errors: Annotated[
        Float[np.ndarray, "answer=2"] | None,
        Meaning("probability", "a judge's chances of a yes to a text without the concept, and of a no to one with it"),
    ] = None
    facts: Annotated[
        frozenset[str], Meaning("", "what holds of the model as a whole: pre_norm, final_norm, assumption_1")
    ] = frozenset()

    def __post_init__(self) -> None:
        sizes: dict[str, tuple[int, str]] = {}
        for name, value in arrays_of(self):
            shape = np.shape(value)
            forms = [form for form in FIELDS[name].forms if len(form.dimensions) == len(shape)]
            if not forms:
                raise ValueError(f"baseline: {name} has shape {shape}, expected {FIELDS[name].shape}")
            for (axis, fixed), size in zip(forms[0].dimensions.items(), shape, strict=True):
                expected, where = (fixed, "by definition") if fixed else sizes.setdefault(axis, (size, f"as {name}"))
                if size != expected:
                    raise ValueError(f"baseline: {name} has {size} entries of {axis}, expected {expected}, {where}")


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form that a field may take: its dimensions, with their sizes where these are fixed, and its dtype."""

    dimensions: Mapping[str, int | None]
    dtype: type


@dataclass(frozen=True, kw_only=True)
class Field:
    """A row of the table of fields."""

    forms: tuple[Form, ...]
    meaning: Meaning

    @property
    def shape(self) -> str:
        """The shapes admitted, in words."""
        return " or ".join(f"[{', '.join(form.dimensions)}]" for form in self.forms)


def _forms(annotation: Any) -> tuple[Form, ...]:
    if annotation is float:
        return (Form(dimensions={}, dtype=np.float64),)
    if not hasattr(annotation, "dim_str"):
        return tuple(form for one in get_args(annotation) for form in _forms(one))
    dtype = np.bool_ if "bool" in annotation.dtypes else np.int64 if "int64" in annotation.dtypes else np.float64
    named = (axis.partition("=") for axis in annotation.dim_str.split())
    return (Form(dimensions={name: int(size) if size else None for name, _, size in named}, dtype=dtype),)


PARTS: dict[str, type] = {}
"""Fields that are records of fields."""
FIELDS: dict[str, Field] = {}
"""Every array and number of a baseline, those of its parts as `part.field`."""


def _list(record: type, within: str = "") -> None:
    for one in fields(record):
        annotation, meaning = get_args(one.type)
        for part in get_args(annotation):
            if isinstance(part, type) and is_dataclass(part):
                PARTS[one.name] = part
                _list(part, f"{one.name}.")
        if forms := _forms(annotation):
            FIELDS[within + one.name] = Field(forms=forms, meaning=meaning)


_list(Baseline)


def arrays_of(record: Any, within: str = "") -> Iterator[tuple[str, Any]]:
    """The arrays and numbers that a baseline holds, by their names in `FIELDS`."""
    for one in fields(record):
        value, name = getattr(record, one.name), within + one.name
        if is_dataclass(value):
            yield from arrays_of(value, f"{name}.")
        elif value is not None and name in FIELDS:
            yield name, value


def baseline_of(arrays: Mapping[str, np.ndarray], facts: frozenset[str] = frozenset()) -> Baseline:
    """The baseline that holds these arrays; `ValueError` that names what is unknown, lacking or of another kind."""
    held: dict[str, Any] = {}
    for name, value in arrays.items():
        if name not in FIELDS:
            raise ValueError(f"baseline: nothing is called {name}; expected some of {', '.join(FIELDS)}")
        forms = [form for form in FIELDS[name].forms if np.can_cast(value.dtype, form.dtype, "same_kind")]
        if not forms:
            raise ValueError(f"baseline: {name} is of {value.dtype}, expected {FIELDS[name].forms[0].dtype.__name__}")
        part, _, own = name.rpartition(".")
        kept = value.item() if value.ndim == 0 else value.astype(forms[-1].dtype, copy=False)
        (held.setdefault(part, {}) if part else held)[own] = kept
    for part, record in PARTS.items():
        if part in held:
            lacking = [one.name for one in fields(record) if one.name not in held[part]]
            if lacking:
                raise ValueError(f"baseline: {part} lacks {', '.join(lacking)}")
            held[part] = record(**held[part])
    if "log_probs" not in held:
        raise ValueError("baseline: lacks log_probs, which every prediction needs")
    return Baseline(**held, facts=facts)


def permuted(baseline: Baseline, order: Int[np.ndarray, " vocab"]) -> Baseline:
    """The baseline with everything it predicts of a token dealt to another token; the unsteered distribution stays."""
    moved: dict[str, Any] = {name: getattr(baseline, name) for name in PARTS}
    for name, value in arrays_of(baseline):
        if FIELDS[name].meaning.dealt:
            part, _, own = name.rpartition(".")
            if part:
                moved[part] = replace(moved[part], **{own: value[..., order]})
            else:
                moved[own] = value[..., order]
    return replace(baseline, **moved)
