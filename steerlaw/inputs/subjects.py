"""Whose curves were observed: what passes from the experiments to the verdicts, the figures and the report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from numerics.baseline import Baseline
from numerics.observing.sweep import Sweep

Control = Literal["random_direction", "permuted_log_odds", "random_weights"]
Kind = Literal["next token", "cross-entropy", "limit"]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One model steered at one layer towards one concept, or a control of it.

    `kinds` are the kinds of sweep that were made of it. `push` is |v|/|h|, the size of the vector in units of the
    residual it is added to; None where that has no meaning. `token_text` gives a token's text, where it has one.
    """

    name: str
    layer: int | None = None
    concept: str | None = None
    concept_names: tuple[str, ...] = ()
    contexts: Sequence[Any] = ()
    kinds: frozenset[Kind] = frozenset({"next token"})
    control: Control | None = None
    push: float | None = None
    token_text: Callable[[int], str] | None = None


@dataclass(frozen=True, kw_only=True)
class Observation:
    """A sweep, the baseline that predicts it (None if unknown), and whose they are."""

    subject: Subject
    kind: Kind
    sweep: Sweep
    baseline: Baseline | None
