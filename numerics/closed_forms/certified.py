"""Rigorous numerics in ball arithmetic: what is returned is proved for the very floats that were given.

Every number is a ball (python-flint's `arb`) that provably contains the true value. A sign is believed only if its ball
leaves out zero, and precision grows until one does. For vocabularies up to about ten thousand tokens.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from flint import arb, ctx
from jaxtyping import Float

from numerics.arrays import ArrayLike
from numerics.checks import checked_distribution
from numerics.closed_forms.cross_entropy import checked_data, checked_weights, table_shape

PRECISIONS = (64, 128, 256, 512, 1024)
"""Bits tried in turn."""

TIGHT = 2.0**-44
"""Half-width of an enclosure, relative to the strength: tight, yet roots computed in floats with care lie within."""

CROSS_ENTROPY_BITS = 160
"""Precision of cross-entropy: its first-order terms cancel, for |alpha| down to 1e-15 of the reciprocal spread."""

NARROWEST = 2.0**-40
"""Relative width at which the search for turning points gives up: two of them may coincide."""


def certify_peak(log_probs: ArrayLike, log_odds: ArrayLike, token: int) -> tuple[float, float]:
    r"""Two floats that enclose the one strength where a token's probability peaks, about 1e-13 of it apart.

    The peak is the root of sum_y p(y) (M(y) - M(z)) e^{alpha (M(y) - M(z))}, the derivative of a strictly convex
    function of alpha: negative at the lower float and positive at the upper one, both proved. `log_probs` and
    `log_odds`, `[vocab]`, are taken as exact numbers; a common factor of the probabilities does not matter.
    `ValueError` for an extremal token and for one of probability 0, which have no peak.

    >>> lower, upper = certify_peak(np.log([0.25, 0.5, 0.25]), [-1.0, 0.0, 1.0], token=1)
    >>> lower <= 0 <= upper
    True
    """
    distribution, odds = _exact_distribution(log_probs, log_odds)
    if not (isinstance(token, int | np.integer) and 0 <= token < distribution.size):
        raise ValueError(f"token: expected an id from 0 to {distribution.size - 1}, got {token!r}")
    if distribution[token] == -np.inf:
        raise ValueError(f"token: {token} has probability 0, hence no peak")
    own, distribution, odds = odds[token], distribution[distribution > -np.inf], odds[distribution > -np.inf]
    if not odds.min() < own < odds.max():
        raise ValueError(f"token: {token} has extremal log-odds, so its probability never turns")
    with ctx.workprec(PRECISIONS[-1]):
        balls = [(arb(float(p)), arb(float(m)) - arb(float(own))) for p, m in zip(distribution, odds, strict=True)]
    return _enclose(
        lambda strength: _sum(gap * (p + strength * gap).exp() for p, gap in balls),
        _float_root(distribution, odds - own),
        unit=1 / float(np.ptp(odds)),
    )


def certified_turning_points(
    log_probs: ArrayLike, log_odds: ArrayLike, concept: ArrayLike
) -> tuple[tuple[float, float], ...]:
    r"""Enclosures of all strengths, on the whole real line, where the probability F of a set of tokens turns.

    F' = F (1 - F) (mu_C - mu_rest) turns where the tilted means inside and outside the set cross. Both means increase,
    so on an interval their values at its ends bound them; where the derivative of the gap, Var_C - Var_rest, keeps its
    sign there is at most one crossing, and the signs at the ends tell. Beyond the outermost interval the side that
    holds the extreme log-odds has already passed all of the other. No enclosures: F is monotone (or constant).
    `ValueError` if that cannot be proved: both sides hold an extreme, or two turns are closer than can be resolved.
    """
    distribution, odds = _exact_distribution(log_probs, log_odds)
    members = np.asarray(concept)
    if members.dtype != bool or members.shape != distribution.shape:
        raise ValueError(
            f"concept: expected a boolean mask of shape {distribution.shape}, got {members.dtype} {members.shape}"
        )
    occurs = distribution > -np.inf
    if not ((members & occurs).any() and (~members & occurs).any()):
        return ()
    inside, outside = (_Side.of(distribution[side & occurs], odds[side & occurs]) for side in (members, ~members))
    if inside.lowest == outside.lowest or inside.highest == outside.highest:
        raise ValueError("concept: it and the other tokens share an extreme of the log-odds; cannot certify the tails")

    def gap(strength: arb) -> arb:
        return inside.mean(strength) - outside.mean(strength)

    end = 1 / (max(inside.highest, outside.highest) - min(inside.lowest, outside.lowest))
    while not (_overtaken(inside, outside, -end) and _overtaken(inside, outside, end)):
        end *= 2
    found, pending = [], [(-end, end)]
    while pending:
        low, high = pending.pop()
        least, greatest = _gap_bounds(inside, outside, low, high)
        if least > 0 or greatest < 0:
            continue
        if not _gap_slope(inside, outside, low, high).contains(0):
            if _sign(gap, low) != _sign(gap, high):
                found.append(_bisect(gap, low, high, least=2.0**-60 * end))
            continue
        if high - low < NARROWEST * end:
            raise ValueError(f"concept: cannot tell how often it turns near strength {low:g}")
        middle = low + 0.4921875 * (high - low)  # off centre: symmetric distributions turn at 0
        pending += [(middle, high), (low, middle)]
    return tuple(found)


class CertifiedChange(NamedTuple):
    """An enclosure of a cross-entropy change, and the bounds on it, rounded outward."""

    change: tuple[float, float]
    bounds: tuple[float, float]


def certify_cross_entropy(
    log_probs: ArrayLike,
    log_odds: ArrayLike,
    strength: float,
    weights: ArrayLike | None = None,
    data: ArrayLike | None = None,
) -> CertifiedChange:
    r"""Floats that enclose the change in cross-entropy at one strength, and floats beyond which it cannot lie.

        dCE = sum_j pi_j [K_j(alpha) - alpha E_{r_j}[M]],    s alpha <= dCE <= s alpha + R^2 alpha^2/8,
        |dCE - s alpha - C alpha^2/2| <= R^3 |alpha|^3/(36 sqrt 3),    s = dCE'(0), C = dCE''(0), R = Mmax - Mmin

    Arguments as in `cross_entropy_change`, taken as exact numbers; every distribution is normalised in balls. `change`
    proves what is computed, `bounds` (outward) and `change` together the law `cross_entropy_curvature` for this
    instance.

    >>> lower, upper = certify_cross_entropy(np.log([[0.5, 0.5]]), [-1.0, 1.0], 1.0).change
    >>> lower <= math.log(math.cosh(1.0)) <= upper
    True
    """
    contexts, vocab = table_shape(log_probs)
    checked_distribution(log_probs, log_odds)
    checked_weights(weights, contexts)
    distributions, odds = (np.asarray(x, dtype=np.float64) for x in (log_probs, log_odds))
    shares = np.ones(contexts) if weights is None else np.asarray(weights, dtype=np.float64)
    rows = None if data is None else np.asarray(checked_data(data, contexts, vocab))
    with ctx.workprec(CROSS_ENTROPY_BITS):
        alpha, total = arb(float(strength)), _sum(arb(float(w)) for w in shares)
        change = slope = curvature = arb(0)
        for j, (distribution, weight) in enumerate(zip(distributions, shares, strict=True)):
            own, share = _side_of(distribution, odds), arb(float(weight)) / total
            mean = target = own.mean(arb(0))
            if rows is not None:
                target = arb(float(odds[rows[j]])) if rows.ndim == 1 else _side_of(rows[j], odds).mean(arb(0))
            masses = [_sum((p + a * m).exp() for p, m in own.balls) for a in (arb(0), alpha)]
            change += share * ((masses[1] / masses[0]).log() - alpha * target)
            slope += share * (mean - target)
            curvature += share * own.mean(arb(0), mean, 2)
        spread = (arb(float(odds.max())) - arb(float(odds.min()))) * abs(alpha)
        straight, quadratic = slope * alpha, curvature * alpha**2 / 2
        remainder = spread**3 / (36 * arb(3).sqrt())
        lowest, highest = straight + quadratic - remainder, straight + quadratic + remainder
        least = max(_outward(straight)[0], _outward(lowest)[0])
        most = min(_outward(straight + spread**2 / 8)[1], _outward(highest)[1])
        return CertifiedChange(_outward(change), (least, most))


def _outward(ball: arb) -> tuple[float, float]:
    """Floats that enclose a ball."""
    return (
        float(np.nextafter(float(ball.lower()), -np.inf)),
        float(np.nextafter(float(ball.upper()), np.inf)),
    )


class _Side(NamedTuple):
    """The tokens on one side of a concept's edge."""

    balls: list[tuple[arb, arb]]
    lowest: float
    highest: float

    @classmethod
    def of(cls, log_probs: Float[np.ndarray, " side"], odds: Float[np.ndarray, " side"]) -> "_Side":
        balls = [(arb(float(p)), arb(float(m))) for p, m in zip(log_probs, odds, strict=True)]
        return cls(balls, float(odds.min()), float(odds.max()))

    def mean(self, strength: arb, about: arb | float = 0, power: int = 1) -> arb:
        """Tilted mean of (M - about)^power."""
        weighted = [((p + strength * m).exp(), m) for p, m in self.balls]
        return _sum(w * (m - about) ** power for w, m in weighted) / _sum(w for w, _ in weighted)

    def variance(self, low: float, high: float) -> arb:
        """Tilted variance over an interval of strengths, about the mean in its middle."""
        about = self.mean(arb((low + high) / 2)).mid()
        strength = arb(low).union(arb(high))
        return self.mean(strength, about, 2) - self.mean(strength, about) ** 2


