"""A chosen strength for one prompt, in every unit, and what to make of it in sentences."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import Enum
from itertools import product
from math import inf, isfinite
from typing import Any

from steerlaw.results.choosing.budgets import BudgetSeen


class Advice(Enum):
    """What there is to say of a choice: each a sentence about it."""

    EMPTY = "The prompt is empty: what is steered is the beginning of a text."
    NEVER = (
        "No strength up to {searched:.4g} spends the budget, so there is none to trust: give a smaller budget, or steer"
        " another block."
    )
    PREDICTED = "Up to {reach} the model is within {tolerance:g} nats of its tilt: trust the predicted strength."
    MEASURED = "Up to {reach} the model is within {tolerance:g} nats of its tilt: trust the measured strength."
    AGAINST = (
        "The vector pushes the concept down, from a probability of {before:.3g}: if the concept is what you want, steer"
        " along -v."
    )
    FALLS = (
        "The concept rises at first but has fallen from {before:.3g} to {after:.3g} at the strength to trust: give a"
        " smaller budget, or steer another block."
    )


@dataclass(frozen=True, kw_only=True)
class Norms:
    """|v|, and |h| of the unsteered residual at the prompt's last position, both at the steered block."""

    vector: float
    residual: float


@dataclass(frozen=True, kw_only=True)
class Target:
    """The strengths at which the concept first has the probability `share`, by the local tilt and measured (or inf)."""

    share: float
    predicted: float
    measured: float


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The strength that spends a budget of KL(p_alpha, p), in nats, on one prompt.

    `predicted` comes from the unsteered model and the exact slope of its logits at strength 0 (the local tilt);
    `measured` is the smallest positive strength at which the steered model has spent the budget, within `within`;
    each is `inf` where it is never spent (for `measured`: up to `searched`). `valid_to` is the strength at which
    KL(p_alpha, p_tilt), the model's distance from its local tilt, first reaches `tolerance` nats; `spent` is what the
    predicted strength really costs. `concept` gives the concept's probability at 0, at `predicted` and at `measured`
    (None where the strength is `inf`), `concept_slope` the derivative of its logit at 0; `leading` the tokens' ids that
    lead at each. `norms` turn alpha into alpha |v| and alpha |v|/|h|, where one block of a model that shows its
    residuals is steered. `empty`: so was the prompt. `reverse` is KL(p, p_alpha) at each strength; `target` where the
    concept reaches a probability that was asked for; `budgets` what other budgets look like. Strengths are sizes along
    v or, where `sign` is -1, along -v: `units`, sentences and JSON have them with that sign.
    """

    budget: float
    predicted: float
    measured: float
    within: float
    searched: float
    spent: float | None
    tolerance: float
    valid_to: float
    concept: tuple[float | None, ...] | None
    concept_slope: float | None
    leading: dict[str, tuple[int, ...]]
    norms: Norms | None
    empty: bool
    reverse: dict[str, float] = field(default_factory=dict)
    target: Target | None = None
    budgets: tuple[BudgetSeen, ...] = ()
    sign: int = 1

    @property
    def strengths(self) -> dict[str, float]:
        """The three strengths at which the model is shown, by name."""
        return {"unsteered": 0.0, "predicted": self.predicted, "measured": self.measured}

    @property
    def trusted(self) -> str | None:
        """Which of them to trust: the predicted one as far as the theory reaches; None if the budget is never spent."""
        if self.measured == inf:
            return None
        return "predicted" if self.predicted <= self.valid_to and self.predicted < inf else "measured"

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What there is to say, of the prompt, of the strength and of the concept."""
        strength = {None: Advice.NEVER, "predicted": Advice.PREDICTED, "measured": Advice.MEASURED}[self.trusted]
        found = [Advice.EMPTY] if self.empty else []
        before, after = self._concept_moved()
        fallen = before is not None and after is not None and after < before
        if self.concept_slope is not None and self.concept_slope < 0 and (after is None or fallen):
            return (*found, strength, Advice.AGAINST)
        return (*found, strength, *([Advice.FALLS] if fallen else []))

    def say(self) -> str:
        """The advice in words, a line each."""
        before, after = self._concept_moved()
        known = vars(self) | {"searched": self.sign * self.searched, "before": before, "after": after}
        known["reach"] = "every strength" if self.valid_to == inf else f"strength {self.sign * self.valid_to:.4g}"
        return "\n".join(one.value.format(**known) for one in self.advice)

    def units(self, alpha: float) -> dict[str, float | None]:
        """A strength as alpha, alpha |v| and alpha |v|/|h|; None for what is infinite or has no norm."""
        alpha = self.sign * alpha if alpha else 0.0
        added = None if self.norms is None else alpha * self.norms.vector
        values = {
            "alpha": alpha,
            "alpha|v|": added,
            "alpha|v|/|h|": None if self.norms is None or added is None else added / self.norms.residual,
        }
        return {name: None if value is None or not isfinite(value) else value for name, value in values.items()}

    def to_json(self, text: Callable[[int], str] | None = None) -> dict[str, Any]:
        """The fields as JSON has them: a strength that is never reached is null; tokens with their `text`, if given."""
        record = {name: _plain(value) for name, value in asdict(self).items()}
        signed = [record, *(one for one in (record["target"], *record["budgets"]) if one is not None)]
        for one, name in product(signed, ("predicted", "measured", "valid_to", "searched", "strength")):
            if one.get(name):
                one[name] *= self.sign
        record["leading"] = {
            name: [{"id": token, "text": None if text is None else text(token)} for token in tokens]
            for name, tokens in self.leading.items()
        }
        spoken = {"predicted": self.predicted, "measured": self.measured, "valid_to": self.valid_to}
        units = {name: self.units(alpha) for name, alpha in spoken.items()}
        return record | {"units": units, "trusted": self.trusted, "advice": self.say()}

    def _concept_moved(self) -> tuple[float | None, float | None]:
        """The concept's probability at strength 0, and at the strength to trust."""
        if self.concept is None:
            return None, None
        shares = dict(zip(self.strengths, self.concept, strict=True))
        return shares["unsteered"], None if self.trusted is None else shares[self.trusted]


def _plain(value: Any) -> Any:
    """The value as JSON has it: what is infinite is null, at any depth."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value
