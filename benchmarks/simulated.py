"""Curves that obey a law, or miss it by a known amount, and what one would see of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from numerics.bands import shapes
from numerics.bands.band import Band, around, rounding_halfwidth
from numerics.bands.intervals import bounded_mean_band, centred, clustered_proportion_band, mean_band, proportion_band
from numerics.bands.shapes import Departures

Table = Float[np.ndarray, "strengths curves"]
Generator = np.random.Generator

CONTEXTS = 8
STEP = 0.05
"""Largest step of a curve of bounded slope."""


@dataclass(frozen=True, kw_only=True)
class ShapeClass:
    """A class of curves: members drawn at random, values between 0 and 1, and how the comparator judges them.

    `shifts`: a member moved up or down is a member, so that contexts may be centred.
    """

    draw: Callable[[Generator, int, int], Table]
    judge: Callable[[Band, Table], Departures]
    shifts: bool = True


def turning(turns: int, first: int) -> Callable[[Generator, int, int], Table]:
    """Curves with so many turns at random places, half of their steps flat: the hardest members of the class."""

    def draw(rng: Generator, strengths: int, curves: int) -> Table:
        steps = rng.exponential(size=(strengths - 1, curves)) * (rng.random((strengths - 1, curves)) < 0.5)
        cuts = rng.integers(0, strengths, size=(turns, 1, curves))
        way = first * (-1) ** (cuts <= np.arange(strengths - 1)[:, None]).sum(axis=0)
        return _placed(rng, np.concatenate([np.zeros((1, curves)), np.cumsum(way * steps, axis=0)]))

    return draw


def convex(rng: Generator, strengths: int, curves: int) -> Table:
    """Curves of increasing steps, with straight stretches."""
    steps = np.sort(np.round(rng.normal(size=(strengths - 1, curves)), 0), axis=0)
    return _placed(rng, np.concatenate([np.zeros((1, curves)), np.cumsum(steps, axis=0)]))


def steep(rng: Generator, strengths: int, curves: int) -> Table:
    """Curves that always go up or down as fast as they may."""
    steps = STEP * rng.choice([-1.0, 1.0], size=(strengths - 1, curves))
    return np.concatenate([np.full((1, curves), 0.5), 0.5 + np.cumsum(steps, axis=0)])


def flat(rng: Generator, strengths: int, curves: int) -> Table:
    """Constants."""
    return np.broadcast_to(rng.random(curves), (strengths, curves)).copy()


def _bounded_slope(band: shapes.Band) -> shapes.Departures:
    steepest = STEP * band.strengths[:, None]
    return shapes.slope(band, -steepest, steepest)


CLASSES: dict[str, ShapeClass] = {
    "rising": ShapeClass(draw=turning(0, 1), judge=lambda band, _: shapes.rising(band, "departing")),
    "falling": ShapeClass(draw=turning(0, -1), judge=lambda band, _: shapes.falling(band, "departing")),
    "bump": ShapeClass(draw=turning(1, 1), judge=lambda band, _: shapes.bump(band, "departing")),
    "U": ShapeClass(draw=turning(1, -1), judge=lambda band, _: shapes.valley(band)),
    "at most 3 turns": ShapeClass(draw=turning(3, 1), judge=lambda band, _: shapes.turns(band, 3)),
    "convex": ShapeClass(draw=convex, judge=lambda band, _: shapes.convex(band)),
    "bounded slope": ShapeClass(draw=steep, judge=lambda band, _: _bounded_slope(band)),
    "plateau": ShapeClass(draw=flat, judge=lambda band, _: shapes.flat(band)),
    "closed form": ShapeClass(draw=turning(3, 1), judge=lambda band, truth: shapes.close(band, truth), shifts=False),
    "bounded value": ShapeClass(
        draw=turning(1, 1),
        judge=lambda band, truth: shapes.between(band, truth.min(axis=0), truth.max(axis=0)),
        shifts=False,
    ),
}


def _gaussian(rng: Generator, truth: Table) -> Float[np.ndarray, "contexts strengths curves"]:
    """Contexts that differ by an offset, and noise at every strength."""
    offsets = rng.normal(0, 0.1, size=(CONTEXTS, 1, truth.shape[1]))
    return truth + offsets + rng.normal(0, 0.05, size=(CONTEXTS, *truth.shape))


def _inclined(rng: Generator, truth: Table) -> Float[np.ndarray, "contexts strengths curves"]:
    """Contexts' own proportions, whose mean is the truth."""
    mean = np.clip(truth, 1e-6, 1 - 1e-6)
    return rng.beta(3 * mean, 3 * (1 - mean), size=(CONTEXTS, *truth.shape))


