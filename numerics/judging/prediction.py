"""What a claim says of a curve before it is looked at: whether it applies, where it is judged, what it predicts.

All of it sees the baseline alone. A float64 prediction is itself rounded, so it comes with its own error, which
`numerics.lowering.expressions` states, and never rules a curve out by less.
"""

from enum import IntEnum

import numpy as np
import sympy as sp
from jaxtyping import Bool, Float, Int

from numerics.baseline import Baseline
from numerics.judging.notes import Note, Notes, lacking, note
from numerics.lowering.expressions import is_known, lower, lower_domain
from numerics.lowering.setting import MissingInputError, Settings, settings_of
from theory.claims import ALWAYS, Claim, Close, Turns
from theory.quantities import Along
from theory.tilted import Expr


class TurnSide(IntEnum):
    """Where a turning point is predicted to lie: in the window, beyond its end, before its start, or unknown."""

    INSIDE = 0
    AFTER = 1
    BEFORE = 2
    UNKNOWN = 3


INSIDE, AFTER, BEFORE, UNKNOWN = TurnSide

NOTHING = Baseline(log_probs=np.zeros((1, 1)))
"""For closed forms that read no baseline."""

NEAR_ZERO = 1e-9
"""A domain that keeps this far from 0, on a side at least, is a tail."""

REACH = 2.0 ** np.arange(1, 41)
"""How many times farther out a limit is tried, to say from where on it could be judged."""


def condition_met(
    claim: Claim,
    per: tuple[int, ...],
    known: Settings | None,
    tokens: Int[np.ndarray, " tokens"] | None = None,
    *,
    assume: str | None = None,
) -> tuple[Bool[np.ndarray, "*per"], str]:
    """Where the claim's condition is met, and what had to be assumed to say so ("" for nothing)."""
    if claim.condition == ALWAYS:
        return np.ones(per, bool), ""
    try:
        if known is None:
            raise MissingInputError("log_probs and log_odds")
        met = np.asarray(lower(claim.condition.holds, claim.quantity.per)(known, np.zeros(1), tokens), bool)
        return np.broadcast_to(met[..., 0], per), ""
    except MissingInputError as missing:
        if assume is None:
            raise
        why = assume or lacking(missing.field)[Note.LACKING]
        return np.ones(per, bool), f"taken as met, unchecked ({why}): {claim.condition.name}"


def turning(
    claim: Turns, per: tuple[int, ...], known: Settings | None, tokens: Int[np.ndarray, " tokens"] | None = None
) -> tuple[Int[np.ndarray, "*per"], Int[np.ndarray, "*per"]]:
    """How often each curve may turn and which way it goes first (1 rising, -1 falling).

    Negative or 0 where the law does not say: the claim does not apply there.
    """
    first = {"rising": 1, "falling": -1}.get(claim.first, claim.first)  # pyright: ignore[reportCallIssue, reportArgumentType]
    count, way = (_each(expr, claim, per, known, tokens) for expr in (claim.n, first))
    return count.astype(np.int64), np.sign(way).astype(np.int64)


def _each(expr: Expr, claim: Turns, per: tuple[int, ...], known: Settings | None, tokens) -> Float[np.ndarray, "*per"]:
    expr = sp.sympify(expr)
    if is_known(expr):
        return np.full(per, float(expr))
    if known is None:
        raise MissingInputError("log_probs")
    values = np.asarray(lower(expr, claim.quantity.per)(known, np.zeros(1), tokens))
    return np.broadcast_to(values[..., 0], per)


def turning_side(
    claim: Turns,
    count: Int[np.ndarray, "*per"],
    window: Float[np.ndarray, "2"],
    known: Settings | None,
    tokens: Int[np.ndarray, " tokens"] | None = None,
) -> Int[np.ndarray, "*per"]:
    """Where the turning point of a curve that has one is predicted to lie: the root of `claim.turn`, monotone.

    A claim of one turning point that gives no such equation leaves it unknown; one whose count differs by curve is of
    at most so many, of which a window need not show any.
    """
    inside = np.full(count.shape, INSIDE)
    if claim.turn is None or known is None:
        return np.where(count == 1, UNKNOWN, INSIDE) if is_known(sp.sympify(claim.n)) else inside
    if not (count == 1).any():
        return inside
    try:
        turn = lower(claim.turn, claim.quantity.per)(known, window, tokens)
    except MissingInputError:
        return np.where(count == 1, UNKNOWN, INSIDE)
    start, end = np.moveaxis(np.broadcast_to(turn, (*count.shape, len(window))), -1, 0)
    nearer_end = np.where(np.abs(end) < np.abs(start), AFTER, np.where(np.abs(end) > np.abs(start), BEFORE, UNKNOWN))
    side = np.where(start * end < 0, INSIDE, nearer_end)
    return np.where(count == 1, side, INSIDE)


