"""Whose curves were observed: what passes from the experiments to the verdicts, the figures and the report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float

from numerics.baseline import Baseline
from numerics.observing.sweep import Sweep
from steerlaw.inputs.precision import Precision

Control = Literal["random_direction", "permuted_log_odds", "random_weights"]
CONTROLS: tuple[Control, ...] = get_args(Control)
"""In the order in which they are shown."""

Kind = Literal["next token", "cross-entropy", "limit", "texts"]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One model steered at one layer towards one concept, or a control of it.

    Subjects of one `model` are judged together; its `instance` tells replicates of one kind of model (toy models that
    differ in their data) apart. Both are names of any characters, and nothing is read out of them. `kinds` are the
    kinds of sweep that were made of it. `push` is |v|/|h|, the size of the vector in units of the residual it is added
    to; None where that has no meaning. `token_text` gives a token's text, where it has one.
    """

    model: str
    instance: str | None = None
    layer: int | None = None
    concept: str | None = None
    concept_names: tuple[str, ...] = ()
    contexts: Sequence[Any] = ()
    kinds: frozenset[Kind] = frozenset({"next token"})
    control: Control | None = None
    push: float | None = None
    token_text: Callable[[int], str] | None = None

    @property
    def name(self) -> str:
        """What people are shown: the model, and which of its instances."""
        return full_name(self.model, self.instance)


def full_name(model: str, instance: str | None) -> str:
    """A model and which of its instances, to be shown; never to be taken apart."""
    return model if instance is None else f"{model}/{instance}"


@dataclass(frozen=True, kw_only=True)
class Observation:
    """A sweep, the baseline that predicts it (None if unknown), and whose they are."""

    subject: Subject
    kind: Kind
    sweep: Sweep
    baseline: Baseline | None


@dataclass(frozen=True, kw_only=True, eq=False)
class BareCurve:
    """One measured curve of which nothing else is known, with its bounds where it has any.

    `printed` is how far each value may be from what was printed; `precision` what it was computed in, if known.
    """

    name: str
    strengths: Float[np.ndarray, " strengths"]
    values: Float[np.ndarray, " strengths"]
    lower: Float[np.ndarray, " strengths"] | None = None
    upper: Float[np.ndarray, " strengths"] | None = None
    printed: Float[np.ndarray, " strengths"] | None = None
    precision: Precision | None = None
