"""Chains as steered models, and those that `steerlaw verify` runs: every law of whole texts is exact on them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.arrays import ArrayLike
from toy_models import paper_smoothing
from toy_models.chain import Chain


@dataclass(frozen=True, kw_only=True, eq=False)
class SteeredChain:
    """A chain as a function of the strength: logits `log p(z | last) + alpha v_z`; a context is a last token.

    The chain's own vector is its log-odds; `targets` are the tokens of each concept, the target first.
    """

    name: str
    chain: Chain
    targets: tuple[tuple[int, ...], ...]
    concept_names: tuple[str, ...] = field(default=("target",))

    @property
    def vocab_size(self) -> int:
        return len(self.chain.factors)

    @cached_property
    def log_probs(self) -> Float[np.ndarray, "last vocab"]:
        """Unsteered, after each token."""
        return np.log(np.array(self.chain.after, dtype=np.float64))

    @cached_property
    def log_odds(self) -> Float[np.ndarray, " vocab"]:
        """M, the logs of the chain's factors."""
        return np.log(np.array(self.chain.factors, dtype=np.float64))

    @cached_property
    def lasts(self) -> tuple[int, ...]:
        """The first token of each kind: what comes after the others of a kind is distributed alike."""
        rows = self.chain.after
        return tuple(z for z, row in enumerate(rows) if rows.index(row) == z)

    @property
    def follows(self) -> Int[np.ndarray, " vocab"]:
        """The number in `lasts` of the token after which all goes on as after each."""
        rows = self.chain.after
        return np.array([self.lasts.index(rows.index(row)) for row in rows])

    @property
    def concepts(self) -> Bool[np.ndarray, "concepts vocab"]:
        """Members of each concept."""
        return np.array([np.isin(np.arange(self.vocab_size), target) for target in self.targets])

    def logits(
        self,
        tokens: Sequence[int],
        strengths: Float[ArrayLike, " strengths"],
        *,
        layer: Any,
        vector: Float[ArrayLike, " vocab"],
    ) -> Float[np.ndarray, "strengths vocab"]:
        """Logits of the token after the last of `tokens`; `vector` is what a unit of strength adds to them."""
        return self.log_probs[tokens[-1]] + np.asarray(strengths, np.float64)[:, None] * np.asarray(vector)


def steered_chains() -> Iterator[SteeredChain]:
    """Ordered by likelihood ratio; turning, where steering first leads away from the concept; the paper's concepts.

    Texts of the first have three tokens of four, those of the second two of three, of the third three of nine.
    """
    yield SteeredChain(name="ordered", chain=ordered_chain(), targets=((3,),))
    yield SteeredChain(name="turning", chain=turning_chain(), targets=((0,),))
    data = paper_smoothing()
    home = [int(k) for k in data.concept_of]
    yield SteeredChain(
        name="concepts",
        chain=Chain.of_concepts(data, positive=0, negative=[1], length=3),
        targets=tuple(tuple(z for z, k in enumerate(home) if k == concept) for concept in range(len(data.a))),
        concept_names=("target", "opposite", "other"),
    )


def ordered_chain() -> Chain:
    """Four tokens, `p(y | z)` in proportion to `2^(z y)` times (8, 4, 2, 1): monotone in likelihood ratio."""
    weights = [[Fraction(2) ** (z * y) * 2 ** (3 - y) for y in range(4)] for z in range(4)]
    rows = tuple(tuple(weight / sum(row) for weight in row) for row in weights)
    return Chain(
        first=rows[0], after=rows, factors=(Fraction(1, 3), Fraction(1, 2), Fraction(1), Fraction(2)), length=3
    )


def turning_chain() -> Chain:
    """The target is rare but after the token that steering leads away from: its chance in texts first falls."""
    rare = (Fraction(1, 100), Fraction(99, 200), Fraction(99, 200))
    likely = (Fraction(99, 100), Fraction(1, 200), Fraction(1, 200))
    return Chain(first=rare, after=(rare, rare, likely), factors=(Fraction(3), Fraction(1), Fraction(1, 3)), length=2)
