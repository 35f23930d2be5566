"""A row of the report: a number that the laws predict of one subject, beside what was observed."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from numerics.judging.predicted_numbers import Gap, gaps
from steerlaw.inputs.subjects import Control, Observation, full_name


@dataclass(frozen=True, kw_only=True)
class PredictedRow:
    """A predicted number of one model, block and concept, or of a control of them, and how far the observed one is."""

    model: str
    instance: str | None
    layer: int | None
    concept: str | None
    control: Control | None
    gap: Gap

    @property
    def name(self) -> str:
        """The model and which of its instances, to be shown."""
        return full_name(self.model, self.instance)

    @property
    def place(self) -> tuple[str, str | None, int | None, str | None, str]:
        """What this row shares with the same number along a control."""
        return self.model, self.instance, self.layer, self.concept, self.gap.quantity

    def to_json(self) -> dict[str, Any]:
        """As an entry of `quantities` in report.json."""
        where = {"layer": self.layer, "concept": self.concept, "control": self.control}
        return {"model": self.name, "instance": self.instance, **where, **asdict(self.gap)}


def predicted_rows(observation: Observation) -> Iterator[PredictedRow]:
    """What the laws predict of this observation as numbers."""
    if observation.baseline is None or observation.kind == "limit":
        return
    subject = observation.subject
    for gap in gaps(observation.sweep, observation.baseline):
        yield PredictedRow(
            model=subject.model,
            instance=subject.instance,
            layer=subject.layer,
            concept=subject.concept,
            control=subject.control,
            gap=gap,
        )
