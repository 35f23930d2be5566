"""Exact tilted laws whose answers are certified, and the comparator's verdicts on them."""

from dataclasses import astuple, dataclass
from functools import partial

import numpy as np
from flint import arb, ctx
from jaxtyping import Float

from benchmarks.simulated import exact_band
from numerics.bands import shapes
from numerics.bands.peak_intervals import peak_intervals
from numerics.closed_forms.certified import certified_turning_points, certify_peak
from numerics.judging.verdict import DEPARTS, HOLDS, UNDECIDED, decide

TOLERANCE = 1e-3
BITS = 256
ROUNDING = 64
"""Scale of the rounding band: the largest number that goes into a value."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many instances, questions asked of them, verdicts of each kind, and contradictions."""

    instances: int = 0
    judged: int = 0
    holds: int = 0
    departs: int = 0
    undecided: int = 0
    contradictions: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})

    def row(self) -> str:
        """The cells of a table, instances left out."""
        return " | ".join(f"{n:,}" for n in astuple(self)[1:])


def token_instances(count: int) -> Tally:
    """Interior tokens on random windows: rising, falling or bump, against their certified peaks."""
    rng = np.random.default_rng(3)
    total = Tally()
    for _ in range(count):
        law, odds = _law(rng)
        token = int(np.argsort(odds)[rng.integers(1, odds.size - 1)])
        low, high = certify_peak(law, odds, token)
        strengths = _window(rng)
        values = law[token] + strengths * odds[token] - _normaliser(law, odds, strengths)
        exact = _exact(strengths, law, odds, np.arange(odds.size) == token, over=None)
        band = exact_band(strengths, values[:, None], ROUNDING)
        wrong = not (peak_intervals(band)[0, 0] <= high and low <= peak_intervals(band)[0, 1])
        obeys = {
            shapes.rising: True if low >= strengths[-1] else False if high <= strengths[0] else None,
            shapes.falling: True if high <= strengths[0] else False if low >= strengths[-1] else None,
            shapes.bump: True,
        }
        for shape, truth in obeys.items():
            total += _compared(shape, band, exact, truth)
        total += Tally(instances=1, contradictions=int(wrong))
    return total


def concept_instances(count: int) -> Tally:
    """Random sets of tokens: at most as many turns as certified in the window, against one fewer too."""
    rng = np.random.default_rng(4)
    total, done = Tally(), 0
    while done < count:
        law, odds = _law(rng)
        concept = rng.random(odds.size) < 0.4
        try:
            points = certified_turning_points(law, odds, concept)
        except ValueError:
            continue
        if not 0 < concept.sum() < odds.size:
            continue
        done += 1
        strengths = _window(rng)
        inside = [p for p in points if p[1] > strengths[0] and p[0] < strengths[-1]]
        tilted = [_normaliser(law[side], odds[side], strengths) for side in (concept, ~concept)]
        exact = _exact(strengths, law, odds, concept, over=~concept)
        band = exact_band(strengths, (tilted[0] - tilted[1])[:, None], ROUNDING)
        first = "rising" if exact[1] > exact[0] else "falling"
        fewest, _ = shapes.fewest_turns(band)
        total += _compared(partial(shapes.turns, n=len(inside), first=first), band, exact, True)
        total += _compared(shapes.rising, band, exact, None if inside else first == "rising")
        total += Tally(instances=1, contradictions=int(fewest[0] > len(inside)))
    return total


def _compared(shape, band, exact: list[arb], obeys: bool | None) -> Tally:
    """One verdict; contradicted if certified to be wrong, or if the exact departure lies outside D- and D+."""
    found = shape(band)
    code = int(decide(found.least, found.most, TOLERANCE, True)[0])
    values = np.array([float(value) for value in exact])
    apart = shape(exact_band(band.strengths, values[:, None], 0.0)).least[0]
    slack = 4 * np.spacing(np.abs(values).max())  # of turning certified balls into floats
    outside = apart < found.least[0] - slack or apart > found.most[0] + slack
    wrong = (code == DEPARTS and obeys is True) or (code == HOLDS and apart > TOLERANCE + slack)
    return Tally(
        judged=1,
        holds=int(code == HOLDS),
        departs=int(code == DEPARTS),
        undecided=int(code == UNDECIDED),
        contradictions=int(wrong or outside),
    )


def _law(rng: np.random.Generator) -> tuple[Float[np.ndarray, " vocab"], Float[np.ndarray, " vocab"]]:
    size = int(rng.integers(4, 13))
    logits, odds = 2 * rng.normal(size=size), rng.normal(size=size)
    return logits - np.logaddexp.reduce(logits), odds


def _window(rng: np.random.Generator) -> Float[np.ndarray, " strengths"]:
    start = rng.uniform(-6, 3)
    return np.linspace(start, start + rng.uniform(1, 8), 33)


def _normaliser(law, odds, strengths) -> Float[np.ndarray, " strengths"]:
    exponents = law + strengths[:, None] * odds
    top = exponents.max(axis=1)
    return top + np.log(np.exp(exponents - top[:, None]).sum(axis=1))


def _exact(strengths, law, odds, tokens, over) -> list[arb]:
    """log of the tokens' share of the tilted law, or their log-odds over other tokens, in ball arithmetic."""
    others = np.ones(law.size, bool) if over is None else over
    with ctx.workprec(BITS):
        return [_log_sum(law, odds, tokens, a) - _log_sum(law, odds, others, a) for a in map(float, strengths)]


def _log_sum(law, odds, tokens, strength: float) -> arb:
    terms = zip(law[tokens].tolist(), odds[tokens].tolist(), strict=True)
    return sum(((arb(p) + arb(strength) * arb(m)).exp() for p, m in terms), start=arb(0)).log()
