"""Of each claim on each model the curve on which it does best and the one on which it does worst, to be drawn small."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float

from numerics.judging.sweeps import Finding
from numerics.judging.verdict import NOT_APPLICABLE, worst
from numerics.observing.curve_bands import Curves
from numerics.observing.sweep import NotObservedError
from steerlaw.inputs.subjects import Observation
from steerlaw.results.exploring.explored import Explored
from theory.quantities import QUANTITIES, Along

POINTS = 33
"""Of a picture: as many as its few pixels can show."""

Which = Literal["best", "worst"]
Index = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class CurvePicture:
    """One observed curve `along` the strength, between `lower` and `upper`, and how a claim fares on it.

    `horizon` is, in sizes of strengths, how far the claim certainly holds and from where on it certainly does not
    (infinite: no end was seen); None where the claim has none. `witness` are the (strength, value)
    that show a departure; `place` says in words which curve of the model it is.
    """

    law: str
    claim: str
    model: str
    which: Which
    quantity: str
    along: Along
    at: Float[np.ndarray, " points"] = field(repr=False)
    lower: Float[np.ndarray, " points"] = field(repr=False)
    upper: Float[np.ndarray, " points"] = field(repr=False)
    horizon: tuple[float, float] | None
    witness: tuple[tuple[float, float], ...] = ()
    place: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Candidate:
    observation: Observation
    finding: Finding
    index: Index
    rank: tuple[float, float]


def curve_pictures(
    judged: Iterable[tuple[Observation, Finding]], explored: Sequence[Explored] = ()
) -> list[CurvePicture]:
    """A picture of the best and of the worst curve of each claim on each model; controls are left out.

    Worst is what departs farthest; best what holds farthest out or, where a claim has no horizon, departs least. Curves
    of tokens that no table holds are read off `explored`; what was not kept as a curve is left out.
    """
    found: dict[tuple[str, str, str, Which], _Candidate] = {}
    for observation, finding in judged:
        if observation.subject.control is None and (finding.verdicts != NOT_APPLICABLE).any():
            for which, candidate in _candidates(observation, finding):
                key = finding.law, finding.claim, observation.subject.model, which
                if key not in found or candidate.rank < found[key].rank:
                    found[key] = candidate
    known = {(one.model, one.concept, one.layer, one.context): one for one in explored}
    drawn = (_drawn(one, which, known) for (*_, which), one in found.items())
    return [picture for picture in drawn if picture is not None]


def _candidates(observation: Observation, finding: Finding) -> list[tuple[Which, _Candidate]]:
    """The two of a finding; what comes first is better known as best, or as worst."""
    codes, size = finding.verdicts, np.nan_to_num(finding.departures, nan=0.0)
    low = worst(codes, finding.departures, finding.departures)
    reach = finding.horizons["both"].lower if "both" in finding.horizons else np.zeros(codes.shape)
    reach = np.where(codes == NOT_APPLICABLE, -np.inf, np.nan_to_num(reach, nan=-np.inf))
    order = np.lexsort((size.ravel(), -reach.ravel()))
    high = tuple(int(n) for n in np.unravel_index(order[0], codes.shape))
    push = finding.push or 1.0
    severity = {"departs": 0.0, "undecided": 1.0}.get(finding.worst.verdict, 2.0)
    ends: list[tuple[Which, Index, tuple[float, float]]] = [
        ("worst", low, (severity, -float(size[low]))),
        ("best", high, (-float(reach[high]) * push, float(size[high]))),
    ]
    return [
        (which, _Candidate(observation=observation, finding=finding, index=index, rank=rank))
        for which, index, rank in ends
    ]


def _drawn(one: _Candidate, which: Which, known: Mapping[tuple, Explored]) -> CurvePicture | None:
    finding, subject = one.finding, one.observation.subject
    quantity = QUANTITIES[finding.quantity]
    curve = _curve(one, known)
    if curve is None:
        return None
    some = np.unique(np.linspace(0, len(curve.strengths) - 1, POINTS).round().astype(int))
    horizon = finding.horizons.get("both")
    witness = finding.worst.witness if which == "worst" else None
    return CurvePicture(
        law=finding.law,
        claim=finding.claim,
        model=subject.model,
        which=which,
        quantity=quantity.id.replace("_", " "),
        along=quantity.along,
        at=curve.strengths[some],
        lower=curve.lower[some],
        upper=curve.upper[some],
        horizon=None if horizon is None else (float(horizon.lower[one.index]), float(horizon.upper[one.index])),
        witness=() if not witness else tuple(zip(witness["strengths"], witness["values"], strict=True)),
        place=_place(one),
    )


def _curve(one: _Candidate, known: Mapping[tuple, Explored]) -> Curves | None:
    """The observed band: of a table, or of a token that is in none off its context's curve."""
    finding, subject, sweep = one.finding, one.observation.subject, one.observation.sweep
    if finding.per == ("context", "token") and finding.tokens is None:
        context, token = one.index
        held = sweep.data["token"].to_numpy().tolist() if "token" in sweep.data else []
        if token not in held:
            explored = known.get((subject.name, subject.concept, subject.layer, context))
            if explored is None:
                return None
            low, high = explored.curve.window
            at = sweep.strengths[(sweep.strengths >= low) & (sweep.strengths <= high)]
            values, width = explored.curve.log_probs(at, [token])[:, 0], explored.curve.error_at(at)
            return Curves(strengths=at, lower=values - width, upper=values + width)
        index: Index = (context, held.index(token))
    else:
        index = one.index
    try:
        curves = sweep.curves(QUANTITIES[finding.quantity])
    except NotObservedError:
        return None
    return Curves(strengths=curves.strengths, lower=curves.lower[index], upper=curves.upper[index])


def _place(one: _Candidate) -> str:
    """Which curve of its model it is, in words."""
    subject, parts = one.observation.subject, dict(zip(one.finding.per, one.index, strict=True))
    token = parts.get("token")
    if token is not None and one.finding.tokens is not None:
        token = int(one.finding.tokens[token])
    text = subject.token_text(token) if token is not None and subject.token_text else ""
    words = [
        subject.instance or (None if subject.layer is None else f"block {subject.layer}"),
        subject.concept,
        f"context {parts['context']}" if "context" in parts else None,
        None if token is None else f"token {text!r}" if text else f"token {token}",
    ]
    return ", ".join(filter(None, words))
