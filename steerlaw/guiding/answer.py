"""What a guide found, and its one screen of words."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from real_models import Check
from steerlaw.guiding.blocks import Block
from steerlaw.guiding.dose import Dose


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """What the model says after a prompt at a strength."""

    prompt: str
    strength: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A recommendation: blocks with the best first, and the strength at the best one.

    `dose` is None where no strength spends the budget on every prompt. `checks` are those of the vector, `shown` some
    of the concept's tokens; whether these and the prompts were given or are our own is kept too.
    """

    model: str
    budget: float
    risk: float
    blocks: Sequence[Block]
    dose: Dose | None
    shown: Sequence[str]
    own_words: bool
    own_prompts: bool
    checks: Sequence[Check] = ()
    continuations: Sequence[Continuation] = ()

    @property
    def best(self) -> Block:
        """The block to steer."""
        return self.blocks[0]

    @property
    def lines(self) -> tuple[str, ...]:
        """The answer in sentences, what to do first."""
        warned = () if self.best.sound else (self._unsound(),)
        return (*warned, *self._advice(), *self._doubts(), self._sources())

    def _unsound(self) -> str:
        return (
            f"Do not trust this vector as it is: no block is sound. Of the best, block {self.best.layer}: "
            f"{self.best.why}. More texts, or texts that differ in nothing but the concept, may help."
        )

    def _advice(self) -> tuple[str, ...]:
        best, dose = self.best, self.dose
        if dose is None:
            return (
                f"Block {best.layer} is the best to steer, but at least one prompt never spends {self.budget:g} nats "
                "there: no strength is too large by that measure. Give a larger --budget.",
            )
        before, _, after = dose.concept
        reach = "every strength" if dose.tilt_reach == float("inf") else f"alpha = {dose.tilt_reach:.3g}"
        adds = "" if dose.push is None else f"adds {dose.push:.2g} of the residual's norm and "
        return (
            f"Steer block {best.layer} by alpha = {dose.strength:.4g}: it {adds}costs {dose.nats:.2g} nats a token.",
            f"The concept's probability goes from {percent(before)} to {percent(after)} (medians over {dose.prompts} "
            "prompts).",
            f"On {dose.kept:.0%} of the prompts this keeps within the budget of {self.budget:g} nats; on one more "
            f"prompt like them it does with a chance of at least {dose.confidence:.0%}.",
            f"The local tilt, which knows only the unsteered model, predicts the steered one up to {reach}.",
        )

    def _doubts(self) -> tuple[str, ...]:
        found = []
        if self.dose is not None:
            before, _, after = self.dose.concept
            if after < before:
                found.append("At this strength the concept is less probable than unsteered: take a smaller --budget.")
            if 1 - self.dose.confidence > self.risk:
                needed = ceil(1 / self.risk - 1 - 1e-9)
                found.append(
                    f"{self.dose.prompts} prompts promise no more than that: a risk of {self.risk:g} takes {needed}."
                )
        found += [f"A check fails: {check.name}: {check.detail}." for check in self.checks if check.ok is False]
        return tuple(found)

    def _sources(self) -> str:
        words = "--words" if self.own_words else "tokens that your texts use and the others do not"
        shown = ", ".join(repr(text) for text in self.shown)
        prompts = "--prompts" if self.own_prompts else "the beginnings of the texts without the concept"
        return f"The concept's tokens are {words} ({shown}); the prompts are {prompts}."

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "model": self.model,
            "budget": self.budget,
            "risk": self.risk,
            "answer": list(self.lines),
            "layer": self.best.layer,
            "sound": self.best.sound,
            "dose": None if self.dose is None else self.dose.to_json(),
            "blocks": [block.to_json() for block in self.blocks],
            "checks": [asdict(check) for check in self.checks],
            "continuations": [asdict(one) for one in self.continuations],
        }


def percent(share: float) -> str:
    """A probability as people say it: two digits, small ones as they are."""
    return f"{100 * share:.2g}%" if share < 0.995 else f"{100 * share:.4g}%"
