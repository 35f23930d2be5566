"""What the paper saw language models do, block by block: not laws of models, but shares of what its theory has.

Each is a number from 0 to 1 a context, 1 in theory (arXiv 2602.02712 v1, Sec. 5 and App. A and B.1):

    separation   how surely a token of the target set, fixed before any sweep, rises faster at strength 0 than another
                 does: P(slope of target > slope of other), ties half (the area under the ROC curve); chance is 1/2.
                 Lemma B.4
    bumps        of the tokens chosen before the sweep that the tilt has peak inside the window, those whose
                 log-probability rises, peaks and falls. Theorem 3.3 (1)
    domination   of the most probable tokens at either end of the window, those of extremal log-odds: among the 1 % of
                 the vocabulary that the strength favours most; chance is 1 %. Proposition B.1, strengths without bound

A control is shown where it could differ: log-odds dealt to other tokens change none of the curves.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import softmax
from scipy.stats import rankdata

from numerics.judging.shares import Tally, tally
from numerics.judging.sweeps import Weighing
from numerics.observing.variables import BUMP, FALLING, RISING
from steerlaw.inputs.subjects import CONTROLS, Control, Observation, Subject
from steerlaw.results.shares import Holding, holdings

Measure = Callable[[Observation], Tally | None]

DOMINATING = 8
"""Most probable tokens looked at, at either end of the window."""
EXTREME = 0.01
"""The share of the vocabulary whose log-odds count as extremal, on either side; at least as many as are looked at."""
TOLERANCE = 1e-3
"""Nats: how far a bump must rise and fall at least, and how far it may stray from one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """One finding of one observation, as `holdings` takes it."""

    law: str
    holding: dict[Weighing, Tally]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A finding: what it says, how it is measured, and which controls it is shown beside."""

    says: str
    measure: Measure
    controls: tuple[Control, ...] = ("random_direction", "random_weights")


@dataclass(frozen=True, kw_only=True)
class BlockFinding:
    """One finding on one model and concept, at one block or (`layer` None) at all of them, or on a control."""

    concept: str | None
    holding: Holding

    def to_json(self) -> dict[str, Any]:
        """As an entry of `findings` in report.json."""
        found = self.holding.to_json()
        del found["weighing"]
        return {"finding": found.pop("law"), "concept": self.concept, **found}


def findings(observations: Iterable[Observation]) -> list[BlockFinding]:
    """Every finding on every language model and concept, its blocks apart and together, beside the controls."""
    by_concept: dict[str | None, list[tuple[Subject, Measured]]] = defaultdict(list)
    for observation in observations:
        by_concept[observation.subject.concept] += measured(observation)
    return [BlockFinding(concept=name, holding=line) for name, found in by_concept.items() for line in holdings(found)]


def measured(observation: Observation) -> Iterator[tuple[Subject, Measured]]:
    """What the next-token sweep of a residual stream shows of each finding."""
    subject = observation.subject
    if observation.kind != "next token" or subject.push is None:
        return
    for name, row in ROWS.items():
        if subject.control in (None, *row.controls) and (found := row.measure(observation)) is not None:
            yield subject, Measured(law=name, holding={"count": found})


def separation(observation: Observation) -> Tally | None:
    """Mann and Whitney's statistic of the slopes at 0, of the first concept against all other tokens."""
    data, baseline = observation.sweep.data, observation.baseline
    if "slope_at_zero" not in data or baseline is None or baseline.concepts is None:
        return None
    slopes = data["slope_at_zero"].transpose("context", "vocab").to_numpy()
    area = area_under_curve(slopes, np.asarray(baseline.concepts[0], bool))
    return None if area is None else _values(area)


def area_under_curve(
    slopes: Float[np.ndarray, "contexts vocab"], target: Bool[np.ndarray, " vocab"]
) -> Float[np.ndarray, " contexts"] | None:
    """P(slope of a target token > slope of another), ties half, in each context; None without either."""
    inside, outside = target.sum(), (~target).sum()
    if not inside or not outside:
        return None
    ranks = rankdata(slopes, axis=1)
    return (ranks[:, target].sum(axis=1) - inside * (inside + 1) / 2) / (inside * outside)


def bumps(observation: Observation) -> Tally | None:
    """Neither rising nor falling, within the tolerance, but of one peak, which is at E_alpha[M] = M(z)."""
    data, baseline = observation.sweep.data, observation.baseline
    if "shape_departure" not in data or baseline is None or baseline.log_odds is None:
        return None
    tokens = data["token"].to_numpy()
    start, end = (
        softmax(baseline.log_probs + strength * baseline.log_odds, axis=1) @ baseline.log_odds
        for strength in observation.sweep.strengths[[0, -1]]
    )
    level = baseline.log_odds[tokens]
    inside = (start[:, None] < level) & (level < end[:, None])
    departure = data["shape_departure"].transpose("context", "vocab", "shape", "bound").to_numpy()[:, tokens]
    least, most = departure[..., 0], departure[..., 1]
    turns = (least[..., [RISING, FALLING]] > TOLERANCE).all(axis=-1)
    return tally(turns & (most[..., BUMP] <= TOLERANCE), judged=inside)


def domination(observation: Observation) -> Tally | None:
    """By the largest log-odds at the right end, by the smallest at the left one."""
    data, baseline = observation.sweep.data, observation.baseline
    if "end" not in data or baseline is None or baseline.log_odds is None:
        return None
    shares = []
    for end, favour in (("end", baseline.log_odds), ("start", -baseline.log_odds)):
        extremal = rankdata(-favour, method="min") <= max(DOMINATING, EXTREME * favour.size)
        values = data[end].transpose("context", "vocab").to_numpy()
        leading = np.argsort(-values, axis=1, kind="stable")[:, :DOMINATING]
        shares.append(extremal[leading].mean(axis=1))
    return _values(np.mean(shares, axis=0))


def _values(values: Float[np.ndarray, " contexts"]) -> Tally:
    return Tally(obeying=values, judged=np.ones_like(values))


ROWS: dict[str, Row] = {
    "separation": Row(
        says="target tokens rise faster than others at strength 0 (area under the curve)", measure=separation
    ),
    "bumps": Row(says="watched tokens that should peak inside the window rise, peak and fall", measure=bumps),
    "domination": Row(
        says="tokens that dominate far out have extremal log-odds",
        measure=domination,
        controls=CONTROLS,
    ),
}