def _rounded(rng: Generator, truth: Table, level: float):
    del rng, level
    values = truth.astype(np.float32).astype(np.float64)
    halfwidth = rounding_halfwidth(np.float32, 1.0)
    return values - halfwidth, values + halfwidth


BANDS: dict[str, Callable[[Generator, Table, float], tuple[Table, Table]]] = {
    f"t, {CONTEXTS} contexts": lambda rng, truth, level: mean_band(_gaussian(rng, truth), level=level),
    f"t, {CONTEXTS} contexts, centred": lambda rng, truth, level: mean_band(
        centred(_gaussian(rng, truth)) + truth.mean(axis=0), level=level
    ),
    f"betting, {CONTEXTS} contexts": lambda rng, truth, level: bounded_mean_band(_inclined(rng, truth), level=level),
    "Clopper-Pearson, 30 draws": lambda rng, truth, level: proportion_band(rng.binomial(30, truth), 30, level=level),
    f"clustered, {CONTEXTS} contexts of 10": lambda rng, truth, level: clustered_proportion_band(
        rng.binomial(10, _inclined(rng, truth)), 10, level=level
    ),
    "rounding, float32": _rounded,
}


def band_of(kind: str, rng: Generator, truth: Table, level: float) -> Band:
    """The band of one kind of observation of true curves, strengths 0, 1, 2, ..."""
    lower, upper = BANDS[kind](rng, truth, level)
    return Band(strengths=np.arange(len(truth), dtype=float), lower=lower, upper=upper)


SCENES: dict[str, str] = {
    "late fall": "rising",
    "two bumps, a wide valley": "bump",
    "two bumps, one low point": "bump",
}
"""Departures of known size, and the class each departs from."""

GRID = np.linspace(-1, 1, 41)


def departing(scene: str, depth: float) -> Float[np.ndarray, " strengths"]:
    """A curve 30 high that misses its class by a fall, or a dip, of `depth`; at depth 0 it is just a member."""
    if scene == "late fall":
        return 15 * np.tanh(4 * GRID) - depth * np.clip((GRID - 0.7) / 0.2, 0, 1)
    hill = 30 * np.exp(-(np.maximum(np.abs(GRID) - 0.3, 0) ** 2) / 0.02)
    width = 0.16 if "wide" in scene else 0.01
    return hill - depth * (np.abs(GRID) < width)


def replicates(rng: Generator, truth: Float[np.ndarray, " strengths"], n: int, curves: int):
    """`n` contexts of each of many copies: half of the noise is white, half runs smoothly along the strength.

    The mean of the contexts has standard error 1 at every strength, beside an offset of each context, twice as large,
    which moves all strengths together. Shape `[n, strengths, curves]`.
    """
    smooth = np.exp(-((GRID[:, None] - GRID) ** 2) / (2 * 0.2**2))
    factor = np.linalg.cholesky(smooth + 1e-6 * np.eye(len(GRID)))
    noise = rng.normal(size=(2, n, len(GRID), curves))
    own = np.sqrt(n / 2) * (noise[0] + np.einsum("st,ntc->nsc", factor, noise[1]))
    return truth[:, None] + own + 2 * np.sqrt(n) * rng.normal(size=(n, 1, curves))


def exact_band(strengths, values: Table, scale: float) -> Band:
    """The rounding band of values computed in float64."""
    return around(strengths, values, rounding_halfwidth(np.float64, scale))


def _placed(rng: Generator, curves: Table) -> Table:
    """Each curve moved and scaled into a random part of [0, 1]."""
    low, high = np.sort(rng.random((2, curves.shape[1])), axis=0)
    span = np.ptp(curves, axis=0)
    return low + (high - low) * (curves - curves.min(axis=0)) / np.where(span > 0, span, 1.0)
