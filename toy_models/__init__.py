"""Models of known distributions, and one that ships with the project: unconstrained features, a small GPT."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toy_models.data_law import DataLaw
    from toy_models.ufm import UFM

CONTEXTS_EACH = 4
"""Contexts a concept, in the embedded instances."""


@dataclass(frozen=True, kw_only=True, eq=False)
class UFMInstance:
    """One embedded experiment: a model, the contexts that build the vector and those that are then steered."""

    kind: str
    instance: str
    model: UFM
    positive: tuple[int, ...]
    negative: tuple[int, ...]
    contexts: tuple[int, ...]

    @property
    def name(self) -> str:
        """The kind of model and which of them."""
        return f"{self.kind}/{self.instance}"

    @property
    def data(self) -> DataLaw:
        """The data law of the model's contexts."""
        return self.model.data


def ufm_instances() -> list[UFMInstance]:
    """What `steerlaw verify` runs on a known data law: exact, trained; smoothing, weighted; contrastive, random.

    Contexts are numbered concept after concept; concept 0 is the target. Its first three build the vector, against two
    of one opposite concept (contrastive) or four of several (random). The last context of every concept, inside the
    target and outside, is steered and builds nothing.
    """
    from toy_models.training import train_ufm
    from toy_models.ufm import exact_ufm

    instances = []
    for name, data in (("smoothing", paper_smoothing()), ("weighted", graded_weights())):
        contexts = tuple(j for j in range(len(data.contexts)) if j % CONTEXTS_EACH == CONTEXTS_EACH - 1)
        for kind, make in (("ufm-exact", exact_ufm), ("ufm-trained", train_ufm)):
            model = make(data, name=f"{kind}/{name}")
            for contrast, negative in (("contrastive", (4, 5)), ("random", (4, 5, 6, 8))):
                instances.append(
                    UFMInstance(
                        kind=kind,
                        instance=f"{name}/{contrast}",
                        model=model,
                        positive=(0, 1, 2),
                        negative=negative,
                        contexts=contexts,
                    )
                )
    return instances


def paper_smoothing() -> DataLaw:
    """The paper's setting: V = 9, G = 3, eps = 0.05, smoothed uniform; entropy 1.331785 nats."""
    from toy_models.data_law import DataLaw

    return DataLaw.smoothing(3, 3, Fraction(1, 20), contexts=_each_concept(3))


def graded_weights() -> DataLaw:
    """V = 16, G = 4, eps = 0.1, with weights that differ from token to token and from concept to concept.

    Log-odds are all distinct inside the target, so most of its tokens bump; with random negatives one concept holds
    no negative context and has log-odds 0.
    """
    from toy_models.data_law import DataLaw

    gamma = [[Fraction(w, 10) for w in row] for row in ((4, 3, 2, 1), (3, 3, 2, 2), (1, 2, 3, 4), (5, 2, 2, 1))]
    omega = [[Fraction(w, 10) for w in row] for row in ((1, 2, 3, 4), (4, 2, 2, 2), (1, 4, 1, 4), (3, 3, 2, 2))]
    return DataLaw.weighted(4, 4, Fraction(1, 10), gamma, omega, contexts=_each_concept(4))


def _each_concept(G: int) -> tuple[int, ...]:
    return tuple(k for k in range(G) for _ in range(CONTEXTS_EACH))
