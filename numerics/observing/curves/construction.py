"""Curves from evaluations: nodes doubled until the error is small enough, intervals halved where that does not do.

All rays go in step, so that what they ask of the model is one batch. Every interval begins with few nodes and with
checks off them; n nodes become 2 n - 1, the old among them, until the error that its coefficients and checks show is
within the tolerance, or until it is rounding that more nodes do not lower. At `MOST` nodes the interval is halved, and
all that is known of it checks its halves. A ray whose budget is spent stays as it is, with the error that it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from numerics.bands.band import rounding_halfwidth
from numerics.observing.curves.pieces import Piece, nodes_between
from numerics.observing.curves.rays import Rays
from numerics.observing.curves.resolution import Resolution, check_places, resolution

CHECKS = 7
"""Evaluations off the nodes of every interval."""

MOST = 257
"""Most nodes of a whole window; beyond, what is sharp is sharp in one place, and halving finds it."""

HALVED = (33, 129)
"""Nodes that a part of a window begins with, and ends with before it is halved in turn."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Built:
    """One ray's pieces in ascending order, the evaluations that they took, and what rounding, and the interpolation by
    itself, were to do to a log-probability at most."""

    pieces: tuple[Piece, ...]
    evaluations: int
    rounding: float
    tolerance: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """An interval of a ray at work: `n` nodes wanted, `values` of those known, and checks (angles and values)."""

    ray: int
    low: float
    high: float
    n: int
    most: int = MOST
    values: Float[np.ndarray, "known d"] | None = None
    angles: Float[np.ndarray, " checks"] = field(default_factory=lambda: np.zeros(0))
    checks: Float[np.ndarray, "checks d"] | None = None
    before: float = np.inf
    """What the checks saw of half as many nodes, or of the whole interval."""

    @property
    def nodes(self) -> Float[np.ndarray, " n"]:
        return nodes_between(self.low, self.high, self.n)

    @property
    def wanted(self) -> Float[np.ndarray, " new"]:
        """Angles to evaluate: nodes that are not known yet, and, the first time, the interval's own checks."""
        return self.nodes[1::2] if self.values is not None else np.concatenate([self.nodes, self._own_checks])

    @property
    def _own_checks(self) -> Float[np.ndarray, " checks"]:
        return (self.low + self.high) / 2 + (self.high - self.low) / 2 * check_places(CHECKS)

    def filled(self, found: Float[np.ndarray, "new d"]) -> "Draft":
        """With what the model gave at the wanted angles."""
        if self.values is None:
            mine, checks = found[: self.n], found[self.n :]
            checks = checks if self.checks is None else np.concatenate([self.checks, checks])
            return replace(self, values=mine, angles=np.concatenate([self.angles, self._own_checks]), checks=checks)
        values = np.empty((self.n, found.shape[1]), found.dtype)
        values[::2], values[1::2] = self.values, found
        return replace(self, values=values)

    @property
    def places(self) -> Float[np.ndarray, " checks"]:
        """The checks' places t in [-1, 1]."""
        return (2 * self.angles - self.low - self.high) / (self.high - self.low)

    def following(self, found: Resolution) -> "tuple[Draft, ...]":
        """What to try next, given what was found of this: twice the nodes, or two halves."""
        seen = replace(self, before=found.seen)
        return (replace(seen, n=2 * self.n - 1),) if self.n < self.most else seen.halves()

    def halves(self) -> "tuple[Draft, Draft]":
        """The two halves, checked by all that is known of the whole."""
        assert self.values is not None
        assert self.checks is not None
        angles, known = np.concatenate([self.nodes, self.angles]), np.concatenate([self.values, self.checks])
        middle = (self.low + self.high) / 2

        def half(low: float, high: float) -> Draft:
            inside = (angles > low) & (angles < high)
            checks = {"angles": angles[inside], "checks": known[inside]}
            least, most = HALVED
            return Draft(ray=self.ray, low=low, high=high, n=least, most=most, before=self.before, **checks)

        return half(self.low, middle), half(middle, self.high)


