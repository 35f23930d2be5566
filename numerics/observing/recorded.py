"""Sweeps of which curves alone were kept: what was watched of the model is read off them, without the model."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Bool

from numerics.observing.curves.head import Head
from numerics.observing.curves.loading import curves_of
from numerics.observing.model import SteeredModel, Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.sweep import Sweep, with_attributes
from numerics.observing.watched import Watched

KEPT = ("strength", "token", "concept", "log_odds")
"""What a sweep without tables still says: where it was asked for, and what was watched."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recorded:
    """A model of which nothing is left but its curves."""

    name: str
    head: Head

    @property
    def vocab_size(self) -> int:
        """V, the number of tokens."""
        return self.head.size

    def rays(self, tokens: Any, **where: Any) -> Any:
        """There is no model to be run along any other."""
        raise ValueError(f"{self.name}: a saved sweep holds the curves of its own contexts along its own vector alone")


def without_tables(sweep: Sweep) -> Sweep:
    """The sweep with its curves in place of everything that follows from them."""
    if sweep.nodes is None:
        raise ValueError("the sweep was read off no curves, so its tables cannot be left out")
    kept = [name for name in sweep.data.variables if name in KEPT]
    return Sweep(data=sweep.data[kept], nodes=sweep.nodes)


def lacks_tables(sweep: Sweep) -> bool:
    """Whether the sweep holds curves alone."""
    return sweep.nodes is not None and set(map(str, sweep.data.variables)) <= set(KEPT)


def observe_again(
    sweep: Sweep,
    concepts: Bool[np.ndarray, "concepts vocab"] | None,
    model: Any = None,
    *,
    wanted: Collection[str] | None = None,
) -> Sweep:
    """What a sweep without tables was made to show, and as many strengths more as its curves need.

    `model` supplies the unembedding where it was too large to be stored; one that is not the curves' own is refused.
    `wanted` names the variables that are asked for (default: all of them).
    """
    assert sweep.nodes is not None
    curves, data = curves_of(sweep.nodes, model), sweep.data
    strengths, (low, high) = sweep.strengths, curves[0].window
    if strengths[0] < low or strengths[-1] > high or not (strengths == 0).any():
        raise ValueError(f"strengths from {strengths[0]:g} to {strengths[-1]:g}, but curves from {low:g} to {high:g}")
    watched = Watched(
        tokens=data["token"].to_numpy() if "token" in data else (),
        log_odds=data["log_odds"].to_numpy() if "log_odds" in data else None,
        concepts=concepts if "concept" in data else None,
        concept_names=data["concept"].to_numpy().tolist() if "concept" in data else (),
    )
    seen = observe_next_token(
        cast(SteeredModel, Recorded(name=str(sweep.attributes.get("model")), head=curves[0].head)),
        range(len(curves)),
        strengths,
        Steering(layer=0, vector=np.zeros(1)),
        watched,
        between=True,
        curves=lambda: curves,
        wanted=wanted,
    )
    told = {"strengths_added": seen.attributes["strengths_added"]}
    return Sweep(data=with_attributes(seen.data, sweep.attributes | told), nodes=sweep.nodes)
