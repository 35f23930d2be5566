"""What a steered model must offer to be observed; everything else about it stays its own affair."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int


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
    """A model that can be evaluated on blocks of text: mean next-token cross-entropy in nats, block by block."""

    @property
    def name(self) -> str: ...

    def cross_entropy(
        self,
        blocks: Int[ArrayLike, "blocks position"] | Sequence[Sequence[int]],
        strengths: Float[ArrayLike, " strengths"],
        *,
        layer: Any,
        vector: Float[ArrayLike, "..."],
    ) -> Float[Array | np.ndarray, "strengths blocks"]: ...