def construct(
    rays: Rays, windows: Sequence[tuple[float, float]], *, tolerance: float | None, budget: int, rounding: float
) -> list[Built]:
    """One curve a ray, each over its own window of angles; `tolerance` in log-probability (None: the dtype's rounding).

    Of logits within h of exact ones, `h = rounding eps max |logit|`, log-probabilities are within 2 h. No ray takes
    more than `budget` evaluations, but at least those that it begins with.
    """
    drafts = [Draft(ray=ray, low=low, high=high, n=rays.least) for ray, (low, high) in enumerate(windows)]
    pieces: list[list[Piece]] = [[] for _ in windows]
    spent, rounded = [cost(rays, draft) for draft in drafts], [0.0] * len(windows)
    while drafts:
        filled = [draft.filled(x) for draft, x in zip(drafts, evaluated(rays, drafts), strict=True)]
        drafts = []
        for draft in filled:
            ray, values, checks = draft.ray, draft.values, draft.checks
            assert values is not None
            assert checks is not None
            halfwidth = float(rounding_halfwidth(rays.dtype, largest_logit(rays, checks), rounding))
            rounded[ray] = max(rounded[ray], 2 * halfwidth)
            found = resolution(rays.head, values, draft.places, checks)
            done = settled(rays, draft, found, rounded[ray] if tolerance is None else tolerance)
            following = () if done else draft.following(found)
            asked = sum(cost(rays, each) for each in following)
            if following and spent[ray] + asked <= budget:
                spent[ray] += asked
                drafts += following
            else:
                piece = Piece(low=draft.low, high=draft.high, values=values, error=found.error, resolved=done)
                pieces[ray].append(piece)
    return [
        Built(
            pieces=tuple(sorted(mine, key=lambda piece: piece.low)),
            evaluations=spent[ray],
            rounding=rounded[ray],
            tolerance=rounded[ray] if tolerance is None else tolerance,
        )
        for ray, mine in enumerate(pieces)
    ]


def settled(rays: Rays, draft: Draft, found: Resolution, goal: float) -> bool:
    """Whether the error is within the goal, or what is left of it is rounding: flat, small, and no less than before."""
    if found.error <= goal:
        return True
    small = found.last <= rounding_halfwidth(rays.dtype, 1.0, 1.0) ** 0.5
    return found.flat and small and found.seen > draft.before / 2


def cost(rays: Rays, draft: Draft) -> int:
    """How many evaluations an interval asks for next: those at infinite strengths are known."""
    return int(np.isfinite(rays.maps[draft.ray].strength(draft.wanted)).sum())


def evaluated(rays: Rays, drafts: Sequence[Draft]) -> list[Float[np.ndarray, "new d"]]:
    """What the model gives at all that the intervals want, asked for at once."""
    strengths = [rays.maps[draft.ray].strength(draft.wanted) for draft in drafts]
    which = np.repeat([draft.ray for draft in drafts], [len(each) for each in strengths])
    flat = np.concatenate(strengths)
    finite = np.isfinite(flat)
    known = rays.evaluate(flat[finite], which[finite])
    if not (sane := np.isfinite(known.astype(np.float32)).all(axis=1)).all():
        raise ValueError(f"the model gives NaN or infinite values at strength {flat[finite][np.argmin(sane)]:g}")
    x = np.empty((len(flat), known.shape[1]), known.dtype)
    x[finite] = known
    for row in np.flatnonzero(~finite):
        x[row] = rays.limits(which[row])[int(flat[row] > 0)]
    return np.split(x, np.cumsum([len(each) for each in strengths])[:-1])


def largest_logit(rays: Rays, x: Float[np.ndarray, "rows d"]) -> float:
    """The largest logit in size, of every token."""
    return max(float(np.abs(rays.head.logits(x, columns)).max()) for columns in rays.head.slices())
