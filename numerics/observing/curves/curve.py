"""`SteeredCurve`: a steered model as a function of the strength, at every strength of a window and for every token."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from numerics.arrays import ArrayLike
from numerics.observing.curves import reading, turning
from numerics.observing.curves.angle import AngleMap
from numerics.observing.curves.head import Head
from numerics.observing.curves.partition import Partition, partitions
from numerics.observing.curves.pieces import Piece, piece_of
from numerics.observing.curves.reading import Moving
from numerics.observing.curves.saving import save_curve
from numerics.observing.slices import Tokens

ALL = slice(None)
Strengths = float | Sequence[float] | Float[ArrayLike, "*strengths"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SteeredCurve:
    """The normed last residual `x(tau)`, `alpha = c + s tan(tau)`, interpolated piece by piece; all else follows.

    `window` are the lowest and the highest strength (infinite for all), `evaluations` how often the model was asked,
    `rounding` what its dtype may have done to a log-probability, `tolerance` what the interpolation was to keep to.
    Log-probabilities, slopes and sums over the vocabulary are float64; strengths outside the window are a `ValueError`.

    >>> curve = steered_curve(model, "def main(", layer=2, vector=v)                               # doctest: +SKIP
    >>> curve.log_probs([-1.0, 0.0, 0.5]).shape, curve.peaks(17), curve.error                      # doctest: +SKIP
    ((3, 4096), 0.4312, 8e-06)
    """

    map: AngleMap
    pieces: tuple[Piece, ...] = field(repr=False)
    head: Head = field(repr=False)
    window: tuple[float, float]
    evaluations: int
    rounding: float
    tolerance: float
    attributes: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def error(self) -> float:
        """How far a log-probability may be off, anywhere in the window: interpolation and rounding."""
        return max(piece.error for piece in self.pieces) + self.rounding

    def error_at(self, strengths: Strengths) -> Float[np.ndarray, " strengths"]:
        """The same, strength by strength: where the curve was not resolved it is larger than elsewhere."""
        errors = np.array([piece.error for piece in self.pieces])
        return errors[piece_of(self.pieces, self._angles(strengths)[1])] + self.rounding

    def slope_error(self, strengths: Strengths) -> Float[np.ndarray, " strengths"]:
        """How far a slope may be off, from how far values may: the inequalities of Bernstein and Markov.

        A polynomial of degree m that is at most e in size on [-1, 1] has a derivative of at most
        `e min(m / sqrt(1 - t^2), m^2)`; in alpha, that times `(dt / d tau)(d tau / d alpha)`. Infinite where the curve
        was not resolved: there something sharper than the polynomial may hide within the error.
        """
        alpha, angles = self._angles(strengths)
        which = piece_of(self.pieces, angles)
        steepest = np.empty(len(alpha))
        for number, piece in enumerate(self.pieces):
            mine = which == number
            inside = np.sqrt(1 - piece.place(angles[mine]) ** 2)
            growth = piece.degree / np.maximum(inside, 1 / max(piece.degree, 1)) / piece.half
            steepest[mine] = (piece.error + self.rounding if piece.resolved else np.inf) * growth
        return steepest * self.map.rate(alpha)

    def logits(self, strengths: Strengths, tokens: Any = ALL) -> Float[np.ndarray, "strengths tokens"]:
        """Logits, of every token or of some (ids, a slice), in the dtype of the model's logits."""
        return self.head.logits(self.normed(strengths), self._ids(tokens))

    def log_probs(self, strengths: Strengths, tokens: Any = ALL) -> Float[np.ndarray, "strengths tokens"]:
        """Natural logs of the next token's probabilities; no table of all tokens is made for some of them."""
        return reading.log_probs(self.head, self.normed(strengths), self._ids(tokens))

    def slopes(self, strengths: Strengths, tokens: Any = ALL) -> Float[np.ndarray, "strengths tokens"]:
        """Derivatives of `log_probs` in the strength, of the interpolant: no further evaluation."""
        moving, rate = self._moving(strengths)
        return reading.slopes(self.head, moving, self._ids(tokens)) * rate[:, None]

    def logit_slopes(self, strengths: Strengths, tokens: Any = ALL) -> Float[np.ndarray, "strengths tokens"]:
        """Derivatives of `logits` in the strength."""
        moving, rate = self._moving(strengths)
        return self.head.moving(*moving, self._ids(tokens))[1] * rate[:, None]

    def divergence(self, strengths: Strengths) -> Float[np.ndarray, " strengths"]:
        """`KL(p_alpha, p)` in nats, p the distribution at strength 0."""
        return reading.divergence(self.head, self.normed(strengths), self.normed([0.0]))

    def entropy(self, strengths: Strengths) -> Float[np.ndarray, " strengths"]:
        """Entropy of the next token in nats."""
        return reading.entropy(self.head, self.normed(strengths))

    def turning_points(self, tokens: Any = ALL) -> "turning.Turns":
        """Where log-probabilities have their maxima and minima inside the window, as `Turns` over strengths."""
        found = turning.turns(self.head, self.partitions, self._numbers(tokens))
        return found._replace(at=self.map.strength(found.at))

    def peaks(self, tokens: Any = ALL) -> Float[np.ndarray, " tokens"]:
        """The strength at which each token's probability is largest; infinite where that is at an end of the window.

        For one token (an integer) one number. An infinite peak lies at the window's end or beyond it, on that side.
        """
        ids, back = np.unique(self._numbers(tokens), return_inverse=True)
        low, high = turning.ends(self.head, self.partitions, ids)
        found = self.turning_points(ids)
        ascending = np.flatnonzero(found.kind > 0)[np.argsort(found.value[found.kind > 0], kind="stable")]
        place = np.searchsorted(ids, found.token[ascending])
        top, peak = np.full(len(ids), -np.inf), np.zeros(len(ids))
        top[place], peak[place] = found.value[ascending], found.at[ascending]  # the largest of a token comes last
        peak = np.where(top > np.maximum(low, high), peak, np.where(low > high, -np.inf, np.inf))[back]
        return peak[0] if np.ndim(tokens) == 0 and not isinstance(tokens, slice) else peak

    @property
    def nodes(self) -> Float[np.ndarray, " nodes"]:
        """The strengths at which x is the model's own, ascending: the grid that a curve is at the least."""
        return self.map.strength(np.unique(np.concatenate([piece.nodes for piece in self.pieces])))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the person who asked for the curve should read: where it is not what it was to be."""
        poor = [piece for piece in self.pieces if piece.error > max(self.tolerance, self.rounding)]
        return tuple(
            f"between strengths {low:.4g} and {high:.4g} the curve is known to {piece.error:.2g} in log-probability "
            f"(asked for: {self.tolerance:.2g}) after {self.evaluations} evaluations; a larger budget may resolve it"
            for piece in poor
            for low, high in [self.map.strength(np.array([piece.low, piece.high]))]
        )

    def explain(self) -> str:
        """How the curve was made, in words."""
        low, high = self.window
        sizes = ", ".join(str(piece.degree + 1) for piece in self.pieces)
        made = f"{self.evaluations} evaluations between strengths {low:.4g} and {high:.4g}"
        how = f"alpha = {self.map.middle:.4g} + {self.map.spread:.4g} tan(tau), nodes a piece: {sizes}"
        known = f"log-probabilities within {self.error:.2g}, {self.rounding:.2g} of it for the dtype's rounding"
        return "\n".join([f"{made}; {how}; {known}", *self.notes])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write as netCDF, whole or not at all (`load_curve`)."""
        save_curve(self, path)

    @cached_property
    def partitions(self) -> tuple[Partition, ...]:
        """`log Z` along every piece."""
        return partitions(self.head, self.pieces)

    def _angles(self, strengths: Strengths) -> tuple[Float[np.ndarray, " strengths"], Float[np.ndarray, " strengths"]]:
        alpha = np.atleast_1d(np.asarray(strengths, np.float64))
        low, high = self.window
        if alpha.ndim != 1 or not np.isfinite(alpha).all():
            raise ValueError(f"strengths of shape {alpha.shape}, expected finite numbers in one dimension")
        if ((alpha < low) | (alpha > high)).any():
            wrong = alpha[(alpha < low) | (alpha > high)][0]
            raise ValueError(f"strength {wrong:g} is outside the curve's window, {low:g} to {high:g}: make a wider one")
        return alpha, np.clip(self.map.angle(alpha), self.pieces[0].low, self.pieces[-1].high)

    def _moving(self, strengths: Strengths) -> tuple[Moving, Float[np.ndarray, " strengths"]]:
        alpha, angles = self._angles(strengths)
        which = piece_of(self.pieces, angles)
        x = np.empty((len(alpha), self.pieces[0].values.shape[1]), self.pieces[0].values.dtype)
        dx = np.empty_like(x)
        for number, piece in enumerate(self.pieces):
            mine = which == number
            x[mine], dx[mine] = piece.moving(angles[mine])
        return Moving(x, dx), self.map.rate(alpha)

    def normed(self, strengths: Strengths) -> Float[np.ndarray, "strengths d"]:
        """x, the normed last residual, of which logits are one product with the unembedding (`head`)."""
        _, angles = self._angles(strengths)
        which = piece_of(self.pieces, angles)
        x = np.empty((len(angles), self.pieces[0].values.shape[1]), self.pieces[0].values.dtype)
        for number, piece in enumerate(self.pieces):
            x[which == number] = piece.at(angles[which == number])
        return x

    def _ids(self, tokens: Any) -> Tokens:
        return tokens if isinstance(tokens, slice) else self._numbers(tokens)

    def _numbers(self, tokens: Any) -> Int[np.ndarray, " tokens"]:
        ids = np.arange(self.head.size)[tokens] if isinstance(tokens, slice) else np.atleast_1d(np.asarray(tokens))
        if ids.ndim != 1 or not np.issubdtype(ids.dtype, np.integer):
            raise ValueError(f"tokens are {ids.dtype} of shape {ids.shape}, expected ids in one dimension")
        if (wrong := ids[(ids < 0) | (ids >= self.head.size)]).size:
            raise ValueError(f"token id {wrong[0]} is out of range: the curve has {self.head.size} tokens")
        return ids
