"""The table of statistics: of each name the number of one context, from what was seen in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from numerics.reported.blocks import rank_correlation, spread
from numerics.reported.lines import NEAR, straightness, tangent_ratio
from numerics.reported.strengths import best_push, nats_at_break


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One context at one block: the pushes, and by name curves `[..., pushes]` over them and numbers that have none."""

    pushes: Float[np.ndarray, " pushes"]
    values: Mapping[str, np.ndarray]

    def at(self, name: str, push: float) -> float:
        """A curve between its strengths; NaN beyond the window or without the curve."""
        if name not in self.values or not self.pushes[0] <= push <= self.pushes[-1]:
            return np.nan
        return float(np.interp(push, self.pushes, self.values[name]))


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """What it needs to have seen, and the number that it makes of that, for every block of a context or for one."""

    needs: tuple[str, ...]
    of: Callable[[list[Seen]], float]


def number(name: str, blocks: list[Seen]) -> float:
    """A statistic of one context, given what was seen at its blocks (one, for a statistic of a block); NaN: not asked.

    An unknown name is a `ValueError`.
    """
    if name not in STATISTICS:
        raise ValueError(f"statistic {name!r}: expected one of {', '.join(STATISTICS)}")
    statistic = STATISTICS[name]
    known = [seen for seen in blocks if all(need in seen.values for need in statistic.needs)]
    return statistic.of(known) if known else np.nan


def _move_ratio(seen: Seen) -> float:
    """How far the logit moves over a push of `NEAR`, over what its slope at 0 predicts."""
    slope = float(seen.values["concept_slope"])
    move = seen.at("concept_logit", NEAR) - seen.at("concept_logit", 0.0)
    return move / (slope * NEAR) if slope != 0 else np.nan


def _lens(blocks: list[Seen]) -> float:
    lens = np.array([float(seen.values["lens"]) for seen in blocks])
    return rank_correlation(lens, np.array([seen.at("efficiency", NEAR) for seen in blocks]))


def _nats(blocks: list[Seen]) -> float:
    found = [nats_at_break(s.pushes, s.values["efficiency"], s.values["nats"]) for s in blocks]
    return spread(np.array(found))


def _share(of: float, whole: float) -> float:
    return of / whole if whole > 0 else np.nan


STATISTICS: dict[str, Statistic] = {
    "push of the largest efficiency": Statistic(
        needs=("efficiency",), of=lambda blocks: best_push(blocks[0].pushes, blocks[0].values["efficiency"])
    ),
    "R^2 of log-odds of pairs": Statistic(
        needs=("pair_log_odds",), of=lambda blocks: straightness(blocks[0].pushes, blocks[0].values["pair_log_odds"])
    ),
    "slope of the concept's logit": Statistic(
        needs=("concept_slope",), of=lambda blocks: float(blocks[0].values["concept_slope"])
    ),
    "move over predicted move of the concept's logit": Statistic(
        needs=("concept_logit", "concept_slope"), of=lambda blocks: _move_ratio(blocks[0])
    ),
    "rank correlation over blocks": Statistic(needs=("lens", "efficiency"), of=_lens),
    "observed over predicted push of a tenth off the tangent": Statistic(
        needs=("logits", "logit_derivatives"),
        of=lambda blocks: tangent_ratio(
            blocks[0].pushes, blocks[0].values["logits"], blocks[0].values["logit_derivatives"]
        ),
    ),
    "largest over smallest nats at the break": Statistic(needs=("efficiency", "nats"), of=_nats),
    "nats of the norm over nats of the angle": Statistic(
        needs=("nats_of_norm", "nats_of_angle"),
        of=lambda blocks: _share(float(blocks[0].values["nats_of_norm"]), float(blocks[0].values["nats_of_angle"])),
    ),
}