def _side_of(log_probs: Float[np.ndarray, " vocab"], odds: Float[np.ndarray, " vocab"]) -> _Side:
    """All tokens that occur."""
    return _Side.of(log_probs[log_probs > -np.inf], odds[log_probs > -np.inf])


def _overtaken(inside: _Side, outside: _Side, strength: float) -> bool:
    """Whether from this strength outwards the side with the extreme log-odds is past every token of the other."""
    alpha = arb(strength)
    if strength > 0:
        ahead, behind = (inside, outside) if inside.highest > outside.highest else (outside, inside)
        return bool(ahead.mean(alpha) > behind.highest)
    ahead, behind = (inside, outside) if inside.lowest < outside.lowest else (outside, inside)
    return bool(ahead.mean(alpha) < behind.lowest)


def _gap_bounds(inside: _Side, outside: _Side, low: float, high: float) -> tuple[arb, arb]:
    """Bounds on the gap of the means over an interval: each mean increases."""
    start, stop = arb(low), arb(high)
    return inside.mean(start) - outside.mean(stop), inside.mean(stop) - outside.mean(start)


def _gap_slope(inside: _Side, outside: _Side, low: float, high: float) -> arb:
    return inside.variance(low, high) - outside.variance(low, high)


def _sum(terms: Iterable[arb]) -> arb:
    return sum(terms, start=arb(0))


