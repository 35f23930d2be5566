"""Where a lowered closed form is evaluated: a baseline, strengths, and the tokens chosen."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from numerics.arrays import ArrayLike
from numerics.baseline import Baseline
from numerics.checks import checked_distribution, checked_log_odds, checked_log_probs
from numerics.closed_forms.whole_texts import Texts, every_text

AXES = ("context", "token", "concept", "strength")
"""The last is the axis that curves run along, whatever their abscissa is. Within a mean over whole texts, which has no
token at hand, the second is that of the texts."""

ALIKE = 1e-6
"""How far apart, in nats, the log-probabilities of two tokens may be that count as equally probable."""


class MissingInputError(ValueError):
    """A closed form needs a field of the baseline that is not there; `field` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(f"the baseline holds no {field}, which this closed form needs")
        self.field = field


@dataclass(frozen=True, kw_only=True, eq=False)
class Checked:
    """What kernels read of a baseline, each part checked and prepared when it is first read."""

    baseline: Baseline

    def need(self, field: str) -> Any:
        """A field of the baseline; `MissingInputError` if it is not there."""
        value = getattr(self.baseline, field)
        if value is None:
            raise MissingInputError(field)
        return value

    @cached_property
    def log_probs(self) -> Float[Array, "contexts vocab"]:
        return checked_log_probs(self.baseline.log_probs)

    @cached_property
    def log_odds(self) -> Float[Array, " vocab"]:
        return checked_log_odds(self.need("log_odds"), vocab=self.log_probs.shape[-1])

    @cached_property
    def distinct_log_odds(self) -> Float[np.ndarray, " distinct"]:
        """The distinct log-odds, ascending."""
        return np.unique(self.log_odds)

    @cached_property
    def concepts(self) -> Bool[Array, "concepts vocab"]:
        return jnp.asarray(self.need("concepts"), dtype=bool)

    @cached_property
    def distribution(self) -> tuple[Float[Array, "contexts vocab"], Float[Array, " vocab"]]:
        return checked_distribution(self.log_probs, self.need("log_odds"))

    @cached_property
    def texts(self) -> Texts:
        """Every whole text that can be written."""
        writing = self.need("writing")
        return every_text(np.asarray(writing.follows), len(self.log_probs), int(writing.length))

    @cached_property
    def reference(self) -> Int[np.ndarray, " contexts"]:
        """The most probable token of each unsteered context."""
        return most_probable(self.baseline.log_probs)


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting:
    """What the kernels of atoms read. `strengths` is the abscissa: strengths, values of the log-odds, or ranks.

    `values` remembers the atoms that were read, for the next closed form that is evaluated in the same setting.
    """

    known: Checked
    strengths: Float[Array, " strengths"]
    tokens: Int[np.ndarray, " tokens"] | None
    values: dict[Any, np.ndarray] = field(default_factory=dict)

    @cached_property
    def whole(self) -> "Setting":
        """The same with the whole vocabulary."""
        return self if self.tokens is None else Setting(known=self.known, strengths=self.strengths, tokens=None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Settings:
    """Settings of one baseline. Whoever evaluates many closed forms of it keeps this: what was read is read once.

    It holds the latest few settings, in which the claims of all laws on one sweep are judged, and goes with its keeper.
    """

    known: Checked
    held: deque["Setting"] = field(default_factory=lambda: deque(maxlen=8))

    @property
    def baseline(self) -> Baseline:
        return self.known.baseline

    def at(self, strengths: Float[Array, " strengths"], tokens: Int[np.ndarray, " tokens"] | None) -> "Setting":
        """The setting at some strengths, with what was already read in it."""
        for setting in self.held:
            if np.array_equal(setting.strengths, strengths) and _alike(tokens, setting.tokens):
                return setting
        self.held.append(Setting(known=self.known, strengths=strengths, tokens=tokens))
        return self.held[-1]

    def again(self) -> "Settings":
        """The same with nothing read yet: for strengths that are not asked about a second time."""
        return Settings(known=self.known)


@dataclass(frozen=True, kw_only=True, eq=False)
class EachContext(Settings):
    """Settings of which every context has log-odds of its own: `contexts` are those of one context each."""

    contexts: tuple[Settings, ...]

    def again(self) -> "EachContext":
        return EachContext(known=self.known, contexts=tuple(each.again() for each in self.contexts))


def by_local_log_odds(baseline: Baseline) -> EachContext:
    """Predictions of every context by the exact derivative of its own logits at strength 0 in place of the log-odds.

    What is known of several contexts together (data, concepts' distribution, limits, the sphere) has no part in them.
    """
    if baseline.local_log_odds is None:
        raise MissingInputError("local_log_odds")
    several = dict.fromkeys(
        ("weights", "data", "data_law", "sphere", "other_log_odds", "limit_logits", "in_target"), None
    )
    inside = [None] * len(baseline.log_probs) if baseline.in_target is None else baseline.in_target[:, None]
    each = [
        replace(baseline, log_probs=own[None], log_odds=odds, logit_shift=odds, local_log_odds=odds[None], **several)
        for own, odds in zip(baseline.log_probs, baseline.local_log_odds, strict=True)
    ]
    each = [replace(one, in_target=target) for one, target in zip(each, inside, strict=True)]
    mean = replace(baseline, log_odds=baseline.local_log_odds.mean(axis=0))
    return EachContext(known=Checked(baseline=mean), contexts=tuple(map(settings_of, each)))


def settings_of(known: Baseline | Settings) -> Settings:
    """What is known, ready to be evaluated at any strengths."""
    return known if isinstance(known, Settings) else Settings(known=Checked(baseline=known))


def _alike(tokens: Int[np.ndarray, " tokens"] | None, others: Int[np.ndarray, " others"] | None) -> bool:
    return tokens is others if tokens is None or others is None else np.array_equal(tokens, others)


def most_probable(log_probs: Float[ArrayLike, "*contexts vocab"]) -> Int[np.ndarray, "*contexts"]:
    """The most probable token of each distribution; of several that are alike up to rounding, the first."""
    values = np.asarray(log_probs)
    return (values >= values.max(axis=-1, keepdims=True) - ALIKE).argmax(axis=-1)


def on_axes(values: ArrayLike, per: Iterable[str]) -> np.ndarray:
    """Values whose axes are `per`, in the order of `AXES`, with an axis of length 1 for each that is lacking."""
    present = set(per)
    return np.expand_dims(np.asarray(values), [n for n, axis in enumerate(AXES) if axis not in present])
