"""Numbers that the laws predict from the unsteered model beside what steering showed, with the gap between them.

Predictions see the baseline alone; observations are intervals, never bare numbers, and a gap is the distance from the
prediction to the interval. What is known to within a grid, or to rounding, has the width of that. Both sides are of the
same contexts and the same segments, so that no sampling of these stands between them; what other text would show is not
said: no interval for the mean of an unbounded quantity holds whatever its distribution.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import log_softmax

from numerics.bands.band import Band
from numerics.bands.peak_intervals import peak_intervals
from numerics.baseline import Baseline
from numerics.closed_forms.cross_entropy_shape import cross_entropy_shape
from numerics.closed_forms.peaks import peak_strengths
from numerics.closed_forms.validity import validity_radius
from numerics.observing.sweep import Sweep
from theory.quantities import CONCEPT_LOGIT, LOG_PROBABILITY

TOLERANCES = (0.1, 1.0)
"""In nats: how far a token's log-probability may be from the local tilt within a validity radius."""

Sense = Literal["equal", "at least", "at most"]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One quantity: medians over its `count` cases of the prediction and of the observed bounds, and how far apart.

    `gap` is the median of the distances from prediction to observed interval, `largest` the largest of them; for a
    prediction `at least` or `at most` so much, it is how far the interval lies beyond. None: the laws give no number.
    """

    quantity: str
    unit: str
    sense: Sense
    predicted: float | None
    lower: float
    upper: float
    gap: float | None
    largest: float | None
    count: int


def gaps(sweep: Sweep, baseline: Baseline) -> list[Gap]:
    """Every predicted number that this sweep shows: of tokens and concepts, or of cross-entropy."""
    found: list[Gap | None] = []
    if "log_probability" in sweep.data and baseline.log_odds is not None:
        found += [_peaks(sweep, baseline, local=local) for local in (False, True)]
        found += [*(_validity(sweep, baseline, nats) for nats in TOLERANCES), _concept_slope(sweep, baseline)]
    if "cross_entropy" in sweep.data and baseline.log_odds is not None:
        found += _cross_entropy(sweep, baseline)
    return [gap for gap in found if gap is not None]


def _gap(quantity: str, unit: str, predicted, lower, upper, sense: Sense = "equal") -> Gap | None:
    """Medians over the cases in which all three are finite; None where there is no such case."""
    predicted, lower, upper = np.broadcast_arrays(*(np.ravel(np.asarray(x, float)) for x in (predicted, lower, upper)))
    seen = np.isfinite(predicted) & np.isfinite(lower) & np.isfinite(upper)
    if not seen.any():
        return None
    below = lower - predicted if sense != "at least" else np.zeros_like(lower)
    above = predicted - upper if sense != "at most" else np.zeros_like(upper)
    away = np.maximum(0.0, np.maximum(below, above))[seen]
    middle = [float(np.median(x[seen])) for x in (predicted, lower, upper)]
    return Gap(
        quantity=quantity,
        unit=unit,
        sense=sense,
        predicted=middle[0],
        lower=middle[1],
        upper=middle[2],
        gap=float(np.median(away)),
        largest=float(away.max()),
        count=int(seen.sum()),
    )


def _peaks(sweep: Sweep, baseline: Baseline, *, local: bool) -> Gap | None:
    """Where the likeliest of the watched tokens peak: E_alpha[M] = M(z), against roots of their exact slopes."""
    known = baseline.local_log_odds if local else baseline.log_odds
    if "slope_peak_lower" not in sweep.data or known is None:
        return None
    tokens, odds = sweep.data["token"].to_numpy(), np.broadcast_to(known, baseline.log_probs.shape)
    predicted = [np.asarray(peak_strengths(p, m))[tokens] for p, m in zip(baseline.log_probs, odds, strict=True)]
    lower, upper = (
        sweep.data[f"slope_peak_{end}"].transpose("context", "token").to_numpy() for end in ("lower", "upper")
    )
    by = "derivative at 0" if local else "log-odds of the concept"
    return _gap(f"peak of a likely token, by the {by}", "strength", predicted, lower, upper)


def _validity(sweep: Sweep, baseline: Baseline, tolerance: float) -> Gap | None:
    """Up to which strength, on either side, the watched tokens follow the tilt by the logits' derivative at 0.

    Where the curvature of the logits is bounded, at least sqrt(2 tolerance/kappa), where the bound of law `local_tilt`
    passes the tolerance.
    """
    if baseline.local_log_odds is None:
        return None
    strengths, tokens = sweep.strengths, sweep.data["token"].to_numpy()
    seen = sweep.curves(LOG_PROBABILITY)
    curves, lower, upper = (seen.lower + seen.upper) / 2, [], []
    for log_probs, odds, curve in zip(baseline.log_probs, baseline.local_log_odds, curves, strict=True):
        tilt = log_softmax(log_probs + strengths[:, None] * odds, axis=1)[:, tokens].T
        away = np.abs(curve - tilt).max(axis=0)
        for side in (strengths >= 0, strengths <= 0):
            outwards = np.argsort(np.abs(strengths[side]))
            reach = np.abs(strengths[side])[outwards]
            lower.append(validity_radius(reach, away[side][outwards], tolerance))
            upper.append(reach[min(np.searchsorted(reach, lower[-1]) + 1, reach.size - 1)])
    name = f"validity radius of the local tilt, {tolerance:g} nats"
    if (kappa := baseline.logit_curvature) is not None:
        farthest = np.abs(strengths).max()
        least = np.sqrt(2 * tolerance / max(kappa, 2 * tolerance / farthest**2))  # of what the window shows
        return _gap(name, "strength", least, lower, upper, "at least")
    found = _gap(name, "strength", 0.0, lower, upper, "at least")
    return found and replace(found, predicted=None, gap=None, largest=None)


def _concept_slope(sweep: Sweep, baseline: Baseline) -> Gap | None:
    """The steepest rise or fall of a concept's logit, at most M_max - M_min (law `concept_logistic`)."""
    if "concept_logit" not in sweep.data or baseline.log_odds is None:
        return None
    curves, steps = sweep.curves(CONCEPT_LOGIT), np.diff(sweep.strengths)
    h = (curves.upper - curves.lower).max() / steps.min()
    steepest = np.abs(np.diff((curves.lower + curves.upper) / 2, axis=-1) / steps).max(axis=-1)
    bound = np.ptp(baseline.log_odds)
    name = "steepest slope of a concept's logit"
    return _gap(name, "nats/strength", bound, steepest - h, steepest + h, "at most")