def _sign(f: Callable[[arb], arb], strength: float) -> int:
    """The proved sign of f, or 0 if no precision tells it."""
    for bits in PRECISIONS:
        with ctx.workprec(bits):
            value = f(arb(strength))
            if not value.contains(0):
                return 1 if value > 0 else -1
    return 0


def _enclose(f: Callable[[arb], arb], guess: float, unit: float) -> tuple[float, float]:
    """Floats around a guess, TIGHT of it or of the unit away, with f proved negative below and positive above."""
    step = TIGHT * max(abs(guess), unit)
    lower, upper = guess - step, guess + step
    while _sign(f, lower) >= 0:
        lower -= guess - lower
    while _sign(f, upper) <= 0:
        upper += upper - guess
    return lower, upper


def _bisect(f: Callable[[arb], arb], lower: float, upper: float, least: float) -> tuple[float, float]:
    """Narrow an interval over which the sign of f changes to two units in the last place, or to the least width."""
    sign_above = _sign(f, upper)
    while upper - lower > max(2 * np.spacing(max(abs(lower), abs(upper))), least):
        middle = (lower + upper) / 2
        sign = _sign(f, middle)
        if sign == 0:
            break
        lower, upper = (lower, middle) if sign == sign_above else (middle, upper)
    return lower, upper


def _float_root(log_probs: Float[np.ndarray, " vocab"], gaps: Float[np.ndarray, " vocab"]) -> float:
    """Bisection in plain floats, to say where to look."""

    def slope(strength: float) -> float:
        exponents = log_probs + strength * gaps
        return np.exp(exponents - exponents.max()) @ gaps

    direction = -np.sign(slope(0.0))
    near, far = 0.0, direction / np.ptp(gaps)
    while slope(far) * direction < 0:
        near, far = far, 2 * far
    while near != (middle := (near + far) / 2) != far:
        near, far = (middle, far) if slope(middle) * direction < 0 else (near, middle)
    return float(far)


def _exact_distribution(
    log_probs: ArrayLike, log_odds: ArrayLike
) -> tuple[Float[np.ndarray, " vocab"], Float[np.ndarray, " vocab"]]:
    """The inputs as they are, in float64, once they have passed the checks."""
    checked_distribution(log_probs, log_odds)
    distribution = np.asarray(log_probs, dtype=np.float64)
    if distribution.ndim != 1:
        raise ValueError(f"log_probs: expected one distribution, shape (vocab,), got shape {distribution.shape}")
    return distribution, np.asarray(log_odds, dtype=np.float64)
