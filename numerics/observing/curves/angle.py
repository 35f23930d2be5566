r"""The angle on which a steered model is smooth: `alpha = c + s tan(tau)`.

The residual `h + alpha v` meets a normalisation, which sees its direction alone. With

    c = -<h, v> / |v|^2,    s = sqrt(|h_perp|^2 + d eps) / |v|,    h_perp = h - <h, v> v / |v|^2

(h and v less their mean over features under LayerNorm, eps the norm's epsilon)

    (h + alpha v) / sqrt(|h + alpha v|^2 + d eps)  =  (h_perp cos tau + s |v| v^ sin tau) / (s |v|),    v^ = v / |v|,

is of degree one on the circle: smooth in tau, strengths of plus and minus infinity (tau = +-pi/2) included, where in
alpha there are singularities at the distance s from the real line, `alpha = c +- i s`.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, kw_only=True)
class AngleMap:
    """`alpha = middle + spread tan(tau)`, tau from -pi/2 to pi/2; `middle` is c, `spread` is s, both strengths."""

    middle: float
    spread: float

    def angle(self, strengths: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """tau, of finite strengths and of infinite ones."""
        return np.arctan((strengths - self.middle) / self.spread)

    def strength(self, angles: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """alpha; infinite at the two ends."""
        ends = np.abs(angles) >= np.pi / 2
        inner = self.middle + self.spread * np.tan(np.where(ends, 0.0, angles))
        return np.where(ends, np.copysign(np.inf, angles), inner)

    def rate(self, strengths: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """`d tau / d alpha = s / (s^2 + (alpha - c)^2)`."""
        away = (strengths - self.middle) / self.spread
        return 1 / (self.spread * (1 + away * away))


def map_of(h: Float[np.ndarray, "places d"], v: Float[np.ndarray, "places d"], floor: float) -> AngleMap | None:
    """The map of one place, or the mean geometry of several: the mean of their c, the geometric mean of their s.

    `h` are residuals and `v` what the strength multiplies there, centred where the norm centres; `floor` is d eps.
    Places where the norm sees nothing of v do not count; None if there is no other, or if all s are 0.
    """
    # What scales a row to 1 is divided out before anything is squared: no overflow, no underflow.
    top = np.abs(v).max(axis=1)
    v, h, top = v[top > 0], h[top > 0], top[top > 0]
    unit = v / top[:, None]
    size = np.linalg.norm(unit, axis=1)
    along = np.einsum("pd,pd->p", h, unit) / size
    across = h - (along / size)[:, None] * unit
    largest = np.maximum(np.abs(across).max(axis=1, initial=0.0), np.finfo(np.float64).tiny)
    spread = np.hypot(np.linalg.norm(across / largest[:, None], axis=1) * largest, floor**0.5) / size / top
    middle = -along / size / top
    usable = np.isfinite(spread) & np.isfinite(middle) & (spread > 0)
    if not usable.any():
        return None
    return AngleMap(middle=float(middle[usable].mean()), spread=float(np.exp(np.log(spread[usable]).mean())))