def _cross_entropy(sweep: Sweep, baseline: Baseline) -> Iterator[Gap | None]:
    """Slope and curvature at 0 and the minimiser: of these segments, or of data known in distribution.

    The derivatives at 0 are those of the quartic through five strengths, give or take how far apart it and the
    parabolas through the inner and the outer three are, which overstates its error.
    """
    strengths, zero = sweep.strengths, np.flatnonzero(sweep.strengths == 0)
    value, halfwidth, share = sweep.cross_entropy()
    losses, rounding, weights = (
        value.transpose("segment", "strength").to_numpy(),
        halfwidth.to_numpy(),
        share.to_numpy(),
    )
    if zero.size == 0 or not 2 <= zero[0] < len(strengths) - 2:
        return
    shape = cross_entropy_shape(baseline.log_probs, baseline.log_odds, baseline.weights, baseline.data)  # pyright: ignore
    for order, predicted in ((1, shape.slope), (2, shape.curvature)):
        near, far, both = ([zero[0] + n for n in points] for points in ([-1, 0, 1], [-2, 0, 2], [-2, -1, 0, 1, 2]))
        (inner, _), (outer, _), (quartic, width) = (
            _derivative(strengths[at], losses[:, at], rounding[at], order) for at in (near, far, both)
        )
        apart = np.abs(weights @ (outer - inner)) + np.abs(weights @ (outer - quartic))
        middle, halfwidth = weights @ quartic, width + apart
        name, unit = ("slope", "nats/strength") if order == 1 else ("curvature", "nats/strength^2")
        yield _gap(f"{name} of cross-entropy at 0", unit, predicted, middle - halfwidth, middle + halfwidth)
    middle = (weights @ losses)[:, None]
    (found,) = peak_intervals(
        -Band(strengths=strengths, lower=middle - rounding[:, None], upper=middle + rounding[:, None])
    )
    window = strengths[[0, -1]]
    yield _gap("minimiser of cross-entropy", "strength", np.clip(shape.minimiser, *window), *np.clip(found, *window))


def _derivative(strengths, losses, rounding, order: int):
    """Each segment's derivative at 0 of the polynomial through some strengths, and the rounding of it."""
    scale = np.abs(strengths).max()
    powers = np.vander(strengths / scale, increasing=True).T
    weight = np.linalg.solve(powers, math.factorial(order) * np.eye(len(powers))[order]) / scale**order
    return losses @ weight[:, None], np.abs(weight) @ rounding[:, None]