def judged_strengths(
    claim: Claim, strengths: Float[np.ndarray, " strengths"], known: Settings | None
) -> tuple[Bool[np.ndarray, " strengths"], Notes]:
    """The points of the abscissa that lie in a claim's domain, and what to say if there are none."""
    at = known or settings_of(NOTHING)
    domain = lower_domain(claim.domain, claim.quantity.along)
    inside = np.broadcast_to(np.asarray(domain(at, strengths), bool), strengths.shape)
    if inside.any():
        return inside, {}
    reach = _farther(strengths)
    there = reach[np.broadcast_to(np.asarray(domain(at, reach), bool), reach.shape)]
    return inside, note(Note.OUTSIDE, abscissa=_NAMES[claim.quantity.along], mend=_nearest(there))


def is_limit(claim: Claim, known: Settings | None) -> bool:
    """Whether a claim is of a limit: a `Close` on a tail, a domain that keeps away from strength 0 on a side or both.

    Elsewhere than where its proved remainder is small a limit would hold without having been looked at.
    """
    if not isinstance(claim, Close) or claim.quantity.along != "strength":
        return False
    at = known or settings_of(NOTHING)
    near = np.broadcast_to(np.asarray(lower_domain(claim.domain)(at, np.array([-NEAR_ZERO, 0.0, NEAR_ZERO]))), 3)
    return not near[1] and not (near[0] and near[2])


def limit_reach(claim: Claim, strengths: Float[np.ndarray, " strengths"], known: Settings | None, tolerance) -> Notes:
    """What to say where a limit's remainder is nowhere small enough in the window."""
    assert isinstance(claim, Close)
    at = known or settings_of(NOTHING)
    farther = _farther(strengths)
    sizes = np.asarray(lower(claim.remainder, claim.quantity.per)(at, farther))
    worst = np.broadcast_to(sizes.reshape(-1, sizes.shape[-1]).max(axis=0), farther.shape)
    small = (worst <= tolerance / 2) & np.asarray(lower_domain(claim.domain)(at, farther), bool)
    return note(Note.UNREACHED, half=tolerance / 2, mend=_nearest(farther[small]))


def predicted(
    expr: Expr,
    claim: Claim,
    strengths: Float[np.ndarray, " strengths"],
    per: tuple[int, ...],
    known: Settings | None,
    tokens: Int[np.ndarray, " tokens"] | None = None,
) -> tuple[Float[np.ndarray, "strengths curves"], Float[np.ndarray, "strengths curves"] | float]:
    """A closed form at the judged strengths, `[strengths, curves]`, and the rounding error of that prediction."""
    if known is None:
        if is_known(expr):
            return np.full((len(strengths), int(np.prod(per))), float(expr)), 0.0
        raise MissingInputError("log_probs")
    value = np.asarray(lower(expr, claim.quantity.per)(known, strengths, tokens), np.float64)
    value = np.broadcast_to(value, (*per, len(strengths))).reshape(-1, len(strengths)).T
    if is_known(expr):
        return value, 0.0
    odds = known.baseline.log_odds
    spread = 0.0 if odds is None else np.abs(odds).max()
    error = 1e-12 * (1 + np.abs(value)) + 4 * np.finfo(float).eps * np.abs(strengths)[:, None] * spread
    return value, np.where(np.isfinite(value), error, 0.0)


_NAMES: dict[Along, str] = {"strength": "strength", "log_odds": "log-odds", "rank": "rank"}


def _farther(strengths: Float[np.ndarray, " strengths"]) -> Float[np.ndarray, " farther"]:
    reach = np.abs(strengths).max() * REACH
    return np.concatenate([-reach[::-1], reach])


def _nearest(strengths: Float[np.ndarray, " some"]) -> str:
    if strengths.size == 0:
        return "no strength, however large, would do"
    return f"go as far as {strengths[np.abs(strengths).argmin()]:g}"
