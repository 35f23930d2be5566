"""The limit at infinite strength (law `transformer_limit`): how far out it is proved, how far off it is before."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import log_softmax

from numerics.baseline import Baseline
from numerics.observing.sweep import Sweep
from steerlaw.inputs.subjects import Control, Observation
from steerlaw.results.reaching.answers import place


@dataclass(frozen=True, kw_only=True)
class LimitRow:
    """From which push on the limit's proved remainder is small, and the distance to it at the end of a sweep.

    `middle` and `largest` are over contexts: KL(p_alpha, limit) in nats at push `at`, the larger of both signs.
    """

    model: str
    concept: str | None
    layer: int | None
    control: Control | None
    proved_from: float
    at: float
    middle: float
    largest: float

    def say(self) -> str:
        """In words."""
        proved = f"the limit is proved to within rounding from {self.proved_from:.1g} norms of the residual on"
        off = f"at {self.at:.2g} the model is {self.middle:.2g} nats from it ({self.largest:.2g} at most)"
        return f"{place(self.model, self.concept, self.layer)}, transformer_limit: {proved}; {off}."

    def to_json(self) -> dict[str, Any]:
        """As an entry of `limits` in report.json."""
        return asdict(self)


def limit_rows(observations: Iterable[Observation]) -> list[LimitRow]:
    """A row a model, concept and block, or control of these, that was steered to its limit as well as before it."""
    sweeps: dict[tuple, Sweep] = {}
    rows = []
    for observation in observations:
        subject, baseline = observation.subject, observation.baseline
        key = (subject.name, subject.concept, subject.layer, subject.control)
        if observation.kind == "next token":
            sweeps[key] = observation.sweep
        if observation.kind != "limit" or key not in sweeps or not subject.push or baseline is None:
            continue
        nats = distance(sweeps[key], baseline)
        if nats is not None and baseline.limit_strength is not None:
            rows.append(
                LimitRow(
                    model=subject.name,
                    concept=subject.concept,
                    layer=subject.layer,
                    control=subject.control,
                    proved_from=baseline.limit_strength * subject.push,
                    at=float(np.abs(sweeps[key].strengths).max()) * subject.push,
                    middle=float(np.median(nats)),
                    largest=float(nats.max()),
                )
            )
    return rows


def distance(sweep: Sweep, baseline: Baseline) -> np.ndarray | None:
    """KL(p_alpha, limit) of each context at the ends of the sweep, the larger of the two; None if either is unknown."""
    if baseline.limit_logits is None or not {"start", "end"} <= set(sweep.data):
        return None
    limits = log_softmax(baseline.limit_logits, axis=1)
    ends = (sweep.data[name].transpose("context", "vocab").to_numpy() for name in ("start", "end"))
    return np.max([(np.exp(own) * (own - limit)).sum(axis=1) for own, limit in zip(ends, limits, strict=True)], axis=0)
