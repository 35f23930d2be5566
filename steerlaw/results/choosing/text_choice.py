"""A strength chosen for whole texts, and what to make of it in sentences."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Avoided:
    """A failure that steering may bring: how often unsteered, how often at the strength, and how often at most.

    `share` are the shares of texts seen at 0 and at the strength. `limit` holds the mean over prompts like these at the
    level, exactly, by prompts that took no part in choosing. `bound` is what the texts' nats alone allow any failure of
    that share, from upper limits of both: *estimated*, since texts' nats have no known largest value.
    """

    score: str
    share: tuple[float, float]
    limit: float
    bound: float
    prompts: int
    missing: int
    level: float

    def certified(self, risk: float) -> bool:
        """Whether the failure is rarer than the risk, at the level."""
        return self.limit <= risk


@dataclass(frozen=True, kw_only=True)
class TextChoice:
    """The largest strength at which a new prompt's texts stay within a budget of nats, but for a risk.

    For prompts that are exchangeable with those given, `P(KL_prompt(strength) > budget) <= risk`, where KL of a prompt
    is the mean over `samples` texts of the sum of their steps' exact divergences, up to that strength: split-conformal,
    whatever the model. `strength` is `inf` where too few prompts reach the budget up to `searched`, and 0 where no
    searched strength keeps it. `within` is how far above the strength the first one lies that breaks it. `nats` are the
    prompts' at the strength, `kept_to` each prompt's own largest strength that keeps the budget, and the next that was
    tried (infinite: none breaks it). `shown` are continuations of some prompts at 0, half and the whole strength.
    """

    budget: float
    risk: float
    tokens: int
    samples: int
    strength: float
    within: float
    searched: float
    prompts: int
    crossed: int
    nats: Sequence[float]
    avoided: Avoided | None
    shown: Sequence[dict[str, Any]]
    texts_drawn: int
    kept_to: Sequence[tuple[float, float]] = ()

    @property
    def found(self) -> bool:
        """Whether there is a strength to take."""
        return 0 < self.strength < float("inf")

    def say(self) -> str:
        """What there is to say, a line each."""
        of = "for the next token" if self.tokens == 1 else f"a text of {self.tokens} tokens"
        what = f"{self.budget:g} nats {of}"
        if self.strength == float("inf"):
            first = f"No strength up to {self.searched:.4g} spends {what} on enough prompts: give a smaller budget."
        elif self.strength == 0:
            first = f"Every strength that was tried spends more than {what} on too many prompts: give a larger budget."
        else:
            first = (
                f"Up to {self.strength:.4g}, a new prompt like these {self.prompts} stays within {what} with"
                f" probability {1 - self.risk:g} or more."
            )
        lines = [first, *([self._spread()] if self.nats else [])]
        if (avoided := self.avoided) is not None:
            before, after = avoided.share
            word = "certified" if avoided.certified(self.risk) else "not certified"
            lines.append(
                f"{avoided.score}: {before:.1%} of texts unsteered, {after:.1%} at this strength; below"
                f" {avoided.limit:.1%} at a level of {avoided.level:g}, so {word} below {self.risk:g}. The budget alone"
                f" would allow {avoided.bound:.1%} (estimated)."
            )
            if avoided.missing:
                lines.append(f"{avoided.missing} texts have no score: in the limits they count as failures.")
        return "\n".join(lines)

    def _spread(self) -> str:
        """What prompts spend at the strength: median, middle half, the most; and how many more than the budget."""
        low, middle, high = np.quantile(self.nats, (0.25, 0.5, 0.75))
        over = float(np.mean(np.array(self.nats) > self.budget))
        return (
            f"At it a prompt spends {middle:.2g} nats (median; middle half {low:.2g} to {high:.2g}, at most"
            f" {max(self.nats):.2g}); {over:.0%} of the prompts are over budget."
        )

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them: a strength that is never reached is null."""
        record: dict[str, Any] = asdict(self) | {"strength": self.strength if isfinite(self.strength) else None}
        record["within"] = self.within if isfinite(self.within) else None
        record["kept_to"] = [[low, high if isfinite(high) else None] for low, high in self.kept_to]
        if self.avoided is not None:
            record["avoided"] |= {"certified": self.avoided.certified(self.risk), "bound_is": "estimated"}
        return record | {"advice": self.say()}
