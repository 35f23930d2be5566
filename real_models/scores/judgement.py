"""What a judge says of texts: yes, no or nothing, with the question that it was asked. Missing is missing, never no."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from real_models.scores.statistics import cohens_kappa

TEXT = "{text}"


@dataclass(frozen=True, kw_only=True)
class Question:
    """How a judge is asked: a wording with `{text}` where the text goes, and the answers, each in several spellings."""

    wording: str
    yes: Sequence[str] = ("yes", "Yes", " yes", " Yes", "YES")
    no: Sequence[str] = ("no", "No", " no", " No", "NO")

    def __post_init__(self) -> None:
        if TEXT not in self.wording:
            raise ValueError(f"the wording is {self.wording!r:.80}, expected {TEXT} where the text goes")
        for name, spellings in (("yes", self.yes), ("no", self.no)):
            if isinstance(spellings, str) or not spellings or not all(s.strip() for s in spellings):
                raise ValueError(f"the spellings of {name} are {spellings!r:.80}, expected a list of one word or more")
        if both := {s.strip().casefold() for s in self.yes} & {s.strip().casefold() for s in self.no}:
            raise ValueError(f"{min(both)!r} is a spelling of yes and of no: expected each answer to be one of them")

    def about(self, text: str) -> str:
        """The question about a text."""
        return self.wording.replace(TEXT, text)


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """A judge's answers, text by text: the probability of yes (0 or 1 where it only says), NaN where it did not answer.

    `said` is what it wrote, where it writes.
    """

    judge: str
    yes: Float[np.ndarray, " texts"]
    said: Sequence[str] = field(default=(), repr=False)

    @property
    def missing(self) -> Bool[np.ndarray, " texts"]:
        """Which texts it gave no answer about."""
        return np.isnan(self.yes)

    @property
    def labels(self) -> Float[np.ndarray, " texts"]:
        """1 for yes, where it is likelier than no; 0; NaN."""
        return np.where(self.missing, np.nan, (self.yes > 0.5).astype(float))

    def agreement(self, other: "Judgement") -> float | None:
        """Cohen's kappa with another judge of the same texts, over those that both answered about."""
        return cohens_kappa(self.labels, other.labels)

    def say(self) -> str:
        """How many it answered about, in a sentence; what it said instead, if it never answered."""
        asked, answered = len(self.yes), int((~self.missing).sum())
        if answered or not asked:
            return f"{self.judge} answered about {answered} of {asked} texts."
        instead = f"; of the first it said {self.said[0]!r:.60}" if self.said else ""
        return f"{self.judge} never answered yes or no, about none of {asked} texts{instead}: word the question anew."
