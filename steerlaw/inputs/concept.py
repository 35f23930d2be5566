"""A concept to steer a language model towards, and the texts it is studied on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True, kw_only=True)
class Concept:
    """A concept to steer towards, and the texts it is studied on; no text serves two purposes.

    `vectors` holds one steering vector a layer. `targets` is a set of tokens fixed before any sweep. `log_odds` was
    measured on prompts that build no vector, and says nothing of how long the vectors are: it is scaled to the spread
    of the derivative of the logits at strength 0, never to steered curves; None takes that derivative itself, averaged
    over contexts. `segments` are text, as token ids, whose cross-entropy is swept.
    """

    name: str
    vectors: Mapping[int, Float[np.ndarray, " d"]]
    contexts: Sequence[str | Sequence[int]]
    targets: Bool[np.ndarray, " vocab"] | None = None
    log_odds: Float[np.ndarray, " vocab"] | None = None
    segments: Sequence[Sequence[int]] | Int[np.ndarray, "segments position"] | None = None
