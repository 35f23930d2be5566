"""From what a curve interpolates to logits: `cap tanh(u / cap)`, `u = W x / divisor`, a slice of tokens at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

import numpy as np
from jaxtyping import Array, Float, Int

from numerics.observing.slices import Tokens, slices


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """The unembedding W `[size, d]`, in the dtype that it is stored in, its divisor, and the cap; without W, x are u.

    Products are taken in the dtype of x, which is float32 at least.
    """

    size: int
    table: Float[Array | np.ndarray, "size d"] | None = field(default=None, repr=False)
    cap: float | None = None
    divisor: float = 1.0

    def logits(self, x: Float[np.ndarray, "rows d"], tokens: Tokens) -> Float[np.ndarray, "rows tokens"]:
        """Logits of some tokens, from normed residuals."""
        return self._capped(self.products(x, tokens))

    def moving(
        self, x: Float[np.ndarray, "rows d"], dx: Float[np.ndarray, "rows d"], tokens: Tokens
    ) -> tuple[Float[np.ndarray, "rows tokens"], Float[np.ndarray, "rows tokens"]]:
        """Logits, and their derivatives where x moves with derivative `dx`: `d(c tanh(u / c)) = (1 - tanh^2) du`."""
        return self._chained(self.products(x, tokens), self.products(dx, tokens))

    def moving_each(
        self, x: Float[np.ndarray, "rows d"], dx: Float[np.ndarray, "rows d"], tokens: Int[np.ndarray, " rows"]
    ) -> tuple[Float[np.ndarray, " rows"], Float[np.ndarray, " rows"]]:
        """The same of one token a row."""
        if self.table is None:
            rows = np.arange(len(tokens))
            return self._chained(x[rows, tokens], dx[rows, tokens])
        directions = self._rows[tokens].astype(x.dtype) / self.divisor
        return self._chained(np.einsum("rd,rd->r", x, directions), np.einsum("rd,rd->r", dx, directions))

    def products(self, x: Float[np.ndarray, "rows d"], tokens: Tokens) -> Float[np.ndarray, "rows tokens"]:
        """u of some tokens; linear in x."""
        if self.table is None:
            return x[:, tokens]
        return (x / self.divisor) @ self._rows[tokens].astype(x.dtype, copy=False).T

    @cached_property
    def _rows(self) -> np.ndarray:
        """W where NumPy can slice it; on a CPU that is no copy."""
        return np.asarray(self.table)

    def slices(self) -> Iterator[slice]:
        """The vocabulary in slices: no table of strengths and tokens is whole unless it is asked for."""
        return slices(self.size)

    def reach(self, change: Float[np.ndarray, "rows d"]) -> Float[np.ndarray, " rows"]:
        """The most by which a change of x can change any log-probability, or any logit.

        If logits change by delta, then `log p_z` does by `delta_z - log sum_y p_y exp(delta_y)`, which is at most
        `max delta - min delta` in size; the cap only brings each delta closer to 0, which is therefore counted in.
        """
        top, bottom = np.zeros(len(change)), np.zeros(len(change))
        for columns in self.slices():
            delta = self.products(change, columns)
            top, bottom = np.maximum(top, delta.max(axis=1)), np.minimum(bottom, delta.min(axis=1))
        return top - bottom

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of W's shape, dtype and bytes."""
        rows = np.ascontiguousarray(self._rows if self.table is not None else np.zeros(0))
        return sha256(f"{rows.dtype.name} {rows.shape} ".encode() + rows.tobytes()).hexdigest()

    def _chained(self, products: np.ndarray, slopes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits = self._capped(products)
        return logits, slopes if self.cap is None else slopes * (1 - (logits / self.cap) ** 2)

    def _capped(self, products: np.ndarray) -> np.ndarray:
        return products if self.cap is None else self.cap * np.tanh(products / self.cap)
