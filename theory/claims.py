"""What a law says about curves: three small kinds of claim, each over a domain of strengths.

`Close`: the quantity, or a derivative of it, equals a closed form up to a proved remainder. `Turns`: the quantity has
at most n turning points. `Bounded`: it, or a derivative of it, stays between two bounds. Values, remainders, bounds,
domains and conditions are SymPy expressions in the atoms of `theory.tilted`, which is all that is known before
steering, and in the variable that the quantity's curves run along (`theory.quantities.ABSCISSA`).
"""

from dataclasses import dataclass
from typing import Literal

import sympy as sp

from theory.quantities import Quantity


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What must be so, before steering, for a claim to apply; unmet, the verdict is `not_applicable` and names it.

    `holds` is a SymPy Boolean in the atoms (one truth value per token, context or concept), or a `Symbol` naming a
    fact about the model that it states of itself (`pre_norm`).
    """

    name: str
    holds: sp.Basic


ALWAYS = Condition(name="none", holds=sp.true)


@dataclass(frozen=True, kw_only=True)
class Close:
    """`|d^k quantity/d alpha^k - value(alpha)| <= remainder(alpha)` on the domain, `k = derivative` (0: the quantity).

    A derivative is never differenced: the observed curve is held against the integral of `value`, which is taken by
    quadrature unless an `integral` is given, an expression whose k-th derivative `value` is. `proof` names the steps of
    the derivation that state the claim, as of every kind of claim; they state of an integral that it is one.
    """

    says: str
    quantity: Quantity
    value: sp.Expr
    remainder: sp.Expr = sp.S.Zero
    derivative: int = 0
    integral: sp.Expr | None = None
    domain: sp.Set = sp.S.Reals
    condition: Condition = ALWAYS
    proof: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_derivative(self)
        if self.integral is not None and not self.derivative:
            raise ValueError(f"{self.says}: integral: expected of a derivative alone, got one of the quantity itself")


@dataclass(frozen=True, kw_only=True)
class Turns:
    """The quantity has at most `n` turning points on the domain, rising or falling `first`.

    Monotone is `n = 0`; a bump is `n = 1, first = "rising"`; a U is `n = 1, first = "falling"`. Where they differ from
    curve to curve, `n` and `first` (positive: rising, negative: falling) are expressions in atoms. `turn`, where the
    law gives one, is the equation `turn = 0` that the turning point solves; its root, predicted before steering, says
    on which side of a window a turning point lies that the window does not show.
    """

    says: str
    quantity: Quantity
    n: int | sp.Expr
    first: Literal["rising", "falling"] | sp.Expr
    turn: sp.Expr | None = None
    domain: sp.Set = sp.S.Reals
    condition: Condition = ALWAYS
    proof: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Bounded:
    """`lower <= d^k quantity/d alpha^k <= upper` on the domain, `k = derivative`; a missing bound is None."""

    says: str
    quantity: Quantity
    lower: sp.Expr | None = None
    upper: sp.Expr | None = None
    derivative: int = 0
    domain: sp.Set = sp.S.Reals
    condition: Condition = ALWAYS
    proof: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_derivative(self)


Claim = Close | Turns | Bounded

MOST_DERIVATIVES = 2
"""Highest derivative that the comparator holds a curve against."""


def _check_derivative(claim: Close | Bounded) -> None:
    """A derivative is of order 1 or 2, and on one interval: how a curve moves across a gap is not known."""
    order = claim.derivative
    if order not in range(MOST_DERIVATIVES + 1):
        raise ValueError(f"{claim.says}: derivative: expected 0 to {MOST_DERIVATIVES}, got {order}")
    if order and not isinstance(claim.domain, sp.Interval | type(sp.S.Reals)):
        raise ValueError(
            f"{claim.says}: a claim about a derivative needs one interval as its domain, got {claim.domain}"
        )
