"""What a model must offer to become a curve: something smooth to interpolate, and the angle in which it is smooth."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeGuard

import numpy as np
from jaxtyping import Float, Int

from numerics.arrays import ArrayLike
from numerics.observing.curves.angle import AngleMap
from numerics.observing.curves.head import Head

Evaluate = Callable[[Float[np.ndarray, " rows"], Int[np.ndarray, " rows"]], Float[np.ndarray, "rows d"]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rays:
    """One context (or set of texts) along one or more vectors, each of them a ray of strengths.

    `evaluate(strengths, which)` gives x `[rows, d]`: row i is ray `which[i]` at `strengths[i]`; `head` makes logits of
    x. `units` are the strengths at which `|alpha v| = |h|` (push 1), `limits` x at strengths of minus and plus
    infinity, or why there is none. `dtype` is what the model computes in, `least` how many nodes to begin with.
    """

    evaluate: Evaluate = field(repr=False)
    maps: tuple[AngleMap, ...]
    units: tuple[float, ...]
    head: Head
    dtype: str
    limits: Callable[[int], Float[np.ndarray, "2 d"]] = field(repr=False)
    least: int = 17


class CurvedModel(Protocol):
    """A model whose inside is known well enough to say in which angle it is smooth along `vectors`."""

    @property
    def name(self) -> str: ...

    @property
    def head(self) -> Head: ...

    def rays(self, tokens: Any, *, layer: Any, vectors: Float[ArrayLike, "vectors ..."], positions: Any) -> Rays: ...


def is_curved(model: Any) -> TypeGuard[CurvedModel]:
    """Whether a model offers what a `CurvedModel` does, itself or by passing on what is asked of it.

    `isinstance` would not do: from Python 3.12 on it no longer sees what a wrapper passes on by `__getattr__`.
    """
    return hasattr(model, "rays") and hasattr(model, "head")


class CurvedTextModel(Protocol):
    """The same for the cross-entropy of segments of text: x are the losses of the segments."""

    @property
    def name(self) -> str: ...

    def text_rays(self, segments: Any, *, layer: Any, vectors: Float[ArrayLike, "vectors ..."]) -> Rays: ...


def opaque_rays(model: Any, tokens: Any, *, layer: Any, vectors: Any, positions: Any, limit: float) -> Rays:
    """A model of which only logits are known: these are interpolated, densely, in an angle of the window's own size."""
    vectors = list(vectors)

    def evaluate(strengths: Float[np.ndarray, " rows"], which: Int[np.ndarray, " rows"]):
        parts = {}
        for ray in np.unique(which):
            rows = np.flatnonzero(which == ray)
            # A function that is not vectorised over unsorted strengths is no function of ours: they go up in order.
            order = rows[np.argsort(strengths[rows], kind="stable")]
            where = {} if positions == "all" else {"positions": positions}
            found = np.asarray(model.logits(tokens, strengths[order], layer=layer, vector=vectors[ray], **where))
            parts |= dict(zip(order.tolist(), found, strict=True))
        return np.stack([parts[row] for row in range(len(which))])

    def limits(ray: int) -> Float[np.ndarray, "2 d"]:
        raise ValueError(f"{model.name} gives only logits, so nothing is known at infinite strength: give a window")

    count = len(vectors)
    return Rays(
        evaluate=evaluate,
        maps=(AngleMap(middle=0.0, spread=limit),) * count,
        units=(1.0,) * count,
        head=Head(size=model.vocab_size),
        dtype=str(np.asarray(model.logits(tokens, np.zeros(1), layer=layer, vector=vectors[0])).dtype),
        limits=limits,
        least=129,
    )
