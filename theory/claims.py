"""What a law says about curves: three small kinds of claim, each over a domain of strengths.

`Close`: the quantity equals a closed form up to a proved remainder. `Turns`: it has at most n turning points.
`Bounded`: it, or a derivative of it, stays between two bounds. Values, remainders, bounds, domains and conditions are
SymPy expressions in the atoms of `theory.tilted`, which is all that is known before steering, and in the variable that
the quantity's curves run along (`theory.quantities.ABSCISSA`).
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
    """`|quantity(alpha) - value(alpha)| <= remainder(alpha)` for every strength in the domain."""

    says: str
    quantity: Quantity
    value: sp.Expr
    remainder: sp.Expr = sp.S.Zero
    domain: sp.Set = sp.S.Reals
    condition: Condition = ALWAYS


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


@dataclass(frozen=True, kw_only=True)
class Bounded:
    """`lower <= d^k quantity / d alpha^k <= upper` on the domain, `k = derivative`; a missing bound is None."""

    says: str
    quantity: Quantity
    lower: sp.Expr | None = None
    upper: sp.Expr | None = None
    derivative: int = 0
    domain: sp.Set = sp.S.Reals
    condition: Condition = ALWAYS


Claim = Close | Turns | Bounded
