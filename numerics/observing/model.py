"""What a steered model must offer to be observed; everything else about it stays its own affair."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Array, Float, Int

from numerics.arrays import ArrayLike


@dataclass(frozen=True, kw_only=True, eq=False)
class Steering:
    """`alpha * vector` added at the output of block `layer`; for a list of blocks, a row of `vector` to each.

    `positions` are those of the prompt that are steered: all, or the last only.
    """

    layer: Any
    vector: Float[ArrayLike, "*layers d"]
    positions: Literal["all", "last"] = "all"

    @property
    def keywords(self) -> dict[str, Any]:
        """As a model's methods take it; a model that always steers all positions need not know of any others."""
        only = {} if self.positions == "all" else {"positions": self.positions}
        return {"layer": self.layer, "vector": self.vector, **only}


@runtime_checkable
class SteeredModel(Protocol):
    """A language model as a function of the strength alpha with which `alpha * vector` is added at `layer`.

    `tokens` is one prompt, in whatever form the model takes; logits are those of the next token. A model may also offer
    `derivative` (the arguments of `logits`; exact d logits/d alpha) and `cross_entropy` (`CrossEntropyModel`).
    """

    @property
    def name(self) -> str: ...

    @property
    def vocab_size(self) -> int: ...

    def logits(
        self, tokens: Any, strengths: Float[ArrayLike, " strengths"], *, layer: Any, vector: Float[ArrayLike, "..."]
    ) -> Float[Array | np.ndarray, "strengths vocab"]: ...


@runtime_checkable
class CrossEntropyModel(Protocol):
    """A model that can be evaluated on segments of text: mean next-token cross-entropy in nats, segment by segment."""

    @property
    def name(self) -> str: ...

    def cross_entropy(
        self,
        segments: Int[ArrayLike, "segments position"] | Sequence[Sequence[int]],
        strengths: Float[ArrayLike, " strengths"],
        /,
        *,
        layer: Any,
        vector: Float[ArrayLike, "..."],
    ) -> Float[Array | np.ndarray, "strengths segments"]: ...
